-- What was found of members' texts, pictures and first messages: by whose, what kind, which one (0: the text), and who judged.
CREATE TABLE finding (
    member     INTEGER NOT NULL,
    aspect     INTEGER NOT NULL,
    about      INTEGER NOT NULL,
    judge      INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    by_consent INTEGER NOT NULL,
    is_flagged INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    content    TEXT    NOT NULL,
    document   TEXT    NOT NULL,
    PRIMARY KEY (member, aspect, about, judge)
) STRICT, WITHOUT ROWID;
CREATE INDEX finding_flagged ON finding (at, id) WHERE is_flagged = 1;
CREATE INDEX finding_by_consent ON finding (aspect, about) WHERE by_consent = 1;
CREATE INDEX finding_keep_until ON finding (keep_until);
