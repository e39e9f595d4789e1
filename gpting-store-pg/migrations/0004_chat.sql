-- What live chat needs: messages taken back and hidden, marks the partner may not see, muted rooms, rooms by when they
-- were opened, tickets for sockets, and which log this is.

ALTER TABLE message ADD COLUMN unsent bigint;
CREATE INDEX message_unsent ON message (room, unsent) WHERE unsent IS NOT NULL;

CREATE TABLE message_hidden (
    room   bigint NOT NULL,
    member bigint NOT NULL,
    seq    bigint NOT NULL,
    PRIMARY KEY (room, member, seq)
);

-- Without a value in `shown` the partner may see all of the mark, as marks of before and of earlier builds.
ALTER TABLE read_mark
    ADD COLUMN shown bigint,
    ADD COLUMN muted smallint NOT NULL DEFAULT 0;

-- `opened_at` is the database's own clock: readers ask for what was opened in the last seconds.
ALTER TABLE room
    ADD COLUMN revision  bigint NOT NULL DEFAULT 0,
    ADD COLUMN opened_at bigint NOT NULL DEFAULT 0;
CREATE INDEX room_opened_at ON room (opened_at);

CREATE TABLE ticket (
    hash       text   COLLATE "C" PRIMARY KEY,
    member     bigint NOT NULL,
    session    bigint,
    expires_at bigint NOT NULL
);
CREATE INDEX ticket_expires_at ON ticket (expires_at);
CREATE INDEX ticket_member ON ticket (member);

CREATE TABLE log (
    one   boolean PRIMARY KEY CHECK (one),
    epoch bigint  NOT NULL
);
INSERT INTO log (one, epoch) VALUES (true, 1 + floor(random() * 9007199254740990)::bigint);
