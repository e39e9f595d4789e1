//! Two people meet: from the sign-up code to a chat that survives `kill -9`, on both stores.
//!
//! Through the calls that clients of the original service make: the paths with the extra `api/`, the plural
//! `chats`, and the socket with its token in the query. If only one test of the whole system could be kept,
//! it would be this one.

use gpting_tests::postgres::Postgres;
use gpting_tests::socket::SOON;
use gpting_tests::{Person, Registration, Server, Settings, Socket};
use serde_json::{Value, json};

#[tokio::test]
async fn two_people_meet_on_sqlite() {
    two_people_meet(Settings::sqlite()).await;
}

#[tokio::test]
async fn two_people_meet_on_postgres() {
    let database = Postgres::shared().database("story").await;
    two_people_meet(Settings::postgres(&database.url)).await;
}

async fn two_people_meet(settings: Settings) {
    let mut server = Server::start(settings).await;
    let (jimin, minho) = (arrive(&server, "jimin", "F").await, arrive(&server, "minho", "M").await);
    introduce_themselves(&jimin, &minho).await;
    find_each_other(&jimin, &minho).await;
    let room = like_each_other(&jimin, &minho).await;
    let mut log = talk(&server, &jimin, &minho, room).await;

    let mut people = [jimin, minho];
    for person in &people {
        assert!(!server.log().contains(&person.access), "a token reached the log");
        assert!(!server.log().contains(&person.registration.password), "a password reached the log");
    }
    assert!(!server.log().contains("안녕하세요"), "a message reached the log");

    server.restart().await;
    everything_is_still_there(&people, room, &log).await;
    for person in &mut people {
        person.log_in().await;
        refresh(person).await;
    }
    let [jimin, minho] = people;
    talk_again(&server, &jimin, &minho, room, &mut log).await;
    assert!(server.stop().await.success(), "SIGTERM is a normal end");
}

/// Signs up with the mailed code, which works once, and logs in on the documented path.
async fn arrive(server: &Server, name: &str, gender: &str) -> Person {
    let registration = Registration::new(name, gender);
    let mut person = Person::stranger(server, registration);
    let body = person.registration.body();
    let email = person.registration.email.clone();
    let login = json!({"username": person.registration.username, "password": person.registration.password});

    let sent = person.post("/api/accounts/signup/", &body).await.expect(200);
    assert_eq!(sent["message"], "인증 코드가 이메일로 전송되었습니다.");
    let code = server.mailbox().sign_up_code(&email).await;

    let early = person.post("/api/accounts/api/login/", &login).await.expect(400);
    assert_eq!(early["success"], false, "there is no account before the code");
    assert_eq!(early["message"], "아이디 또는 비밀번호가 일치하지 않습니다.");

    let wrong = if code == "000000" { "000001" } else { "000000" };
    let refused = person.post("/api/accounts/verify-email/", &json!({"email": email, "code": wrong})).await.expect(400);
    assert_eq!(refused["message"], "잘못된 인증 코드입니다.");
    let right = json!({"email": email, "code": code});
    let made = person.post("/api/accounts/verify-email/", &right).await.expect(201);
    assert_eq!(made["message"], "회원가입이 완료되었습니다.");
    let again = person.post("/api/accounts/verify-email/", &right).await.expect(400);
    assert_eq!(again["message"], "잘못된 인증 코드입니다.");

    let answer = person.post("/api/accounts/api/login/", &login).await.expect(200);
    assert_eq!((&answer["success"], &answer["message"]), (&json!(true), &json!("로그인 성공")));
    assert_eq!(answer["username"], person.registration.username.as_str());
    person.take_tokens(&answer);
    // Without the slash at the end, which is optional everywhere.
    let me = person.get("/api/accounts/current-user").await.expect(200);
    person.id = me["id"].as_u64().expect("an id is an integer");
    assert_eq!(me["email"], email.as_str());
    person
}

/// Completes both profiles; until then nobody is shown.
async fn introduce_themselves(jimin: &Person, minho: &Person) {
    // Minho is complete before Jimin is: she alone is what keeps them apart.
    complete(minho, "1994-11-20", "마포구", &["F"]).await;
    assert!(minho.recommended().await.is_empty(), "a member without birth date and wishes is never shown");
    complete(jimin, "1996-03-02", "서울특별시 강남구", &["M"]).await;
}

