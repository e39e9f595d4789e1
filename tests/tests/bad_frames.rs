//! Nonsense through a socket: a malformed frame gets an error frame and the socket lives; who has no right to a
//! room learns nothing of it, not even whether it exists.

use gpting_tests::socket::SOON;
use gpting_tests::{Person, Server, Settings, Socket};
use serde_json::{Value, json};

/// An id that nobody has: ids are random, this one is as good as any.
const NOBODY: u64 = 4_503_599_627_370_497;

#[tokio::test]
async fn a_malformed_frame_gets_an_error_and_the_socket_lives() {
    let server = Server::start(Settings::sqlite()).await;
    let person = Person::sign_up_complete(&server, "person", "F", &["M"]).await;
    let partner = Person::sign_up_complete(&server, "partner", "M", &["F"]).await;
    let own = person.match_with(&partner).await;
    let outsider = Person::sign_up_complete(&server, "outsider", "M", &["M"]).await;
    {
        let url = format!("{}/ws/chat/{}/?token={}", server.socket_url(), own, person.access);
        let mut socket = Socket::open(&url, &[]).await.expect("a participant may enter");
        socket.next_of_type("ready", SOON).await;
        for frame in malformed_frames(own) {
            socket.send_text(&frame).await;
            let answer = socket.find(SOON, |frame| frame["type"] == "error").await;
            let shown: String = frame.chars().take(80).collect();
            let answer = answer.unwrap_or_else(|| panic!("no error frame for {shown}"));
            assert!(answer["code"].as_str().is_some_and(|code| !code.is_empty()), "{shown}: {answer}");
            socket.send(&json!({"type": "message", "room_id": own, "message": "alive"})).await;
            let alive = socket.find(SOON, |frame| frame["type"] == "message" && frame["message"] == "alive").await;
            assert!(alive.is_some(), "the socket is dead after {shown}");
        }
    }
    for room in [own, NOBODY] {
        let url = format!("{}/ws/chat/{room}/?token={}", server.socket_url(), outsider.access);
        assert_eq!(turned_away(&url).await, 404, "a stranger's room and none are the same");
    }
    for token in ["", "nonsense", &partner.refresh] {
        let url = format!("{}/ws/chat/{}/?token={token}", server.socket_url(), own);
        assert_eq!(turned_away(&url).await, 401, "`{token}` opens no socket");
    }
}

/// How a socket is refused: the status before the upgrade, or the close code after it, less the 4000.
async fn turned_away(url: &str) -> u16 {
    match Socket::open(url, &[]).await {
        Err(status) => status,
        Ok(mut socket) => {
            let code = socket.closed(SOON).await;
            assert!(!matches!(code, None | Some(0..4000)), "the socket stayed open or broke: {code:?}");
            code.unwrap_or_default() - 4000
        }
    }
}

fn malformed_frames(room: u64) -> Vec<String> {
    let mut frames: Vec<String> = [
        json!([]),
        json!({}),
        json!(null),
        json!({"type": "nonsense"}),
        json!({"type": 5}),
        json!({"type": "message", "room_id": room}),
        json!({"message": 5}),
        json!({"type": "message", "room_id": room, "message": {"a": 1}}),
        json!({"type": "message", "room_id": room, "message": ""}),
        json!({"type": "message", "room_id": room, "message": "가".repeat(4_001)}),
        json!({"type": "message", "room_id": room, "message": "a", "client_msg_id": [1]}),
        json!({"type": "message", "room_id": NOBODY, "message": "a"}),
        json!({"type": "message", "room_id": -1, "message": "a"}),
        json!({"type": "message", "room_id": "x", "message": "a"}),
        json!({"type": "read", "room_id": room, "seq": "x"}),
        json!({"type": "read", "room_id": room, "seq": -1}),
        json!({"type": "read", "room_id": NOBODY, "seq": 1}),
        json!({"type": "resume"}),
        json!({"type": "resume", "epoch": 1, "rooms": []}),
    ]
    .iter()
    .map(Value::to_string)
    .collect();
    let raw = [
        "hello",
        "",
        "{",
        r#"{"message": "\ud800"}"#,
        r#"{"type": "message", "room_id": 99999999999999999999, "message": "a"}"#,
        r#"{"type": "read", "seq": 1e999}"#,
    ];
    frames.extend(raw.map(str::to_owned));
    frames.push("[".repeat(20_000));
    frames
}
