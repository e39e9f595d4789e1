-- How far a copy into this schema is, table by table. Rows are here from its beginning to its end, and nobody is served
-- meanwhile.
CREATE TABLE copying (
    name     text  COLLATE "C" PRIMARY KEY,
    source   text  NOT NULL, -- what tells the store that is copied from others
    document jsonb NOT NULL
);

-- Marks that readers of the feed leave in its history. Whoever finds theirs again knows that the database is still the
-- one they have read, and has not been put back to an earlier time, nor into another server, whose transactions are
-- numbered otherwise.
CREATE TABLE mark (
    mark   bytea  PRIMARY KEY,
    server bigint NOT NULL,
    at     bigint NOT NULL
);
CREATE INDEX mark_at ON mark (at);
