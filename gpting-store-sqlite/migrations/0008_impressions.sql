-- Where and why somebody was shown the last time: place on the page, ranker and slot by number, and what was predicted in
-- millionths. Nothing of showings that a server of an earlier version has noted.
ALTER TABLE impression ADD COLUMN position INTEGER;
ALTER TABLE impression ADD COLUMN ranker INTEGER;
ALTER TABLE impression ADD COLUMN slot INTEGER;
ALTER TABLE impression ADD COLUMN score INTEGER;
ALTER TABLE impression ADD COLUMN there INTEGER;
ALTER TABLE impression ADD COLUMN back INTEGER;
