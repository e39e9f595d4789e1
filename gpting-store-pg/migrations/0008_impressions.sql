-- Where and why somebody was shown the last time: place on the page, ranker and slot by number, and what was predicted in
-- millionths. Nothing of showings that a server of an earlier version has noted.
ALTER TABLE impression
    ADD COLUMN position integer,
    ADD COLUMN ranker   smallint,
    ADD COLUMN slot     smallint,
    ADD COLUMN score    integer,
    ADD COLUMN there    integer,
    ADD COLUMN back     integer;
