-- What models made for members, for requests to read: by whom it is for, what for, and whom it is about (0: nobody).
CREATE TABLE made (
    member     bigint NOT NULL,
    errand     bigint NOT NULL,
    other      bigint NOT NULL,
    keep_until bigint NOT NULL,
    document   jsonb  NOT NULL,
    PRIMARY KEY (member, errand, other)
);
CREATE INDEX made_other ON made (other) WHERE other <> 0;
CREATE INDEX made_keep_until ON made (keep_until);

-- The record of what models were asked, without content.
CREATE TABLE assist_call (
    id         bigint PRIMARY KEY,
    member     bigint NOT NULL,
    at         bigint NOT NULL,
    keep_until bigint NOT NULL,
    document   jsonb  NOT NULL
);
CREATE INDEX assist_call_member ON assist_call (member, at, id);
CREATE INDEX assist_call_keep_until ON assist_call (keep_until);

-- As of all documents, no samples are kept: they would outlive their rows.
ALTER TABLE made ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE assist_call ALTER COLUMN document SET STATISTICS 0;
