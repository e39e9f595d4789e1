-- Whom the nightly round has made each other's pick of a day: a row for each of the two. Days since 1970, in Seoul.
CREATE TABLE daily_pick (
    member bigint  NOT NULL,
    day    integer NOT NULL,
    other  bigint  NOT NULL,
    PRIMARY KEY (member, day, other)
);
CREATE INDEX daily_pick_other ON daily_pick (other);
CREATE INDEX daily_pick_day ON daily_pick (day);
