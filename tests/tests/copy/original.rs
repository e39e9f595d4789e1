//! An installation of the original service comes over: people log in with what they had and find what they had.
//!
//! The database is made as Django makes it, with the columns and types of either engine. Hashes are of Python's
//! `hashlib.pbkdf2_hmac("sha256", password, salt, iterations)`, in the form of Django's hasher.

use std::path::Path;

use gpting_tests::{Person, Postgres, Registration, Server, Settings};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::{done, gpting, said};

const MINJI: (&str, &str) =
    ("minji-비밀번호-2023", "pbkdf2_sha256$600000$wT5yQe8rLm2KxVb9$5zNtSY9Bvrh3XEh101HBDfLYgrSBUUsU4FGTom8UWAs=");
const JUNHO: (&str, &str) =
    ("junho password 9", "pbkdf2_sha256$20000$Ab3dEf6hIj9lMn2p$al5Gkux55hMbWBa0Xrvuan3vtvkDPMQqlWoGOJc/BoE=");

/// `ID`, `TIME`, `DATE` and `YES` stand for what the engines call differently.
const TABLES: &str = r"
CREATE TABLE django_migrations (id ID, app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied TIME NOT NULL);
CREATE TABLE auth_user (id ID, username varchar(150), email varchar(254), password varchar(128));
CREATE TABLE accounts_customuser (id ID, password varchar(128) NOT NULL, last_login TIME NULL, is_superuser YES NOT NULL,
    username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_active YES NOT NULL,
    date_joined TIME NOT NULL, favourite_colour varchar(20) NULL);
CREATE TABLE accounts_userprofile (id ID, user_id INT NOT NULL UNIQUE REFERENCES accounts_customuser (id), nickname varchar(50),
    birth_date DATE NULL, gender varchar(10) NOT NULL, bio text NOT NULL, location varchar(100) NULL, profile_picture varchar(100) NULL);
CREATE TABLE accounts_interest (id ID, name varchar(50) NOT NULL);
CREATE TABLE accounts_userprofile_interests (id ID, userprofile_id INT NOT NULL REFERENCES accounts_userprofile (id), interest_id INT NOT NULL REFERENCES accounts_interest (id));
CREATE TABLE matches_like (id ID, user_id INT NOT NULL REFERENCES accounts_customuser (id), user_profile_id INT NOT NULL REFERENCES accounts_userprofile (id), created_at TIME NOT NULL);
CREATE TABLE matches_pass (id ID, user_id INT NOT NULL REFERENCES accounts_customuser (id), user_profile_id INT NOT NULL REFERENCES accounts_userprofile (id), created_at TIME NOT NULL);
CREATE TABLE matches_match (id ID, user1_id INT NOT NULL REFERENCES accounts_customuser (id), user2_id INT NOT NULL REFERENCES accounts_customuser (id), created_at TIME NOT NULL);
CREATE TABLE matches_friendrequest (id ID, from_user_id INT NOT NULL REFERENCES accounts_customuser (id), to_user_id INT NOT NULL REFERENCES accounts_customuser (id), status varchar(10) NOT NULL, created_at TIME NOT NULL);
CREATE TABLE chats_chatroom (id ID, created_at TIME NOT NULL);
CREATE TABLE chats_chatroom_participants (id ID, chatroom_id INT NOT NULL REFERENCES chats_chatroom (id), customuser_id INT NOT NULL REFERENCES accounts_customuser (id));
CREATE TABLE chats_message (id ID, room_id INT NOT NULL REFERENCES chats_chatroom (id), sender_id INT NOT NULL REFERENCES accounts_customuser (id), content text NOT NULL, timestamp TIME NOT NULL, is_read YES NOT NULL);
";

