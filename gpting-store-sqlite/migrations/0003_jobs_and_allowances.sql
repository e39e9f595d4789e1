-- Jobs have kinds and dead letters, sessions an end, and limits are counted.

ALTER TABLE job ADD COLUMN kind TEXT GENERATED ALWAYS AS (
    iif(json_extract(document, '$.task.type') = 'own',
        json_extract(document, '$.task.kind'), json_extract(document, '$.task.type'))
) VIRTUAL;
ALTER TABLE job ADD COLUMN dead_at INTEGER;
CREATE INDEX job_dead ON job (id) WHERE dead_at IS NOT NULL;

-- When a session ends unless a token is refreshed before; for rows that were there, when their life does: 30 days.
ALTER TABLE session ADD COLUMN ends_at INTEGER;
UPDATE session SET ends_at = created_at + 2592000000000;
CREATE INDEX session_end ON session (ends_at);

-- When each allowance is full again. Keys are hashes under a secret of the deployment.
CREATE TABLE allowance (
    key     BLOB PRIMARY KEY,
    full_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX allowance_full_at ON allowance (full_at);
