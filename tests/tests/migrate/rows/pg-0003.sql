-- Rows as a program on this schema writes them: a dead letter, the end of a session, an allowance.

INSERT INTO job (id, version, run_at, dead_at, document) VALUES
    (52, 40, 9223372036854775807, 1790000100000000, '{"id": 52, "task": {"type": "delete_blobs", "keys": ["5d/x.jpg"]}, "run_at": "2026-09-21T14:13:50Z", "attempts": 20, "failure": {"at": "2026-09-21T14:15:00Z", "code": "internal", "what": "a picture could not be deleted"}, "dead_at": "2026-09-21T14:15:00Z"}');

UPDATE session SET ends_at = 1791209601000000 WHERE id = 61;

INSERT INTO allowance (key, full_at) VALUES ('\x000102030405060708090a0b0c0d0e0f', 1790000200000000);
