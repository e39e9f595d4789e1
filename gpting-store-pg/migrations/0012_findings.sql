-- What was found of members' texts, pictures and first messages: by whose, what kind, which one (0: the text), and who judged.
CREATE TABLE finding (
    member     bigint NOT NULL,
    aspect     bigint NOT NULL,
    about      bigint NOT NULL,
    judge      bigint NOT NULL,
    id         bigint NOT NULL,
    by_consent bigint NOT NULL,
    is_flagged bigint NOT NULL,
    at         bigint NOT NULL,
    keep_until bigint NOT NULL,
    name       text   NOT NULL,
    content    text   NOT NULL,
    document   jsonb  NOT NULL,
    PRIMARY KEY (member, aspect, about, judge)
);
CREATE INDEX finding_flagged ON finding (at, id) WHERE is_flagged = 1;
CREATE INDEX finding_by_consent ON finding (aspect, about) WHERE by_consent = 1;
CREATE INDEX finding_keep_until ON finding (keep_until);

-- As of all documents, no samples are kept: they would outlive their rows.
ALTER TABLE finding ALTER COLUMN document SET STATISTICS 0;
ALTER TABLE finding ALTER COLUMN name SET STATISTICS 0;
ALTER TABLE finding ALTER COLUMN content SET STATISTICS 0;
