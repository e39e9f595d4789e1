//! What people do, by the calls that clients of the original make.

use http::Method;
use serde_json::{Value, json};

use crate::town::Town;

#[tokio::test]
async fn two_people_meet_like_each_other_and_talk() {
    let town = Town::new().await;
    let (jimin, minho) = (town.settled("jimin", "F", &["M"]).await, town.settled("minho", "M", &["F"]).await);
    let cards = jimin.get("/api/matches/recommended/").await.expect(200);
    let card = &cards[0];
    assert_eq!((&card["id"], &card["nickname"], &card["gender"]), (&json!(minho.id), &json!("minho"), &json!("M")));
    assert!(card["score"].as_f64().is_some_and(|score| score > 0.0 && score <= 1.0), "{card}");
    assert_eq!(card["profile_picture"], "/media/default-profile.svg");
    for private in ["email", "username", "birth_date", "last_active", "latitude", "location"] {
        assert!(card.get(private).is_none(), "{private}");
    }
    let read = jimin.get(&format!("/api/accounts/profile/{}/", minho.id)).await.expect(200);
    assert_eq!(read["nickname"], "minho");

    let like = format!("/api/matches/like/{}/", minho.id);
    jimin.post(&like, &json!({"message": "안녕하세요!"})).await.expect(201);
    let again = jimin.post(&like, &Value::Null).await.expect(200);
    assert_eq!(again["message"], "이미 좋아요를 눌렀습니다.");
    let likes = minho.get("/api/matches/likes-received/").await.expect(200);
    assert_eq!((&likes[0]["id"], &likes[0]["message"]), (&json!(jimin.id), &json!("안녕하세요!")));
    let matched = minho.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await.expect(201);
    let room = matched["room_id"].as_i64().unwrap();
    for path in ["/api/matches/", "/api/matches/new/", "/api/matches/api/new"] {
        let matches = jimin.get(path).await.expect(200);
        assert_eq!((&matches[0]["id"], &matches[0]["room_id"]), (&json!(minho.id), &json!(room)), "{path}");
    }
    let opened = jimin.post(&format!("/api/chats/api/rooms/create/{}/", minho.id), &Value::Null).await.expect(200);
    assert_eq!((&opened["id"], &opened["room_id"]), (&json!(room), &json!(room)));
    assert_eq!(opened["message"], "이미 존재하는 채팅방 입니다.");

    let messages = format!("/api/chats/api/rooms/{room}/messages/");
    let id = "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11";
    for _ in 0..2 {
        let sent = jimin.post(&messages, &json!({"content": "반가워요", "client_msg_id": id})).await.expect(201);
        assert_eq!((&sent["seq"], &sent["client_msg_id"]), (&json!(1), &json!(id)), "sent twice, stored once");
    }
    jimin
        .post(&messages, &json!({"content": "다른 말", "client_msg_id": id}))
        .await
        .refused(422, "idempotency_conflict");
    minho.post(&messages, &json!({"content": "저도요"})).await.expect(201);
    let history = minho.get(&messages).await.expect(200);
    assert_eq!(history.as_array().unwrap().len(), 2);
    assert_eq!(
        (&history[0]["content"], &history[0]["is_mine"], &history[0]["sender_username"]),
        (&json!("반가워요"), &json!(false), &json!("jimin"))
    );
    assert!(history[0]["client_msg_id"].is_null(), "the sender's own id is the sender's");
    let later = minho.get(&format!("{messages}?after_seq=1")).await.expect(200);
    assert_eq!((later.as_array().unwrap().len(), &later[0]["seq"]), (1, &json!(2)));
    for seq in [2, 1] {
        let read = jimin.post(&format!("/api/chat/rooms/{room}/read/"), &json!({"seq": seq})).await.expect(200);
        assert_eq!(read, json!({"room_id": room, "seq": 2}), "a read mark never goes back");
    }
    let rooms = minho.get("/api/chat/recent/").await.expect(200);
    assert_eq!(
        (&rooms[0]["room_id"], &rooms[0]["unread"], &rooms[0]["last_message"]),
        (&json!(room), &json!(0), &json!("저도요"))
    );

    jimin.delete(&format!("/api/matches/{}/", minho.id)).await.expect(200);
    minho.get(&messages).await.refused(404, "room_not_found");
    let ended = minho.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await;
    ended.refused(409, "unmatched");
}

