-- How far a copy into this file is, table by table. Rows are here from its beginning to its end, and nobody is served
-- meanwhile.
CREATE TABLE copying (
    name     TEXT PRIMARY KEY,
    source   TEXT NOT NULL, -- what tells the store that is copied from others
    document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Marks that readers of the feed leave in its history. Whoever finds theirs again knows that the file is still the one
-- they have read, and has not been put back to an earlier time.
CREATE TABLE mark (
    mark BLOB PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_at ON mark (at);
