-- Rows as a program on this schema writes them: a message taken back, one hidden, a muted room with a mark of its own, a
-- ticket.

UPDATE room SET revision = 1, opening = 1 WHERE id = 21;
INSERT INTO message_hidden (room, member, seq) VALUES (21, 12, 1);
UPDATE read_mark SET muted = 1, shown = seq WHERE room = 21 AND member = 12;
INSERT INTO ticket (hash, member, session, expires_at) VALUES ('dGlja2V0', 11, 61, 1790000400000000);
UPDATE message SET unsent = 1, text = '' WHERE room = 22 AND seq = 1;
