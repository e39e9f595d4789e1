-- Rows as a program on this schema writes them: a mark in the feed. Only a copy that was cut off has rows of `copying`.

INSERT INTO mark (mark, at) VALUES (x'000102030405060708090a0b0c0d0e0f', 1790000300000000);
