-- Rows as a program on the first schema writes them.

INSERT INTO member (id, version, host, source, document) VALUES
    (11, 2, NULL, NULL, '{"id": 11, "standing": {"state": "active"}, "verified": false, "created_at": "2026-09-21T14:13:20Z", "last_active": "2026-09-21T15:13:20Z", "profile": {"nickname": "민지", "gender": "F", "birth_date": "1996-05-05", "bio": "민지입니다", "interests": ["hiking"]}, "preferences": {"genders": ["M"], "age_min": 19, "age_max": 45, "max_distance_km": null}, "consents": [{"purpose": "terms", "version": "2026-01", "granted": true, "at": "2026-09-21T14:13:20Z", "source": "sign_up"}]}'),
    (12, 2, 'user-12', NULL, '{"id": 12, "standing": {"state": "active"}, "verified": false, "created_at": "2026-09-21T14:13:20Z", "last_active": "2026-09-21T15:13:20Z", "profile": {"nickname": "준호", "gender": "M", "birth_date": "1996-05-05", "bio": "준호입니다", "interests": ["hiking"]}, "preferences": {"genders": ["F"], "age_min": 19, "age_max": 45, "max_distance_km": null}, "consents": [{"purpose": "terms", "version": "2026-01", "granted": true, "at": "2026-09-21T14:13:20Z", "source": "sign_up"}], "host": "user-12"}'),
    (13, 2, NULL, NULL, '{"id": 13, "standing": {"state": "erasing", "since": "2026-09-21T14:14:10Z"}, "verified": false, "created_at": "2026-09-21T14:13:20Z", "last_active": "2026-09-21T15:13:20Z", "profile": {"nickname": "지우", "gender": "F", "birth_date": "1996-05-05", "bio": "지우입니다", "interests": ["hiking"]}, "preferences": {"genders": ["M"], "age_min": 19, "age_max": 45, "max_distance_km": null}, "consents": [{"purpose": "terms", "version": "2026-01", "granted": true, "at": "2026-09-21T14:13:20Z", "source": "sign_up"}]}'),
    (14, 2, NULL, 'okcupid:14', '{"id": 14, "standing": {"state": "active"}, "verified": false, "created_at": "2026-09-21T14:13:20Z", "last_active": "2026-09-21T15:13:20Z", "profile": {"nickname": "현우", "gender": "M", "birth_date": "1996-05-05", "bio": "현우입니다", "interests": ["hiking"]}, "preferences": {"genders": ["F"], "age_min": 19, "age_max": 45, "max_distance_km": null}, "consents": [{"purpose": "terms", "version": "2026-01", "granted": true, "at": "2026-09-21T14:13:20Z", "source": "sign_up"}], "source": "okcupid:14"}');

INSERT INTO erased (member, at) VALUES
    (99, 1790000005000000);

INSERT INTO pair (low, high, version, friend_request, document) VALUES
    (11, 12, 3, NULL, '{"key": {"low": 11, "high": 12}, "low": {"decision": {"kind": "like", "at": "2026-09-21T14:13:30Z"}}, "high": {"decision": {"kind": "like", "at": "2026-09-21T14:13:31Z", "message": "안녕하세요"}}, "match_state": {"state": "matched", "at": "2026-09-21T14:13:31Z"}, "room": 21}'),
    (11, 13, 3, 31, '{"key": {"low": 11, "high": 13}, "low": {}, "high": {}, "match_state": {"state": "none"}, "friend_request": {"id": 31, "from": "high", "at": "2026-09-21T14:13:32Z"}}'),
    (12, 13, 3, NULL, '{"key": {"low": 12, "high": 13}, "low": {"blocked_at": "2026-09-21T14:13:33Z"}, "high": {}, "match_state": {"state": "none"}}'),
    (11, 14, 3, NULL, '{"key": {"low": 11, "high": 14}, "low": {"decision": {"kind": "like", "at": "2026-09-21T14:13:34Z"}}, "high": {"decision": {"kind": "like", "at": "2026-09-21T14:13:35Z"}}, "match_state": {"state": "unmatched", "at": "2026-09-21T14:13:40Z"}, "room": 22}');

INSERT INTO pair_list (member, other, list, at) VALUES
    (11, 12, 1, 1790000010000000),
    (11, 12, 3, 1790000011000000),
    (11, 12, 8, 1790000010000000),
    (12, 11, 1, 1790000011000000),
    (12, 11, 3, 1790000011000000),
    (12, 11, 8, 1790000011000000),
    (11, 13, 5, 1790000012000000),
    (13, 11, 6, 1790000012000000),
    (12, 13, 7, 1790000013000000),
    (12, 13, 8, 1790000013000000),
    (13, 12, 8, 1790000013000000),
    (11, 14, 1, 1790000014000000),
    (11, 14, 8, 1790000014000000),
    (14, 11, 1, 1790000015000000),
    (14, 11, 8, 1790000015000000);

