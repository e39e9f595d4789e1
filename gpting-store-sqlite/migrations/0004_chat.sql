-- What live chat needs: messages taken back and hidden, marks the partner may not see, muted rooms, rooms by when they
-- were opened, tickets for sockets, and which log this is.

ALTER TABLE message ADD COLUMN unsent INTEGER;
CREATE INDEX message_unsent ON message (room, unsent) WHERE unsent IS NOT NULL;

CREATE TABLE message_hidden (
    room   INTEGER NOT NULL REFERENCES room (id) ON DELETE CASCADE,
    member INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (room, member, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_hidden_member ON message_hidden (member);

-- Without a value in `shown` the partner may see all of the mark, as marks of before and of earlier builds.
ALTER TABLE read_mark ADD COLUMN shown INTEGER;
ALTER TABLE read_mark ADD COLUMN muted INTEGER NOT NULL DEFAULT 0;

-- The how manieth opening of a room it was, counted in `state.openings`.
ALTER TABLE room ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE room ADD COLUMN opening INTEGER NOT NULL DEFAULT 0;
CREATE INDEX room_opening ON room (opening);
ALTER TABLE state ADD COLUMN openings INTEGER NOT NULL DEFAULT 0;

CREATE TABLE ticket (
    hash       TEXT PRIMARY KEY,
    member     INTEGER NOT NULL,
    session    INTEGER,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_expires_at ON ticket (expires_at);
CREATE INDEX ticket_member ON ticket (member);

-- Tells this log from others, below 2^53.
ALTER TABLE state ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
UPDATE state SET epoch = 1 + abs(random() % 9007199254740990);