/// Profiles have other numbers than their users: likes point to profiles, the rest to users.
const ROWS: &str = r#"
INSERT INTO accounts_customuser VALUES
    (1, 'HASH1', '2024-05-02 08:00:00.5', FALSE, 'minji', '', 'Minji@Example.com', TRUE, '2023-01-01 00:00:00', 'green'),
    (2, 'HASH2', NULL, FALSE, 'junho', '', 'junho@example.com', TRUE, '2023-01-02 00:00:00', NULL),
    (3, 'HASH2', NULL, FALSE, 'dohyun', '', 'dohyun@example.com', TRUE, '2023-01-03 00:00:00', NULL),
    (4, 'HASH2', NULL, FALSE, 'tooyoung', '', 'young@example.com', TRUE, '2023-01-04 00:00:00', NULL),
    (5, 'HASH2', NULL, FALSE, 'wentaway', '', 'away@example.com', FALSE, '2023-01-05 00:00:00', NULL),
    (6, 'HASH2', NULL, FALSE, 'addressless', '', '', TRUE, '2023-01-06 00:00:00', NULL),
    (7, 'bcrypt_sha256$$2b$12$abcdefghijklmnopqrstuv', NULL, FALSE, 'seo.yeon@example.com', '', 'seo.yeon@example.com', TRUE, '2023-01-07 00:00:00', NULL),
    (8, 'HASH2', NULL, FALSE, 'birthless', '', 'birthless@example.com', TRUE, '2023-01-08 00:00:00', NULL),
    (9, 'HASH2', NULL, FALSE, 'doubled', '', 'MINJI@example.com', TRUE, '2023-01-09 00:00:00', NULL);
INSERT INTO accounts_userprofile VALUES
    (101, 1, '민지', '1996-03-02', 'F', '산책을 좋아해요', '서울특별시 강남구', 'profiles/a.jpg'),
    (102, 2, '준호', '1994-07-09', 'male', '', '서울특별시 강남구', NULL),
    (103, 3, '도현', '1995-01-30', 'M', '', '달나라 어딘가', NULL),
    (104, 4, '어린이', '2024-01-01', 'M', '', NULL, NULL),
    (105, 5, '떠난이', '1990-01-01', 'M', '', NULL, NULL),
    (107, 7, '서연', '1993-11-11', 'F', '', NULL, NULL),
    (108, 8, '생일없음', NULL, 'M', '', NULL, NULL);
INSERT INTO accounts_interest VALUES (1, 'KNOWN INTEREST'), (2, '아무도 모르는 취미');
INSERT INTO accounts_userprofile_interests VALUES (1, 101, 1), (2, 101, 2);
INSERT INTO matches_like VALUES
    (1, 1, 102, '2024-02-01 10:00:00'), (2, 2, 101, '2024-02-02 10:00:00'), (3, 3, 101, '2024-02-03 10:00:00'),
    (4, 1, 104, '2024-02-04 10:00:00'), (5, 2, 102, '2024-02-05 10:00:00');
INSERT INTO matches_pass VALUES (1, 1, 107, '2024-02-06 10:00:00');
INSERT INTO matches_match VALUES (1, 1, 2, '2024-02-02 10:00:00');
INSERT INTO matches_friendrequest VALUES
    (1, 8, 1, 'pending', '2024-03-01 10:00:00'), (2, 2, 8, 'accepted', '2024-03-02 10:00:00'), (3, 3, 2, 'rejected', '2024-03-03 10:00:00');
INSERT INTO chats_chatroom VALUES (1, '2024-02-02 10:00:01'), (2, '2024-02-03 10:00:00'), (3, '2024-02-04 10:00:00');
INSERT INTO chats_chatroom_participants VALUES (1, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, 2, 3), (6, 3, 1), (7, 3, 5);
INSERT INTO chats_message VALUES
    (1, 1, 1, '첫 번째', '2024-02-02 11:00:00.000001', TRUE), (2, 1, 2, '세 번째', '2024-02-02 11:00:02', TRUE),
    (3, 1, 1, '두 번째', '2024-02-02 11:00:01', TRUE), (4, 1, 1, '   ', '2024-02-02 11:00:03', TRUE),
    (5, 1, 3, '누구세요', '2024-02-02 11:00:04', TRUE), (6, 1, 2, '네 번째 ''"\\', '2024-02-02 11:00:05', FALSE),
    (7, 1, 2, '다섯 번째', '2024-02-02 11:00:05', FALSE);
"#;

fn statements(engine: [&str; 5]) -> String {
    let [id, time, int, date, yes] = engine;
    let tables = TABLES
        .replace(" ID,", &format!(" {id},"))
        .replace(" TIME ", &format!(" {time} "))
        .replace(" INT ", &format!(" {int} "))
        .replace(" DATE ", &format!(" {date} "))
        .replace(" YES ", &format!(" {yes} "));
    let interest = gpting_core::profile::catalogue::Catalogue::built_in().interests().next().unwrap();
    let rows = ROWS
        .replace("HASH1", MINJI.1)
        .replace("HASH2", JUNHO.1)
        .replace("KNOWN INTEREST", &interest.label.ko.replace('\'', "''"));
    format!("{tables}{rows}")
}

