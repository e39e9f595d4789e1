-- Whom the nightly round has made each other's pick of a day: a row for each of the two. Days since 1970, in Seoul.
CREATE TABLE daily_pick (
    member INTEGER NOT NULL,
    day    INTEGER NOT NULL,
    other  INTEGER NOT NULL,
    PRIMARY KEY (member, day, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_pick_other ON daily_pick (other);
CREATE INDEX daily_pick_day ON daily_pick (day);
