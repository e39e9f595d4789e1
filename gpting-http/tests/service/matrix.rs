//! Every route, tried by nobody and by somebody who has nothing to do with what it names.

use gpting_http::{Access, ObjectClass, routes};
use serde_json::Value;

use crate::town::Town;

#[tokio::test]
async fn no_route_for_members_answers_anybody_else() {
    let town = Town::new().await;
    let rows = routes();
    assert!(rows.len() >= 60, "{}", rows.len());
    for row in rows {
        let path = row.path.replace("{id}", "7");
        let answer = town.ask(row.method.clone(), &path, &Value::Null).await;
        let name = format!("{} {}", row.method, row.path);
        match row.access {
            Access::Member if row.path.starts_with("/ws/") => assert_eq!(answer.status, 426, "{name}"),
            Access::Member => assert_eq!(answer.status, 401, "{name}"),
            Access::Signed => assert_eq!(answer.status, 404, "{name}"),
            Access::Public => assert!(![401, 403, 404].contains(&answer.status) && answer.status < 500, "{name}"),
        }
    }
}

#[tokio::test]
async fn a_strangers_object_is_the_same_as_none() {
    let town = Town::new().await;
    let (jimin, minho, room) = town.couple().await;
    let outsider = town.settled("outsider", "M", &["M"]).await;
    minho.post("/api/matches/friend-request/send/", &serde_json::json!({"to_user": jimin.id})).await.expect(201);
    let requests = jimin.get("/api/matches/friend-requests/").await.expect(200);
    let sessions = jimin.get("/api/accounts/sessions/").await.expect(200);
    for row in routes() {
        let theirs = match row.object {
            ObjectClass::MemberInPath => jimin.id.to_string(),
            ObjectClass::Room => room.to_string(),
            ObjectClass::FriendRequest => requests[0]["id"].to_string(),
            ObjectClass::Session => sessions[0]["id"].to_string(),
            ObjectClass::Photo | ObjectClass::Nothing | ObjectClass::Own | ObjectClass::MemberInBody => continue,
        };
        if row.path.starts_with("/ws/") {
            continue;
        }
        // A body that every one of these takes.
        let body = serde_json::json!({"content": "a", "seq": 1, "action": "accept", "muted": true});
        let body = if row.method == http::Method::GET { &Value::Null } else { &body };
        let path = |id: &str| row.path.replace("{id}", id).replace("{seq}", "1");
        let first = outsider.call(row.method.clone(), &path(&theirs), body).await;
        let second = outsider.call(row.method.clone(), &path("4503599627370497"), body).await;
        let name = format!("{} {}", row.method, row.path);
        assert_eq!(
            (first.status, first.json()["code"].clone()),
            (second.status, second.json()["code"].clone()),
            "{name}"
        );
        assert_eq!(first.status, 404, "{name}");
    }
}
