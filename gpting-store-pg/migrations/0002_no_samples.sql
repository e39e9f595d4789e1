-- ANALYZE keeps samples of every column in pg_statistic, for as long as nobody analyses the table again, and for ever
-- when the table is empty by then. What people wrote must not outlive its row, so none of it is sampled. No statement
-- needs these statistics: documents and texts are never searched, names and addresses only by indexes.

ALTER TABLE member
    ALTER COLUMN host SET STATISTICS 0,
    ALTER COLUMN source SET STATISTICS 0,
    ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE pair ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE message
    ALTER COLUMN text SET STATISTICS 0,
    ALTER COLUMN client_msg_id SET STATISTICS 0;
ALTER TABLE report ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE job ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE outbox ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE account
    ALTER COLUMN username SET STATISTICS 0,
    ALTER COLUMN email SET STATISTICS 0,
    ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE session ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE pending
    ALTER COLUMN email SET STATISTICS 0,
    ALTER COLUMN document SET STATISTICS 0;
