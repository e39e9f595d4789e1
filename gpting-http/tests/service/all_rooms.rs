//! The socket of all rooms, tickets, and what participants do with messages that are there.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sockets::{Socket, serve};
use crate::town::{Person, Town};

async fn ticket(person: &Person) -> String {
    let answer = person.post("/api/chat/ticket/", &json!({})).await;
    let ticket = answer.expect(201);
    assert_eq!(ticket["expires_in"], 30);
    assert_eq!(answer.headers["cache-control"], "no-store");
    ticket["ticket"].as_str().unwrap().to_owned()
}

/// Opens all rooms of somebody.
async fn all(base: &str, person: &Person) -> (Socket, Value) {
    let mut socket = Socket::open(&format!("{base}/ws/?ticket={}", ticket(person).await), &[]).await.unwrap();
    let ready = socket.next("ready").await;
    (socket, ready)
}

#[tokio::test]
async fn one_socket_hears_all_rooms_also_those_that_open_later() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    let (mut his, ready) = all(&base, &minho).await;
    assert_eq!(ready["rooms"], json!({room.to_string(): 0}));
    assert!(ready["room_id"].is_null());
    jimin.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": "안녕"})).await.expect(201);
    let heard = his.next("message").await;
    assert_eq!((&heard["room_id"], &heard["seq"]), (&json!(room), &json!(1)));
    // On a socket of all rooms every frame says which one it is about.
    his.send(&json!({"message": "어디로?"})).await;
    assert_eq!(his.next("error").await["code"], "validation_failed");
    his.send(&json!({"type": "message", "room_id": room, "message": "여기로"})).await;
    assert_eq!(his.next("ack").await["room_id"], room);

    let sua = town.settled("sua", "F", &["M"]).await;
    sua.post(&format!("/api/matches/like/{}/", minho.id), &json!({})).await.expect(201);
    let liked = minho.post(&format!("/api/matches/like/{}/", sua.id), &json!({})).await.expect(201);
    assert_eq!(his.next("opened").await["room_id"], liked["room_id"]);
    let (mut hers, _) = all(&base, &sua).await;
    hers.send(&json!({"type": "message", "room_id": liked["room_id"], "message": "반가워요"})).await;
    while his.next("message").await["room_id"] != liked["room_id"] {}
    his.send(&json!({"type": "resume", "rooms": {room.to_string(): 1, liked["room_id"].to_string(): 0, "77": 3}}))
        .await;
    assert_eq!(his.next("closed").await["room_id"], 77, "a foreign room is one that is closed");
    for _ in 0..2 {
        his.next("resumed").await;
    }
    minho.post("/api/accounts/blocks/", &json!({"user_profile": sua.id})).await.expect(201);
    assert_eq!(his.next("closed").await["room_id"], liked["room_id"], "and the socket goes on");
    assert_eq!(hers.next("closed").await["room_id"], liked["room_id"]);
    his.send(&json!({"type": "ping"})).await;
    let pong = his.next("pong").await;
    assert_eq!(pong["rooms"].as_object().unwrap().len(), 1, "{pong}");
    hers.send(&json!({"type": "message", "room_id": liked["room_id"], "message": "왜?"})).await;
    assert_eq!(hers.next("error").await["code"], "room_not_found");
}

#[tokio::test]
async fn a_ticket_opens_one_socket_of_its_session() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    let used = ticket(&jimin).await;
    let url = format!("{base}/ws/chat/{room}/");
    let offered = format!("gpting.v1, ticket.{used}");
    let mut hers = Socket::open(&url, &[("sec-websocket-protocol", &offered)]).await.unwrap();
    assert_eq!(hers.1.as_deref(), Some("gpting.v1"), "and the ticket is not sent back");
    hers.next("ready").await;
    for wrong in [used.as_str(), "0", &"0".repeat(64)] {
        assert_eq!(Socket::open(&format!("{url}?ticket={wrong}"), &[]).await.err(), Some(401), "{wrong}");
    }
    // In the first frame too; and it is of no use to anybody else's room.
    let mut silent = Socket::open(&format!("{base}/ws/"), &[]).await.unwrap();
    silent.send(&json!({"type": "auth", "token": ticket(&minho).await})).await;
    assert_eq!(silent.next("ready").await["rooms"], json!({room.to_string(): 0}));
    let outsider = town.settled("outsider", "M", &["M"]).await;
    let foreign = Socket::open(&format!("{url}?ticket={}", ticket(&outsider).await), &[]).await;
    assert_eq!(foreign.err(), Some(404));

    let kept = ticket(&jimin).await;
    jimin.post("/api/accounts/logout/", &json!({"refresh": jimin.refresh})).await.expect(200);
    assert_eq!(Socket::open(&format!("{url}?ticket={kept}"), &[]).await.err(), Some(401), "its session has ended");
    let ended = tokio::time::timeout(Duration::from_secs(3), hers.closed()).await;
    assert_eq!(ended.unwrap(), 4401, "a socket by ticket belongs to the session too");
}

