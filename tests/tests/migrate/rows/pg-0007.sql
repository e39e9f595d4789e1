-- Rows as a program on this schema writes them: a mark in the feed. Only a copy that was cut off has rows of `copying`.

INSERT INTO mark (mark, server, at) VALUES ('\x000102030405060708090a0b0c0d0e0f', 7000000000000000001, 1790000300000000);
