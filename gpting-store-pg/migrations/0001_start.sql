-- The first schema. Names carry no schema: migrations run with the store's own schema as the whole search path.
--
-- Times are microseconds since 1970 (UTC), as in the embedded store. Documents are the domain types as JSON; what is
-- searched or sorted by stands beside them in columns. Texts that are compared have collation "C": an index on them
-- survives an upgrade of the operating system's locales.

CREATE TABLE member (
    id       bigint PRIMARY KEY,
    version  bigint NOT NULL,
    host     text COLLATE "C",
    source   text COLLATE "C",
    -- The transaction that changed the row last: the feed reads in this order, up to the oldest one still writing.
    change   xid8   NOT NULL DEFAULT pg_current_xact_id(),
    document jsonb  NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX member_host ON member (host) WHERE host IS NOT NULL;
CREATE UNIQUE INDEX member_source ON member (source) WHERE source IS NOT NULL;
CREATE INDEX member_change ON member (change, id);

-- Who is gone, for those who read the feed. The one place where the id of an erased member stays, for a day.
CREATE TABLE erased (
    member bigint PRIMARY KEY,
    change xid8   NOT NULL DEFAULT pg_current_xact_id(),
    at     bigint NOT NULL
);
CREATE INDEX erased_change ON erased (change, member);
CREATE INDEX erased_at ON erased (at);

CREATE TABLE pair (
    low            bigint NOT NULL,
    high           bigint NOT NULL,
    version        bigint NOT NULL,
    friend_request bigint,
    document       jsonb  NOT NULL,
    PRIMARY KEY (low, high),
    CHECK (low < high)
) WITH (fillfactor = 80);
CREATE INDEX pair_high ON pair (high);
CREATE INDEX pair_friend_request ON pair (friend_request) WHERE friend_request IS NOT NULL;

-- Who stands in whose list: exactly the listings of each pair, written together with it.
CREATE TABLE pair_list (
    member bigint   NOT NULL,
    other  bigint   NOT NULL,
    list   smallint NOT NULL,
    at     bigint   NOT NULL,
    PRIMARY KEY (member, other, list)
);
CREATE INDEX pair_list_page ON pair_list (member, list, at DESC, other DESC);

-- No column that an append changes is indexed, so that appends stay within the row's page.
CREATE TABLE room (
    id             bigint PRIMARY KEY,
    version        bigint NOT NULL,
    low            bigint NOT NULL,
    high           bigint NOT NULL,
    created_at     bigint NOT NULL,
    last_seq       bigint NOT NULL,
    closed_at      bigint,
    hidden_through bigint NOT NULL,
    -- What room lists are sorted by: the time of the newest message that is not hidden, else of the opening.
    activity       bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX room_low ON room (low);
CREATE INDEX room_high ON room (high);

CREATE TABLE message (
    room          bigint NOT NULL,
    seq           bigint NOT NULL,
    id            bigint NOT NULL,
    sender        bigint NOT NULL,
    text          text   NOT NULL,
    at            bigint NOT NULL,
    client_msg_id uuid,
    PRIMARY KEY (room, seq)
);
CREATE UNIQUE INDEX message_resend ON message (room, sender, client_msg_id) WHERE client_msg_id IS NOT NULL;

CREATE TABLE read_mark (
    room   bigint NOT NULL,
    member bigint NOT NULL,
    seq    bigint NOT NULL,
    PRIMARY KEY (room, member)
) WITH (fillfactor = 70);

CREATE TABLE impression (
    viewer    bigint NOT NULL,
    candidate bigint NOT NULL,
    first_at  bigint NOT NULL,
    last_at   bigint NOT NULL,
    shows     bigint NOT NULL,
    PRIMARY KEY (viewer, candidate)
) WITH (fillfactor = 80);
CREATE INDEX impression_candidate ON impression (candidate);

CREATE TABLE report (
    id         bigint PRIMARY KEY,
    version    bigint NOT NULL,
    reporter   bigint NOT NULL,
    subject    bigint NOT NULL,
    closed_at  bigint,
    keep_until bigint NOT NULL,
    document   jsonb  NOT NULL
);
CREATE INDEX report_reporter ON report (reporter, subject);
CREATE UNIQUE INDEX report_open ON report (reporter, subject) WHERE closed_at IS NULL;
CREATE INDEX report_keep_until ON report (keep_until);

CREATE TABLE job (
    id       bigint PRIMARY KEY,
    version  bigint NOT NULL,
    run_at   bigint NOT NULL,
    document jsonb  NOT NULL
);
CREATE INDEX job_run_at ON job (run_at, id);

CREATE TABLE outbox (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document jsonb  NOT NULL
);

-- Accounts stay empty when the host application keeps the logins.

CREATE TABLE account (
    member   bigint PRIMARY KEY,
    version  bigint NOT NULL,
    username text   COLLATE "C" NOT NULL,
    email    text   COLLATE "C" NOT NULL,
    document jsonb  NOT NULL
);
CREATE UNIQUE INDEX account_username ON account (username);
CREATE UNIQUE INDEX account_email ON account (email);

CREATE TABLE session (
    id         bigint PRIMARY KEY,
    version    bigint NOT NULL,
    member     bigint NOT NULL,
    created_at bigint NOT NULL,
    document   jsonb  NOT NULL
);
CREATE INDEX session_member ON session (member, created_at DESC, id DESC);

CREATE TABLE pending (
    id         bigint PRIMARY KEY,
    version    bigint NOT NULL,
    email      text   COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    document   jsonb  NOT NULL
);
CREATE INDEX pending_email ON pending (email, created_at DESC, id DESC);
CREATE INDEX pending_created_at ON pending (created_at);