#[tokio::test]
async fn messages_are_taken_back_hidden_and_taken_along() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    let path = format!("/api/chat/rooms/{room}");
    for text in ["하나", "둘", "셋"] {
        jimin.post(&format!("{path}/messages/"), &json!({"content": text})).await.expect(201);
    }
    let (mut his, _) = all(&base, &minho).await;
    jimin.delete(&format!("{path}/messages/2/?for=all")).await.expect(200);
    let unsent = his.next("unsent").await;
    assert_eq!((&unsent["seq"], &unsent["revision"]), (&json!(2), &json!(1)));
    minho.delete(&format!("{path}/messages/3/")).await.expect(200);
    minho.delete(&format!("{path}/messages/1/?for=all")).await.refused(404, "not_found");
    jimin.delete(&format!("{path}/messages/1/?for=nobody")).await.refused(400, "validation_failed");
    for nowhere in ["0", "4", "x", "99999999999999999999"] {
        jimin.delete(&format!("{path}/messages/{nowhere}/?for=all")).await.refused(404, "not_found");
    }
    let seen = async |who: &Person| -> Vec<(u64, String, bool)> {
        let history = who.get(&format!("{path}/messages/")).await.expect(200);
        let of =
            |m: &Value| (m["seq"].as_u64().unwrap(), m["content"].as_str().unwrap().to_owned(), m["unsent"] == true);
        history.as_array().unwrap().iter().map(of).collect()
    };
    let (one, two, three) = ((1, "하나".to_owned(), false), (2, String::new(), true), (3, "셋".to_owned(), false));
    assert_eq!(seen(&jimin).await, [one.clone(), two.clone(), three]);
    assert_eq!(seen(&minho).await, [one, two]);
    let rooms = minho.get("/api/chat/rooms/").await.expect(200);
    assert_eq!((&rooms[0]["last_message"], &rooms[0]["last_seq"]), (&Value::Null, &json!(3)));
    let (mut again, ready) = all(&base, &minho).await;
    assert_eq!(ready["revisions"], json!({room.to_string(): 1}));
    again.send(&json!({"type": "resume", "rooms": {room.to_string(): 3}, "revisions": {room.to_string(): 0}})).await;
    assert_eq!(again.next("unsent").await["seq"], 2, "also whoever was away learns of it");
    again.send(&json!({"type": "resume", "rooms": {room.to_string(): 0}})).await;
    assert_eq!(again.next("message").await["seq"], 1);
    let tombstone = again.next("message").await;
    assert_eq!((&tombstone["seq"], &tombstone["message"], &tombstone["unsent"]), (&json!(2), &json!(""), &json!(true)));

    minho.put(&format!("{path}/mute/"), &json!({"muted": true})).await.expect(200);
    minho.put(&format!("{path}/mute/"), &json!({})).await.refused(400, "validation_failed");
    assert_eq!(minho.get("/api/chat/rooms/").await.expect(200)[0]["muted"], true);
    assert_eq!(jimin.get("/api/chat/rooms/").await.expect(200)[0]["muted"], false);
    let file = jimin.get(&format!("{path}/export/")).await;
    assert!(file.headers["content-disposition"].to_str().unwrap().contains("attachment"));
    let file = file.expect(200);
    assert_eq!((file["messages"].as_array().unwrap().len(), &file["is_cut"]), (3, &json!(false)));
    assert_eq!(file["partner"]["nickname"], "minho");
}

#[tokio::test]
async fn marks_typing_and_presence_are_told_as_far_as_they_are_meant() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let base = serve(&town).await;
    for text in ["하나", "둘", "셋"] {
        jimin.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": text})).await.expect(201);
    }
    let ((mut hers, _), (mut his, _)) = (all(&base, &jimin).await, all(&base, &minho).await);
    his.send(&json!({"type": "read", "room_id": room, "seq": 2, "private": true})).await;
    assert_eq!(his.next("read").await["seq"], 2, "to his own devices");
    his.send(&json!({"type": "read", "room_id": room, "seq": 1})).await;
    let told = hers.next("read").await;
    assert_eq!((&told["seq"], &told["member_id"], &told["is_mine"]), (&json!(1), &json!(minho.id), &json!(false)));
    for _ in 0..5 {
        his.send(&json!({"type": "typing", "room_id": room})).await;
        his.send(&json!({"type": "presence", "room_id": room})).await;
    }
    his.send(&json!({"type": "message", "room_id": room, "message": "넷"})).await;
    let mut told = Vec::new();
    loop {
        let frame = hers.receive().await.unwrap();
        match frame["type"].as_str().unwrap() {
            "message" => break,
            "typing" | "presence" => {
                assert_eq!((&frame["member_id"], &frame["ttl_ms"]), (&json!(minho.id), &json!(6000)));
                told.push(frame["type"].clone());
            }
            _ => {}
        }
    }
    assert_eq!(told, ["typing", "presence"], "once in three seconds");
    drop(his);
    assert_eq!(hers.next("presence").await["online"], false, "whoever leaves is not there any more");
}

#[tokio::test]
async fn a_socket_outlives_its_token_and_follows_its_member_to_another_session() {
    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let base = serve(&town).await;
    let (mut hers, _) = all(&base, &jimin).await;
    let again = jimin.log_in_again().await;
    hers.send(&json!({"type": "auth", "token": again.access})).await;
    hers.next("ready").await;
    jimin.post("/api/accounts/logout/", &json!({"refresh": jimin.refresh})).await.expect(200);
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    hers.send(&json!({"type": "message", "room_id": room, "message": "아직 여기"})).await;
    hers.next("ack").await;
    again.post("/api/accounts/logout/", &json!({"refresh": again.refresh})).await.expect(200);
    assert_eq!(hers.closed().await, 4401);
}
