-- What models made for members, for requests to read: by whom it is for, what for, and whom it is about (0: nobody).
CREATE TABLE made (
    member     INTEGER NOT NULL,
    errand     INTEGER NOT NULL,
    other      INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    document   TEXT    NOT NULL,
    PRIMARY KEY (member, errand, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX made_other ON made (other) WHERE other <> 0;
CREATE INDEX made_keep_until ON made (keep_until);

-- The record of what models were asked, without content.
CREATE TABLE assist_call (
    id         INTEGER PRIMARY KEY,
    member     INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    document   TEXT    NOT NULL
) STRICT;
CREATE INDEX assist_call_member ON assist_call (member, at, id);
CREATE INDEX assist_call_keep_until ON assist_call (keep_until);
