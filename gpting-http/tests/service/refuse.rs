//! What is refused, and that every refusal and every answer has its documented shape.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gpting_http::{HttpOptions, PeerAddr, RateClass, RateKey, RateLimit};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::town::{Town, request};

#[tokio::test]
async fn unknown_paths_methods_and_media_types_are_told_apart() {
    let town = Town::new().await;
    let jimin = town.sign_up("jimin", "F").await;
    jimin.get("/api/nothing/").await.refused(404, "not_found");
    let method = jimin.delete("/api/accounts/preferences/").await;
    method.refused(405, "method_not_allowed");
    assert_eq!(method.headers["allow"], "GET, HEAD, PUT, OPTIONS");
    let xml = Request::put("/api/accounts/preferences/")
        .header("authorization", format!("Bearer {}", jimin.access))
        .header("content-type", "text/xml")
        .body("<a/>".to_owned());
    town.send(xml.unwrap()).await.refused(415, "unsupported_media_type");
    let options = town.ask(Method::OPTIONS, "/api/accounts/preferences/", &Value::Null).await;
    assert_eq!((options.status, &options.headers["allow"]), (204, &"GET, HEAD, PUT, OPTIONS".parse().unwrap()));
    let long = format!("/api/accounts/interests/?{}", "a".repeat(9_000));
    town.ask(Method::GET, &long, &Value::Null).await.refused(414, "uri_too_long");
}

#[tokio::test]
async fn nonsense_in_bodies_and_queries_is_named() {
    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let path = format!("/api/chat/rooms/{room}/messages/");
    let send = |body: &str| {
        let request = Request::post(&path)
            .header("authorization", format!("Bearer {}", jimin.access))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .unwrap();
        town.send(request)
    };
    for body in [
        "{",
        "[]",
        "null",
        "\"a\"",
        "{\"content\": 5}",
        "{\"content\": \"\\ud800\"}",
        "{}",
        "",
        "{\"content\": \"a\\u0000b\"}",
        "{\"content\": \"a\", \"content\": \"b\"}",
        "{\"content\": \"a\", \"client_msg_id\": \"x\"}",
    ] {
        let answer = send(body).await;
        let problem = answer.expect(400);
        assert!(["malformed", "validation_failed"].contains(&problem["code"].as_str().unwrap()), "{body}: {problem}");
    }
    let surrogate = send("{\"content\": \"\\ud800\"}").await.refused(400, "malformed");
    assert!(surrogate["errors"]["content"][0].is_string(), "{surrogate}");
    send(&format!("{{\"content\": \"{}\"}}", "a".repeat(70_000))).await.refused(413, "body_too_large");
    let too_long = send(&format!("{{\"content\": \"{}\"}}", "가".repeat(4_001))).await;
    assert!(too_long.refused(400, "validation_failed")["errors"]["content"][0].is_string());
    for query in
        ["limit=0", "limit=101", "limit=x", "limit=1&limit=2", "cursor=x.y", "cursor=%ff", "limit=%00", "limit=%f"]
    {
        let answer = jimin.get(&format!("/api/matches/?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
    jimin.get("/api/matches/friend-requests/?direction=sideways").await.refused(400, "validation_failed");
    jimin.get("/api/matches/recommended/?relax=taste").await.refused(400, "validation_failed");
}

#[tokio::test]
async fn what_is_not_ones_own_does_not_exist() {
    let town = Town::new().await;
    let (jimin, _, room) = town.couple().await;
    let outsider = town.settled("outsider", "M", &["M"]).await;
    for id in [
        room.to_string(),
        "4503599627370497".to_owned(),
        "abc".to_owned(),
        "-1".to_owned(),
        "99999999999999999999".to_owned(),
    ] {
        outsider.get(&format!("/api/chat/rooms/{id}/messages/")).await.refused(404, "room_not_found");
    }
    for id in [jimin.id.to_string(), "4503599627370497".to_owned(), "1.5".to_owned(), "%00".to_owned()] {
        let problem = outsider.get(&format!("/api/accounts/profile/{id}/")).await.refused(404, "member_not_found");
        assert_eq!(problem["message"], "유저 프로필을 찾을 수 없습니다.");
    }
    outsider.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await.refused(404, "member_not_found");
    jimin.post("/api/matches/like/", &json!({"user_profile": jimin.id})).await.refused(400, "self_action");
    let sessions = jimin.get("/api/accounts/sessions/").await.expect(200);
    outsider.delete(&format!("/api/accounts/sessions/{}/", sessions[0]["id"])).await.refused(404, "not_found");
}

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let options = HttpOptions { allowed_origins: vec!["https://app.example".to_owned()], ..HttpOptions::default() };
    let town = Town::with(options).await;
    let answer = town.ask(Method::GET, "/healthz", &Value::Null).await;
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let english = Request::get("/api/accounts/profile/").header("accept-language", "en").body(String::new()).unwrap();
    let problem = town.send(english).await.refused(401, "token_invalid");
    assert_eq!(problem["message"], "Please log in.");
    let preflight = Request::options("/api/accounts/profile/")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "PATCH")
        .body(String::new());
    let preflight = town.send(preflight.unwrap()).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.headers["access-control-allow-origin"], "https://app.example");
    let foreign = Request::get("/healthz").header("origin", "https://evil.example").body(String::new()).unwrap();
    assert!(town.send(foreign).await.headers.get("access-control-allow-origin").is_none());
    let docs = town.ask(Method::GET, "/docs/", &Value::Null).await;
    assert!(docs.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(docs.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    let head = town.send(Request::head("/openapi.json").body(String::new()).unwrap()).await;
    assert!(
        head.body.is_empty() && head.headers["content-length"].to_str().unwrap().parse::<usize>().unwrap() > 10_000
    );
    let named = Request::get("/healthz").header("x-request-id", "gw-7").body(String::new()).unwrap();
    assert_eq!(town.send(named).await.headers["x-request-id"], "gw-7");
}

#[derive(Debug, Default)]
struct Three(AtomicUsize);

impl RateLimit for Three {
    fn check(&self, class: RateClass, key: &RateKey) -> Result<(), Duration> {
        assert!(matches!((class, key), (RateClass::Login, RateKey::Addr(_))), "{class:?} {key:?}");
        if self.0.fetch_add(1, Ordering::Relaxed) < 3 { Ok(()) } else { Err(Duration::from_secs(7)) }
    }
}

#[tokio::test]
async fn who_calls_too_often_is_told_to_wait() {
    let options = HttpOptions { rate_limit: Some(Arc::new(Three::default())), ..HttpOptions::default() };
    let town = Town::with(options).await;
    for attempt in 0..4 {
        let login = json!({"username": "nobody", "password": "nonsense"});
        let mut request = request(Method::POST, "/api/accounts/login/", None, &login);
        request.extensions_mut().insert(PeerAddr("9.9.9.9:1".parse().unwrap()));
        let answer = town.send(request).await;
        if attempt < 3 {
            answer.refused(400, "wrong_credentials");
        } else {
            answer.refused(429, "too_many");
            assert_eq!(answer.headers["retry-after"], "7");
        }
    }
}

#[tokio::test]
async fn a_stopping_service_is_not_ready_but_still_answers() {
    let town = Town::new().await;
    assert_eq!(town.ask(Method::GET, "/readyz", &Value::Null).await.expect(200)["status"], "ok");
    town.service.drain().begin();
    town.ask(Method::GET, "/readyz", &Value::Null).await.refused(503, "draining");
    assert_eq!(town.ask(Method::GET, "/healthz", &Value::Null).await.status, 200);
    town.service.drain().done().await;
}