#[tokio::test]
async fn a_profile_is_changed_in_every_documented_form() {
    let town = Town::new().await;
    let jimin = town.sign_up("jimin", "female").await;
    let own = jimin.get("/api/accounts/profile/").await;
    let tag = own.headers["etag"].to_str().unwrap().to_owned();
    let own = own.expect(200);
    assert_eq!(
        (&own["username"], &own["email"], &own["gender"]),
        (&json!("jimin"), &json!("jimin@example.com"), &json!("F"))
    );
    let edit = json!({"bio": "산책을 좋아해요", "interests": ["등산"], "email": "other@example.com"});
    let edited = jimin.put("/api/accounts/profile/update-info/", &edit).await.expect(200);
    assert_eq!((&edited["bio"], &edited["email"]), (&edit["bio"], &own["email"]), "an address is not changed here");
    assert_eq!(edited["interests"][0]["label"], "등산");

    let stale = http::Request::patch("/api/accounts/profile/")
        .header("authorization", format!("Bearer {}", jimin.access))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("if-match", tag)
        .body("nickname=%EC%A7%80%EB%AF%BC".to_owned());
    town.send(stale.unwrap()).await.refused(412, "profile_changed");

    let empty = jimin.upload(Method::PUT, "/api/accounts/profile/update/", "profile_picture", b"").await.expect(200);
    assert_eq!(empty["profile_picture"], "/media/default-profile.svg", "an empty field changes nothing");
    let refused = jimin.upload(Method::PUT, "/api/accounts/profile/update/", "profile_picture", b"<script>").await;
    refused.refused(415, "photo_unsupported");
    let faults = jimin.patch("/api/accounts/profile/", &json!({"gender": "x", "birth_date": "2020-01-01"})).await;
    let faults = faults.refused(400, "validation_failed");
    assert_eq!(faults["errors"].as_object().unwrap().len(), 2, "{faults}");

    let place =
        jimin.post("/api/accounts/profile/location/", &json!({"latitude": 37.4979, "longitude": 127.0276})).await;
    assert!(place.expect(201)["location"].as_str().unwrap().contains("강남"));
    jimin.delete("/api/accounts/profile/location/").await.expect(200);
    assert!(jimin.get("/api/accounts/profile/").await.expect(200)["location"].is_null());
}

#[tokio::test]
async fn friends_are_asked_for_and_answered() {
    let town = Town::new().await;
    let (jimin, minho) = (town.settled("jimin", "F", &["M"]).await, town.settled("minho", "M", &["F"]).await);
    let ask = json!({"to_user": minho.id});
    let sent = jimin.post("/api/matches/friend-request/send/", &ask).await.expect(201);
    assert_eq!(sent["message"], "친구 요청을 보냈습니다.");
    let again = jimin.post("/api/matches/api/friend-request/send/", &ask).await.expect(200);
    assert_eq!(again["message"], "이미 친구 요청을 보냈습니다.");
    let outgoing = jimin.get("/api/matches/friend-requests/?direction=outgoing").await.expect(200);
    assert_eq!((&outgoing[0]["from_user"], &outgoing[0]["to_user"]), (&json!(jimin.id), &json!(minho.id)));
    let incoming = minho.get("/api/matches/friend-requests/").await.expect(200);
    let respond = format!("/api/matches/friend-request/respond/{}/", incoming[0]["id"]);
    let wrong = minho.put(&respond, &json!({"action": "maybe"})).await.refused(400, "invalid_action");
    assert_eq!(wrong["message"], "잘못된 액션입니다.");
    jimin.put(&respond, &json!({"action": "accept"})).await.refused(404, "friend_request_not_found");
    let answer = minho.patch(&respond, &json!({"action": "accept"})).await.expect(200);
    assert_eq!(answer["message"], "친구 요청을 수락했습니다.");
    let friends = jimin.get("/api/matches/friends/").await.expect(200);
    assert_eq!((&friends[0]["id"], &friends[0]["room_id"]), (&json!(minho.id), &answer["room_id"]));
    jimin.delete(&format!("/api/matches/friends/{}/", minho.id)).await.expect(200);
    assert_eq!(minho.get("/api/matches/friends/").await.expect(200), json!([]));
}