async fn complete(person: &Person, born: &str, place: &str, wants: &[&str]) {
    let edit = json!({"birth_date": born, "bio": "산책과 커피를 좋아해요"});
    let profile = person.patch("/api/accounts/profile/", &edit).await.expect(200);
    assert_eq!((&profile["birth_date"], &profile["bio"]), (&json!(born), &edit["bio"]));
    person.settle(place, wants).await;
    let wishes = person.get("/api/accounts/preferences/").await.expect(200);
    assert_eq!((&wishes["genders"], &wishes["age_min"]), (&json!(wants), &json!(18)));
}

/// Each is recommended to the other, as a card that gives nothing private away.
async fn find_each_other(jimin: &Person, minho: &Person) {
    for (viewer, candidate) in [(jimin, minho), (minho, jimin)] {
        let card = viewer.wait_until_recommended(candidate).await;
        assert_eq!(card["nickname"], candidate.registration.nickname.as_str());
        assert_eq!(card["gender"], candidate.registration.gender.as_str());
        assert!(card["age"].as_u64().is_some_and(|age| (18..100).contains(&age)), "{card}");
        assert!(card["score"].as_f64().is_some_and(|score| (0.0..=1.0).contains(&score)), "{card}");
        assert!(card["reasons"].is_array() && card["profile_picture"].is_string(), "{card}");
        for private in ["email", "username", "birth_date", "latitude", "longitude", "last_active", "location"] {
            assert!(card.get(private).is_none(), "`{private}` on a card: {card}");
        }
        let text = card.to_string();
        assert!(!text.contains(&candidate.registration.email) && !text.contains(&candidate.registration.username));
        let ids: Vec<_> = viewer.recommended().await.iter().map(|card| card["id"].clone()).collect();
        assert!(!ids.contains(&json!(viewer.id)), "nobody is recommended to themselves");
        let read = viewer.get(&format!("/api/accounts/profile/{}/", candidate.id)).await.expect(200);
        assert_eq!(read["nickname"], candidate.registration.nickname.as_str());
    }
}

/// The like that is answered makes one match and one room, the same for both.
async fn like_each_other(jimin: &Person, minho: &Person) -> u64 {
    let like = format!("/api/matches/like/{}/", minho.id);
    let first = jimin.post(&like, &json!({})).await.expect(201);
    assert_eq!((&first["message"], &first["matched"]), (&json!("좋아요를 눌렀습니다."), &json!(false)));
    let again = jimin.post(&like, &json!({})).await.expect(200);
    assert_eq!((&again["message"], &again["matched"]), (&json!("이미 좋아요를 눌렀습니다."), &json!(false)));
    assert_eq!(jimin.get("/api/matches/").await.expect(200), json!([]), "one like is no match");

    // The other documented form names the person in the body.
    let answer = minho.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await.expect(201);
    assert_eq!(answer["matched"], true);
    let room = answer["room_id"].as_u64().expect("a match has a room");
    let made = jimin.post(&format!("/api/chat/rooms/create/{}/", minho.id), &json!({})).await.expect(200);
    assert_eq!((&made["id"], &made["room_id"]), (&json!(room), &json!(room)), "never two rooms for a pair");
    room
}

/// Speaks in every documented way, both listening live. Returns the contents in order of `seq`.
async fn talk(server: &Server, jimin: &Person, minho: &Person, room: u64) -> Vec<String> {
    let (mut hers, _) = Socket::enter(server, jimin, room).await;
    let (mut his, _) = Socket::enter(server, minho, room).await;

    hers.send(&json!({"message": "안녕하세요"})).await;
    let heard = his.next_of_type("message", SOON).await;
    assert_eq!((&heard["message"], &heard["seq"]), (&json!("안녕하세요"), &json!(1)));
    assert_eq!(heard["sender"], jimin.registration.nickname.as_str());
    assert_eq!((&heard["sender_id"], &heard["room_id"]), (&json!(jimin.id), &json!(room)));
    assert_eq!(heard["is_mine"], false);
    // The documented client shows its own message when it comes back.
    let echo = hers.next_of_type("message", SOON).await;
    assert_eq!((&echo["message"], &echo["is_mine"]), (&json!("안녕하세요"), &json!(true)));

    let answer = json!({"type": "message", "message": "<b>반가워요</b>",
                        "client_msg_id": "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11"});
    for _ in 0..2 {
        his.send(&answer).await;
        let ack = his.find(SOON, |f| f["type"] == "ack" && f["client_msg_id"] == answer["client_msg_id"]).await;
        assert_eq!(ack.expect("every sending is acknowledged")["seq"], 2, "sent twice, stored once");
    }
    let heard = hers.next_of_type("message", SOON).await;
    assert_eq!((&heard["message"], &heard["seq"]), (&answer["message"], &json!(2)), "text stays as it is");

    his.send(&json!({"type": "read", "seq": 1})).await;
    let read = hers.find(SOON, |frame| frame["type"] == "read" && frame["seq"] == 1).await;
    assert!(read.is_some(), "reading is seen by the partner");

    let path = format!("/api/chats/api/rooms/{room}/messages/");
    let posted = jimin.post(&path, &json!({"content": "주말에 시간 있어요?"})).await.expect(201);
    assert_eq!((&posted["seq"], &posted["content"]), (&json!(3), &json!("주말에 시간 있어요?")));
    let heard = his.find(SOON, |frame| frame["type"] == "message" && frame["seq"] == 3).await;
    assert_eq!(heard.expect("a posted message reaches the sockets")["message"], posted["content"]);

    let log = vec!["안녕하세요".to_owned(), "<b>반가워요</b>".to_owned(), "주말에 시간 있어요?".to_owned()];
    everything_is_still_there(&[jimin.clone(), minho.clone()], room, &log).await;
    log
}