async fn make_sqlite(file: &Path) {
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let types = ["integer NOT NULL PRIMARY KEY AUTOINCREMENT", "datetime", "bigint", "date", "bool"];
    sqlx::raw_sql(AssertSqlSafe(statements(types))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn make_postgres(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let types = [
        "bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
        "timestamp with time zone",
        "bigint",
        "date",
        "boolean",
    ];
    let sql = format!("SET timezone TO 'UTC'; {}", statements(types));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

const SUMMARY: &str = "accounts 5, profiles 5, likes 3, passes 1, matches 1, friend requests 1, friends 1, blocks 0, rooms 2, \
                       messages 5, unchanged 0, rejected 10";
const AGAIN: &str = "accounts 0, profiles 0, likes 0, passes 0, matches 0, friend requests 0, friends 0, blocks 0, rooms 0, \
                     messages 0, unchanged 10, rejected 10";

/// Brings it over and looks that every row that stays behind is named, and nothing that anybody wrote.
fn bring_over(folder: &Path, from: &str, to: &str) {
    let output = gpting(folder, &["copy", "--from-django", from, "--to", to]);
    let told = said(&output);
    assert!(output.status.success(), "{told}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), SUMMARY, "{told}");
    for line in [
        "accounts_customuser 4: birth_date: under age",
        "accounts_customuser 5: is_active",
        "accounts_customuser 6: email: missing",
        "accounts_customuser 9: email: taken",
        "matches_like 4: user_profile_id 104 was not brought over",
        "matches_like 5: both are the same person",
        "chats_chatroom 2: has 3 participants",
        "chats_chatroom 3: customuser_id 5 was not brought over",
        "chats_message 4: content: missing",
        "chats_message 5: its sender does not take part",
        "accounts_customuser 7: comes without username",
        "accounts_customuser 7: comes without password",
        "accounts_customuser 3: comes without location",
        "accounts_customuser 1: comes without interests",
        "likes: matches_like",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    for private in ["example.com", "민지", "강남", "달나라", "누구세요", "pbkdf2", "1996"] {
        assert!(!told.contains(private), "{private}: {told}");
    }
    assert_eq!(done(folder, &["copy", "--from-django", from, "--to", to]), AGAIN);
}

fn person(server: &Server, username: &str, password: &str) -> Person {
    let mut registration = Registration::new("x", "M");
    (registration.username, registration.password) = (username.to_owned(), password.to_owned());
    Person::stranger(server, registration)
}

fn nicknames(cards: &Value, at: &str) -> Vec<String> {
    cards.as_array().unwrap().iter().map(|card| card.pointer(at).unwrap().as_str().unwrap().to_owned()).collect()
}

async fn find_everything(server: &Server) {
    let wrong = person(server, "minji", "minji-비밀번호-2024");
    let body = json!({"username": "minji", "password": wrong.registration.password});
    assert_eq!(wrong.post("/api/accounts/login/", &body).await.expect(400)["success"], false);
    let unusable = json!({"username": "seo.yeon@example.com", "password": "!"});
    wrong.post("/api/accounts/login/", &unusable).await.expect(400);

    let (mut a, mut b) = (person(server, "minji", MINJI.0), person(server, "JUNHO@example.com", JUNHO.0));
    a.log_in().await;
    b.log_in().await;
    let profile = a.get("/api/accounts/profile/").await.expect(200);
    for (field, value) in [("username", "minji"), ("email", "Minji@Example.com"), ("nickname", "민지"), ("gender", "F")]
    {
        assert_eq!(profile[field], value, "{profile}");
    }
    assert_eq!((&profile["birth_date"], &profile["bio"]), (&json!("1996-03-02"), &json!("산책을 좋아해요")));
    assert_eq!(profile["interests"].as_array().unwrap().len(), 1);
    assert_eq!(profile["created_at"].as_str().unwrap()[..10], *"2023-01-01");
    assert_eq!(nicknames(&a.get("/api/matches/").await.expect(200), "/nickname"), ["준호"]);
    assert_eq!(nicknames(&a.get("/api/matches/likes-received/").await.expect(200), "/nickname"), ["도현"]);
    let requests = a.get("/api/matches/friend-requests/").await.expect(200);
    assert_eq!(requests.as_array().unwrap().len(), 1, "{requests}");
    assert_eq!(nicknames(&b.get("/api/matches/friends/").await.expect(200), "/nickname"), ["생일없음"]);

    let rooms = a.get("/api/chat/rooms/").await.expect(200);
    assert_eq!(rooms.as_array().unwrap().len(), 1, "{rooms}");
    assert_eq!((&rooms[0]["unread"], &rooms[0]["last_seq"]), (&json!(2), &json!(5)));
    let room = rooms[0]["room_id"].as_u64().unwrap();
    let path = format!("/api/chat/rooms/{room}/messages/");
    let messages = a.get(&path).await.expect(200);
    let contents = ["첫 번째", "두 번째", "세 번째", "네 번째 '\"\\\\", "다섯 번째"];
    assert_eq!(nicknames(&messages, "/content"), contents);
    let times: Vec<_> = nicknames(&messages, "/timestamp");
    assert!(times.is_sorted() && times[0].starts_with("2024-02-02T11:00:00.000001"), "{times:?}");
    let mine: Vec<_> = messages.as_array().unwrap().iter().map(|message| message["sender_id"] == a.id).collect();
    assert_eq!(mine, [true, true, false, false, false]);
    // It goes on here.
    let sent = b.post(&path, &json!({"content": "오랜만이에요"})).await.expect(201);
    assert_eq!(sent["seq"], 6);
    // Nobody without a birthday, and nobody who has not said whom they wish to meet, is shown.
    a.settle("서울특별시 강남구", &["M"]).await;
    assert!(a.recommended().await.is_empty());
    a.log_in().await;
}

/// Whose hashes are argon2id's by now.
fn assert_rehashed(mut hashes: Vec<(String, String)>) {
    hashes.sort();
    let kinds: Vec<_> =
        hashes.iter().map(|(name, hash)| (name.as_str(), hash.split('$').take(2).collect::<String>())).collect();
    let expected = [
        ("birthless", "pbkdf2_sha25620000"),
        ("dohyun", "pbkdf2_sha25620000"),
        ("junho", "argon2id"),
        ("minji", "argon2id"),
        ("user-7", "!"),
    ];
    assert_eq!(kinds, expected.map(|(name, kind)| (name, kind.to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_sqlite_to_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.sqlite3");
    make_sqlite(&file).await;
    let database = Postgres::shared().database("fromdjango").await;
    bring_over(folder.path(), &format!("sqlite://{}", file.display()), &database.url);
    let mut settings = Settings::postgres(&database.url);
    settings.data_dir = Some(folder.path().join("data"));
    find_everything(&Server::start(settings).await).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let hashes = "SELECT username::text, document ->> 'password_hash' FROM gpting.account";
    assert_rehashed(sqlx::query_as(hashes).fetch_all(&mut connection).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_postgres_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let original = Postgres::shared().database("django").await;
    make_postgres(&original.url).await;
    let file = folder.path().join("data/gpting.db");
    bring_over(folder.path(), &original.url, &format!("sqlite://{}", file.display()));
    let mut settings = Settings::sqlite();
    settings.data_dir = Some(folder.path().join("data"));
    find_everything(&Server::start(settings).await).await;
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let hashes = "SELECT username, document ->> 'password_hash' FROM account";
    assert_rehashed(sqlx::query_as(hashes).fetch_all(&mut connection).await.unwrap());
}

#[tokio::test]
async fn what_is_no_installation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (file, to) = (folder.path().join("empty.db"), folder.path().join("to.db"));
    let to = format!("sqlite://{}", to.display());
    let from = format!("sqlite://{}", file.display());
    assert!(!gpting(folder.path(), &["copy", "--from-django", &from, "--to", &to]).status.success());
    std::fs::write(&file, "").unwrap();
    let output = gpting(folder.path(), &["copy", "--from-django", &from, "--to", &to]);
    assert!(!output.status.success() && said(&output).contains("no installation"), "{}", said(&output));
    let output = gpting(folder.path(), &["copy", "--to", &to]);
    assert!(!output.status.success() && said(&output).contains("--from"), "{}", said(&output));
}