#[tokio::test]
async fn tokens_rotate_and_devices_are_signed_out() {
    let town = Town::new().await;
    let jimin = town.sign_up("jimin", "F").await;
    let wrong = json!({"username": "jimin", "password": "nonsense"});
    let refused = town.ask(Method::POST, "/api/accounts/login/", &wrong).await.refused(400, "wrong_credentials");
    assert_eq!(
        (&refused["success"], &refused["message"]),
        (&json!(false), &json!("아이디 또는 비밀번호가 일치하지 않습니다."))
    );
    let fresh =
        town.ask(Method::POST, "/api/accounts/token/refresh/", &json!({"refresh": jimin.refresh})).await.expect(200);
    assert_ne!(fresh["refresh"], jimin.refresh.as_str());
    let sessions = jimin.get("/api/accounts/sessions/").await.expect(200);
    assert_eq!((sessions.as_array().unwrap().len(), &sessions[0]["current"]), (1, &json!(true)));
    let out = town.ask(Method::POST, "/api/accounts/logout/", &json!({"refresh": fresh["refresh"]})).await.expect(200);
    assert_eq!(out["message"], "로그아웃 완료");
    let gone = jimin.get("/api/accounts/profile/").await;
    gone.refused(401, "token_invalid");
    assert_eq!(gone.headers["www-authenticate"], "Bearer");
    let keys = town.ask(Method::GET, "/.well-known/jwks.json", &Value::Null).await.expect(200);
    assert!(keys["keys"][0]["kid"].is_string());
}

#[tokio::test]
async fn pictures_are_seen_by_whom_they_are_signed_for_until_a_block() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let photos = "/api/accounts/profile/photos/";
    minho.upload(Method::POST, photos, "photo", b"GIF89a").await.refused(415, "photo_unsupported");
    let photo = minho.upload(Method::POST, photos, "photo", b"\xff\xd8\xff-picture").await.expect(201);
    let card = jimin.get(&format!("/api/accounts/profile/{}/", minho.id)).await.expect(200);
    let url = card["profile_picture"].as_str().unwrap().to_owned();
    assert_ne!(url, photo["url"], "an address is signed for one viewer");
    let seen = town.ask(Method::GET, &url, &Value::Null).await;
    assert_eq!((seen.status, &seen.headers["content-type"]), (200, &"image/jpeg".parse().unwrap()));
    assert_eq!(seen.headers["x-content-type-options"], "nosniff");
    assert!(seen.body.ends_with(b"-picture"));
    let forged = url.replace(&format!("viewer={}", jimin.id), &format!("viewer={}", minho.id));
    town.ask(Method::GET, &forged, &Value::Null).await.refused(404, "not_found");

    let block = json!({"user_profile": jimin.id});
    minho.post("/api/accounts/blocks/", &block).await.expect(201);
    minho.post("/api/accounts/blocks/", &block).await.expect(200);
    town.ask(Method::GET, &url, &Value::Null).await.refused(404, "not_found");
    jimin.get(&format!("/api/accounts/profile/{}/", minho.id)).await.refused(404, "member_not_found");
    jimin.get(&format!("/api/chat/rooms/{room}/messages/")).await.refused(404, "room_not_found");
    let blocks = minho.get("/api/accounts/blocks/").await.expect(200);
    assert_eq!(blocks[0]["id"], jimin.id);
    let report = json!({"user_profile": jimin.id, "reason": "spam", "detail": "광고"});
    assert!(minho.post("/api/accounts/reports/", &report).await.expect(201)["id"].is_i64());
    minho.delete(&format!("/api/accounts/profile/photos/{}/", photo["id"])).await.expect(200);
}

