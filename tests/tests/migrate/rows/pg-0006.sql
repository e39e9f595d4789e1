-- Rows as a program on this schema writes them: two people are each other's pick of a day.

INSERT INTO daily_pick (member, day, other) VALUES (11, 20717, 12), (12, 20717, 11);