/// What both see by the documented paths: the conversation, the match, the room.
async fn everything_is_still_there(people: &[Person; 2], room: u64, log: &[String]) {
    for (person, partner) in [(&people[0], &people[1]), (&people[1], &people[0])] {
        let history = person.get(&format!("/api/chats/api/rooms/{room}/messages/")).await.expect(200);
        let history = history.as_array().expect("an array, as the original returned");
        let contents: Vec<_> = history.iter().map(|message| message["content"].as_str().unwrap_or_default()).collect();
        assert_eq!(contents, log);
        for (message, seq) in history.iter().zip(1_u64..) {
            assert_eq!((&message["seq"], &message["room_id"]), (&json!(seq), &json!(room)));
            assert_eq!(message["is_mine"], json!(message["sender_id"] == person.id), "{message}");
            assert!(message["is_read"].is_boolean() && message["timestamp"].is_string(), "{message}");
        }
        let rooms = person.get("/api/chats/api/rooms/").await.expect(200);
        let listed = rooms.as_array().and_then(|rooms| rooms.iter().find(|listed| listed["room_id"] == room));
        let listed = listed.unwrap_or_else(|| panic!("the room is not listed: {rooms}"));
        assert_eq!(listed["partner_nickname"], partner.registration.nickname.as_str());
        assert_eq!((&listed["partner"]["id"], &listed["last_seq"]), (&json!(partner.id), &json!(log.len())));
        let matches = person.get("/api/matches/").await.expect(200);
        assert!(names(&matches, partner.id), "the match is not listed: {matches}");
        let shown = person.recommended().await;
        assert!(shown.iter().all(|card| card["id"] != partner.id), "decided already, and still recommended");
    }
}

/// A refresh token works once; what it gives works.
async fn refresh(person: &mut Person) {
    let answer = person.post("/api/accounts/token/refresh/", &json!({"refresh": person.refresh})).await.expect(200);
    assert_ne!(answer["refresh"], person.refresh.as_str(), "refreshing rotates");
    person.take_tokens(&answer);
    person.get("/api/accounts/current-user/").await.expect(200);
}

/// After the crash: what was missed is replayed in order, then the talk goes on where it stopped.
async fn talk_again(server: &Server, jimin: &Person, minho: &Person, room: u64, log: &mut Vec<String>) {
    let (mut hers, _) = Socket::enter(server, jimin, room).await;
    let (mut his, ready) = Socket::enter(server, minho, room).await;
    his.send(&json!({"type": "resume", "epoch": ready["epoch"], "rooms": {room.to_string(): 1}})).await;
    for seq in 2..=3 {
        let replayed = his.next_of_type("message", SOON).await;
        assert_eq!((&replayed["seq"], &replayed["message"]), (&json!(seq), &json!(log[seq - 1])));
    }
    assert_eq!(hers.say("토요일 어때요?").await["seq"], 4);
    let heard = his.next_of_type("message", SOON).await;
    assert_eq!((&heard["seq"], &heard["message"]), (&json!(4), &json!("토요일 어때요?")));
    log.push("토요일 어때요?".to_owned());
    everything_is_still_there(&[jimin.clone(), minho.clone()], room, log).await;
}

/// Whether an object with this `id` is anywhere inside.
fn names(value: &Value, id: u64) -> bool {
    match value {
        Value::Array(values) => values.iter().any(|value| names(value, id)),
        Value::Object(fields) => fields.get("id") == Some(&json!(id)) || fields.values().any(|value| names(value, id)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
