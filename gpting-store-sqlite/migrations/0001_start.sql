-- The whole schema. One table per noun: its key, the columns that something is looked up by, and, where the domain
-- type is a document, its JSON. Times are whole microseconds since 1970. Versions start at 1.

-- One row of bookkeeping.
CREATE TABLE state (
    one           INTEGER PRIMARY KEY CHECK (one = 1),
    feed_position INTEGER NOT NULL, -- the newest member.change or erased.change ever given
    scrub_due     INTEGER NOT NULL  -- 1 from an erasure until the file has been rewritten without what it erased
) STRICT;
INSERT INTO state (one, feed_position, scrub_due) VALUES (1, 0, 0);

CREATE TABLE member (
    id       INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    change   INTEGER NOT NULL UNIQUE, -- place in the feed of changed members
    host     TEXT UNIQUE,
    source   TEXT UNIQUE,
    document TEXT NOT NULL
) STRICT;

-- Who is gone, for readers of the feed. The one place where the id of an erased member is kept, for a day.
CREATE TABLE erased (
    member INTEGER PRIMARY KEY,
    change INTEGER NOT NULL UNIQUE,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX erased_at ON erased (at);

-- Whoever is put again is not gone any more.
CREATE TRIGGER member_again AFTER INSERT ON member BEGIN
    DELETE FROM erased WHERE member = NEW.id;
END;

CREATE TABLE pair (
    low      INTEGER NOT NULL,
    high     INTEGER NOT NULL CHECK (low < high),
    version  INTEGER NOT NULL,
    request  INTEGER, -- id of the friend request that waits
    document TEXT NOT NULL,
    PRIMARY KEY (low, high)
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_high ON pair (high);
CREATE UNIQUE INDEX pair_request ON pair (request) WHERE request IS NOT NULL;

-- Pair::listings(), by PairList::number(). The key is the order of the lists.
CREATE TABLE pair_list (
    member INTEGER NOT NULL,
    list   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    other  INTEGER NOT NULL,
    low    INTEGER NOT NULL,
    high   INTEGER NOT NULL,
    PRIMARY KEY (member, list, at, other),
    FOREIGN KEY (low, high) REFERENCES pair (low, high) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX pair_list_pair ON pair_list (low, high);

-- To whom whom was shown.
CREATE TABLE impression (
    viewer    INTEGER NOT NULL,
    candidate INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    shows     INTEGER NOT NULL,
    PRIMARY KEY (viewer, candidate)
) STRICT, WITHOUT ROWID;
CREATE INDEX impression_candidate ON impression (candidate);

CREATE TABLE room (
    id             INTEGER PRIMARY KEY,
    version        INTEGER NOT NULL,
    low            INTEGER NOT NULL,
    high           INTEGER NOT NULL CHECK (low < high),
    created_at     INTEGER NOT NULL,
    last_seq       INTEGER NOT NULL,
    closed_at      INTEGER,
    hidden_through INTEGER NOT NULL,
    activity       INTEGER NOT NULL -- time of the newest visible message, else created_at: what lists are sorted by
) STRICT;
CREATE INDEX room_low ON room (low, closed_at, activity, id);
CREATE INDEX room_high ON room (high, closed_at, activity, id);

CREATE TABLE message (
    room          INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    seq           INTEGER NOT NULL,
    id            INTEGER NOT NULL,
    sender        INTEGER NOT NULL,
    text          TEXT NOT NULL,
    at            INTEGER NOT NULL,
    client_msg_id BLOB,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX message_client_msg_id ON message (room, sender, client_msg_id) WHERE client_msg_id IS NOT NULL;

CREATE TABLE read_mark (
    room   INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    member INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (room, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_mark_member ON read_mark (member);

CREATE TABLE report (
    id         INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL,
    reporter   INTEGER NOT NULL,
    subject    INTEGER NOT NULL,
    closed_at  INTEGER,
    keep_until INTEGER NOT NULL,
    document   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX report_open ON report (reporter, subject) WHERE closed_at IS NULL;
CREATE INDEX report_reporter ON report (reporter);
CREATE INDEX report_keep_until ON report (keep_until);

CREATE TABLE job (
    id       INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    run_at   INTEGER NOT NULL,
    document TEXT NOT NULL
) STRICT;
CREATE INDEX job_run_at ON job (run_at, id);

-- What the host has not been told yet. AUTOINCREMENT, so that a number is never given twice.
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event  TEXT NOT NULL
) STRICT;

CREATE TABLE account (
    member   INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    username TEXT NOT NULL UNIQUE,
    email    TEXT NOT NULL UNIQUE, -- canonical
    document TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL,
    member     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    document   TEXT NOT NULL
) STRICT;
CREATE INDEX session_member ON session (member, created_at, id);

CREATE TABLE pending (
    id         INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL,
    email      TEXT NOT NULL, -- canonical
    created_at INTEGER NOT NULL,
    document   TEXT NOT NULL
) STRICT;
CREATE INDEX pending_email ON pending (email, created_at, id);
CREATE INDEX pending_created_at ON pending (created_at);
