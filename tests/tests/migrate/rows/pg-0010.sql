-- Rows as a program on this schema writes them: lines that a model wrote, and the record of the call.

INSERT INTO made (member, errand, other, keep_until, document) VALUES
    (1001, 3, 1002, 1792592300000000, '{"member": 1001, "errand": "words", "other": 1002, "content": "00ff", "document": {"ko": {"openers": ["둘 다 등산을 좋아하시네요."], "why": []}, "en": {"openers": ["You both like hiking."], "why": []}}, "keep_until": "2026-10-21T08:18:20Z"}');
INSERT INTO assist_call (id, member, at, keep_until, document) VALUES
    (7001, 1001, 1790000300000000, 1821536300000000, '{"id": 7001, "at": "2026-09-21T14:18:20Z", "member": 1001, "errand": "words", "model": "small", "input_tokens": 120, "output_tokens": 60, "outcome": "answered", "keep_until": "2027-09-21T14:18:20Z"}');
