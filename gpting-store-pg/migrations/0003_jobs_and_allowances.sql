-- Jobs have kinds and dead letters, sessions an end, and limits are counted.
--
-- The build before this one goes on beside it: a new column has a value when that build writes the row, and what it reads
-- it finds. A dead letter is due at no time, so it takes none of them.

ALTER TABLE job
    ADD COLUMN kind text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
        CASE document -> 'task' ->> 'type'
            WHEN 'own' THEN document -> 'task' ->> 'kind'
            ELSE document -> 'task' ->> 'type'
        END
    ) STORED,
    ADD COLUMN dead_at bigint;
CREATE INDEX job_dead ON job (id) WHERE dead_at IS NOT NULL;

-- When a session ends unless a token is refreshed before. Rows of the build before end when their life does: 30 days.
ALTER TABLE session ADD COLUMN ends_at bigint;
CREATE INDEX session_end ON session ((coalesce(ends_at, created_at + 2592000000000)));

-- When each allowance is full again, in microseconds since 1970. Keys are hashes under a secret of the deployment.
CREATE TABLE allowance (
    key     bytea  PRIMARY KEY,
    full_at bigint NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX allowance_full_at ON allowance (full_at);
