-- Rows as a program on this schema writes them: where and why somebody was shown.

INSERT INTO impression (viewer, candidate, first_at, last_at, shows, position, ranker, slot, score, there, back) VALUES
    (14, 12, 1790000305000000, 1790000305000000, 1, 3, 2, 1, 41000, 210000, 190000);