INSERT INTO impression (viewer, candidate, first_at, last_at, shows) VALUES
    (11, 12, 1790000005000000, 1790000009000000, 2),
    (14, 11, 1790000006000000, 1790000006000000, 1);

INSERT INTO room (id, version, low, high, created_at, last_seq, closed_at, hidden_through, activity) VALUES
    (21, 4, 11, 12, 1790000011000000, 3, NULL, 0, 1790000018000000),
    (22, 2, 11, 14, 1790000015000000, 1, 1790000020000000, 1, 1790000015000000);

INSERT INTO message (room, seq, id, sender, text, at, client_msg_id) VALUES
    (21, 1, 101, 11, '안녕', 1790000016000000, '5f0c1a52-7f0e-4b57-9d3c-0a8f6f1d2e31'),
    (21, 2, 102, 12, '반가워요', 1790000017000000, NULL),
    (21, 3, 103, 11, '주말에 뭐 해요?', 1790000018000000, NULL),
    (22, 1, 104, 14, '저기요', 1790000019000000, NULL);

INSERT INTO read_mark (room, member, seq) VALUES
    (21, 11, 3),
    (21, 12, 2),
    (22, 14, 1);

INSERT INTO report (id, version, reporter, subject, closed_at, keep_until, document) VALUES
    (41, 1, 11, 14, NULL, 1884608000000000, '{"id": 41, "reporter": 11, "subject": 14, "entries": [{"reason": "spam", "detail": "광고", "at": "2026-09-21T14:13:50Z", "evidence": {"nickname": "현우", "bio": "현우입니다", "photos": [], "messages": [{"seq": 1, "by_subject": true, "text": "저기요", "at": "2026-09-21T14:13:39Z"}]}}], "opened_at": "2026-09-21T14:13:50Z", "keep_until": "2029-09-20T14:13:20Z"}'),
    (42, 1, 12, 14, 1790000040000000, 1884608000000000, '{"id": 42, "reporter": 12, "subject": 14, "entries": [{"reason": "spam", "detail": "광고", "at": "2026-09-21T14:13:50Z", "evidence": {"nickname": "현우", "bio": "현우입니다", "photos": [], "messages": [{"seq": 1, "by_subject": true, "text": "저기요", "at": "2026-09-21T14:13:39Z"}]}}], "opened_at": "2026-09-21T14:13:50Z", "keep_until": "2029-09-20T14:13:20Z", "closed_at": "2026-09-21T14:14:00Z"}');

INSERT INTO job (id, version, run_at, document) VALUES
    (51, 1, 1791209650000000, '{"id": 51, "task": {"type": "erase", "member": 13}, "run_at": "2026-10-05T14:14:10Z", "attempts": 0}');

INSERT INTO outbox (document) VALUES
    ('{"at": "2026-09-21T14:13:31Z", "type": "matched", "member": 12, "other": 11, "room": 21}'),
    ('{"at": "2026-09-21T14:13:38Z", "type": "message_sent", "member": 11, "other": 12, "room": 21, "message": 103}');

INSERT INTO account (member, version, username, email, document) VALUES
    (11, 1, 'minji', 'minji@example.com', '{"member": 11, "username": "minji", "email": "Minji@example.com", "email_canonical": "minji@example.com", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA", "created_at": "2026-09-21T14:13:20Z", "failed_logins": 1}');

INSERT INTO session (id, version, member, created_at, document) VALUES
    (61, 1, 11, 1790000001000000, '{"id": 61, "member": 11, "device": "phone", "network": "192.0.2.0/24", "created_at": "2026-09-21T14:13:21Z", "last_seen": "2026-09-21T14:13:22Z", "expires_at": "2026-10-21T14:13:20Z", "idle_until": "2026-10-05T14:13:20Z", "refresh_hash": "aGFzaA", "rotated_at": "2026-09-21T14:13:22Z"}');

INSERT INTO pending (id, version, email, created_at, document) VALUES
    (71, 1, 'new@example.com', 1790000060000000, '{"id": 71, "email": "New@example.com", "email_canonical": "new@example.com", "username": "newcomer", "password_hash": "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA", "nickname": "새싹", "gender": "F", "language": "ko", "mails": ["2026-09-21T14:14:20Z"], "created_at": "2026-09-21T14:14:20Z"}');