#[tokio::test]
async fn lists_page_by_cursor_and_every_person_comes_once() {
    let town = Town::new().await;
    let jimin = town.settled("jimin", "F", &["M"]).await;
    for n in 0..7 {
        town.settled(&format!("person{n}"), "M", &["F"]).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/matches/recommended/?limit=3".to_owned();
    loop {
        let page = jimin.get(&path).await;
        let next = page.headers.get("x-next-cursor").map(|cursor| cursor.to_str().unwrap().to_owned());
        let cards = page.expect(200);
        assert!(cards.is_array(), "the body stays a plain array");
        seen.extend(cards.as_array().unwrap().iter().map(|card| card["id"].as_i64().unwrap()));
        let Some(next) = next else { break };
        assert!(page.headers["link"].to_str().unwrap().ends_with("; rel=\"next\""));
        path = format!("/api/matches/recommended/?limit=3&cursor={next}");
        let elsewhere = jimin.get(&format!("/api/matches/friends/?cursor={next}")).await;
        elsewhere.refused(400, "validation_failed");
    }
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((count, seen.len()), (7, 7));
}

#[tokio::test]
async fn consents_wishes_and_the_catalogue_are_read_and_written() {
    let town = Town::new().await;
    let jimin = town.sign_up("jimin", "F").await;
    let put = jimin.put("/api/accounts/consents/", &json!({"marketing": true})).await.expect(200);
    let granted = |body: &Value, purpose: &str| {
        let all = body["consents"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["purpose"] == purpose).unwrap()["granted"].clone()
    };
    assert_eq!((granted(&put, "marketing"), granted(&put, "location")), (json!(true), json!(false)));
    let interests = town.ask(Method::GET, "/api/accounts/interests/", &Value::Null).await.expect(200);
    assert!(interests["categories"][0]["interests"][0]["label"].is_string());
    let attributes = town.ask(Method::GET, "/api/accounts/attributes/", &Value::Null).await.expect(200);
    let codes: Vec<&str> =
        attributes["attributes"].as_array().unwrap().iter().filter_map(|one| one["code"].as_str()).collect();
    assert!(codes.contains(&"height") && codes.contains(&"smoking"), "{codes:?}");
    let anywhere = jimin.put("/api/accounts/preferences/", &json!({"max_distance_km": null})).await.expect(200);
    assert!(anywhere["max_distance_km"].is_null());
    let young =
        jimin.put("/api/accounts/preferences/", &json!({"age_min": 17})).await.refused(400, "validation_failed");
    assert!(young["errors"]["age_min"][0].is_string());
}

#[tokio::test]
async fn who_leaves_is_gone() {
    let town = Town::new().await;
    let (jimin, minho, _) = town.couple().await;
    let wrong = jimin.post("/api/accounts/delete/", &json!({"password": "nonsense"})).await;
    wrong.refused(400, "wrong_credentials");
    jimin.post("/api/accounts/delete/", &json!({"password": "정말로 긴 비밀번호"})).await.expect(200);
    jimin.get("/api/accounts/profile/").await.refused(401, "token_invalid");
    let login = json!({"username": "jimin", "password": "정말로 긴 비밀번호"});
    let gone = town.ask(Method::POST, "/api/accounts/login/", &login).await.refused(403, "account_erased");
    assert_eq!(gone["message"], "회원탈퇴한 아이디입니다.");
    assert_eq!(minho.get("/api/matches/").await.expect(200), json!([]));
}
