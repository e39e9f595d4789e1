//! Who may do what: every route of the table, tried by everybody it could matter to.
//!
//! One person (the target) and six callers: nobody, a stranger, somebody the target has blocked, somebody unmatched,
//! somebody whose account is deleted, and the target's partner. The rows below say what each gets; a route without a
//! row, and a row without a route, fail the test.

use std::collections::BTreeSet;

use gpting_http::{Access, RouteRow, routes};
use gpting_tests::postgres::Postgres;
use gpting_tests::{Person, Server, Settings, Socket};
use http::Method;
use serde_json::{Value, json};

/// What a route answers to: anonymous, stranger, blocked, unmatched, deleted, partner.
type Answers = [u16; 6];

const ANONYMOUS: usize = 0;
const PARTNER: usize = 5;
const NAMES: [&str; 6] = ["anonymous", "stranger", "blocked", "unmatched", "deleted", "partner"];

/// Public: the same for everybody.
const fn all(status: u16) -> Answers {
    [status; 6]
}

/// One's own: nobody without a living session, everybody else alike.
const fn own(status: u16) -> Answers {
    [401, status, status, status, 401, status]
}

/// About the target: 404 for whoever may not know them.
const fn about(unmatched: u16, partner: u16) -> Answers {
    [401, 404, 404, unmatched, 401, partner]
}

/// Somebody else's object: it does not exist, whoever asks.
const FOREIGN: Answers = own(404);

/// The rows, in the order in which they are tried: what ends something comes last.
#[rustfmt::skip]
const ROWS: &[(&str, &str, Answers)] = &[
    ("GET",    "/api/accounts/current-user/",               own(200)),
    ("GET",    "/api/accounts/profile/",                    own(200)),
    ("PUT",    "/api/accounts/profile/",                    own(200)),
    ("PATCH",  "/api/accounts/profile/",                    own(200)),
    ("PUT",    "/api/accounts/profile/update/",             own(200)),
    ("PATCH",  "/api/accounts/profile/update/",             own(200)),
    ("POST",   "/api/accounts/profile/update/",             own(200)),
    ("PUT",    "/api/accounts/profile/update-info/",        own(200)),
    ("PATCH",  "/api/accounts/profile/update-info/",        own(200)),
    ("POST",   "/api/accounts/profile/update-info/",        own(200)),
    ("GET",    "/api/accounts/profile/{id}/",               about(404, 200)),
    ("POST",   "/api/accounts/profile/coach/",              own(200)),
    ("GET",    "/api/accounts/profile/location/",           own(200)),
    ("POST",   "/api/accounts/profile/location/",           own(201)),
    ("POST",   "/api/accounts/profile/photos/",             own(400)), // no picture in the body
    ("PUT",    "/api/accounts/profile/photos/",             own(200)),
    ("DELETE", "/api/accounts/profile/photos/{id}/",        FOREIGN),
    ("GET",    "/api/accounts/profile/suggestions/",        own(200)),
    ("GET",    "/api/accounts/preferences/",                own(200)),
    ("PUT",    "/api/accounts/preferences/",                own(200)),
    ("GET",    "/api/accounts/visibility/",                 own(200)),
    ("PUT",    "/api/accounts/visibility/",                 own(200)),
    ("GET",    "/api/accounts/interests/",                  all(200)),
    ("GET",    "/api/accounts/attributes/",                 all(200)),
    ("GET",    "/api/accounts/questions/",                  all(200)),
    ("GET",    "/api/accounts/answers/",                    own(200)),
    ("PUT",    "/api/accounts/answers/",                    own(200)),
    ("GET",    "/api/accounts/consents/",                   own(200)),
    ("PUT",    "/api/accounts/consents/",                   own(200)),
    ("GET",    "/api/accounts/blocks/",                     own(200)),
    ("DELETE", "/api/accounts/blocks/{id}/",                FOREIGN), // nobody here blocks the target
    ("GET",    "/api/accounts/sessions/",                   own(200)),
    ("DELETE", "/api/accounts/sessions/{id}/",              FOREIGN),
    ("GET",    "/api/matches/recommended/",                 own(200)),
    ("GET",    "/api/matches/recommended/reach/",           own(200)),
    ("GET",    "/api/matches/compatibility/{id}/",          about(404, 200)),
    ("GET",    "/api/matches/openers/{id}/",                about(404, 200)),
    ("GET",    "/api/matches/likes-received/",              own(200)),
    ("GET",    "/api/matches/new/",                         own(200)),
    ("GET",    "/api/matches/",                             own(200)),
    ("GET",    "/api/matches/friend-requests/",             own(200)),
    ("GET",    "/api/matches/friends/",                     own(200)),
    ("POST",   "/api/matches/like/",                        about(409, 200)),
    ("POST",   "/api/matches/like/{id}/",                   about(409, 200)),
    ("POST",   "/api/matches/pass/",                        about(200, 409)),
    ("PUT",    "/api/matches/friend-request/respond/{id}/", FOREIGN), // asked of the target by somebody else
    ("PATCH",  "/api/matches/friend-request/respond/{id}/", FOREIGN),
    ("POST",   "/api/matches/friend-request/send/",         about(409, 201)),
    ("DELETE", "/api/matches/friends/{id}/",                about(409, 409)), // not friends yet
    ("GET",    "/api/chat/rooms/",                          own(200)),
    ("GET",    "/api/chat/recent/",                         own(200)),
    ("POST",   "/api/chat/rooms/create/{id}/",              about(404, 200)),
    ("GET",    "/api/chat/rooms/{id}/messages/",            about(404, 200)),
    ("POST",   "/api/chat/rooms/{id}/messages/",            about(404, 201)),
    ("POST",   "/api/chat/rooms/{id}/read/",                about(404, 200)),
    ("DELETE", "/api/chat/rooms/{id}/messages/{seq}/",      about(404, 200)), // hidden for oneself
    ("PUT",    "/api/chat/rooms/{id}/mute/",                about(404, 200)),
    ("GET",    "/api/chat/rooms/{id}/export/",              about(404, 200)),
    ("POST",   "/api/chat/ticket/",                         own(201)),
    ("GET",    "/ws/",                                      own(101)),
    ("GET",    "/ws/chat/{id}/",                            about(404, 101)),
    ("GET",    "/media/photos/{id}",                        all(404)), // without a signature
    ("GET",    "/media/default-profile.svg",                all(200)),
    ("GET",    "/openapi.json",                             all(200)),
    ("GET",    "/docs/",                                    all(200)),
    ("GET",    "/docs/style.css",                           all(200)),
    ("GET",    "/docs/frames.schema.json",                  all(200)),
    ("GET",    "/healthz",                                  all(200)),
    ("GET",    "/readyz",                                   all(200)),
    ("GET",    "/.well-known/jwks.json",                    all(200)),
    ("POST",   "/api/accounts/signup/",                     all(400)), // an empty form
    ("POST",   "/api/accounts/verify-email/",               all(400)),
    ("POST",   "/api/accounts/verify-email/resend/",        all(400)),
    ("POST",   "/api/accounts/login/",                      all(400)),
    ("POST",   "/api/accounts/token/",                      all(400)),
    ("POST",   "/api/accounts/token/refresh/",              all(400)),
    ("POST",   "/api/accounts/logout/",                     all(400)),
    // Reporting stays open to whoever has had to do with somebody, however it ended.
    ("POST",   "/api/accounts/reports/",                    [401, 404, 201, 201, 401, 201]),
    ("POST",   "/api/matches/undo/",                        own(409)),
    ("DELETE", "/api/accounts/profile/location/",           own(200)),
    // What ends something.
    ("DELETE", "/api/matches/{id}/",                        about(200, 200)),
    ("POST",   "/api/accounts/blocks/",                     about(201, 201)),
    ("DELETE", "/api/accounts/sessions/",                   own(200)),
    ("POST",   "/api/accounts/deactivate/",                 own(200)),
    ("POST",   "/api/accounts/delete/",                     own(200)),
];

/// The target and what belongs to them.
struct Target {
    person: Person,
    session: u64,
    photo: u64,
    request: u64,
}

#[tokio::test]
async fn every_route_knows_who_may_on_sqlite() {
    every_route_knows_who_may(Settings::sqlite()).await;
}

#[tokio::test]
async fn every_route_knows_who_may_on_postgres() {
    let database = Postgres::shared().database("authorization").await;
    every_route_knows_who_may(Settings::postgres(&database.url)).await;
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let table: BTreeSet<(String, &str)> =
        routes().into_iter().map(|RouteRow { method, path, .. }| (method.to_string(), path)).collect();
    let rows: BTreeSet<(String, &str)> = ROWS.iter().map(|(method, path, _)| ((*method).to_owned(), *path)).collect();
    assert_eq!(rows.len(), ROWS.len(), "a route has two rows");
    let (missing, stale): (Vec<_>, Vec<_>) = (table.difference(&rows).collect(), rows.difference(&table).collect());
    assert!(
        missing.is_empty() && stale.is_empty(),
        "routes without a row: {missing:?}; rows without a route: {stale:?}"
    );
    for row in routes().iter().filter(|row| row.access == Access::Member) {
        let (_, _, answers) =
            ROWS.iter().find(|(method, path, _)| row.method == *method && row.path == *path).expect("seen above");
        assert_eq!((answers[0], answers[4]), (401, 401), "{} {} is for members", row.method, row.path);
    }
}

async fn every_route_knows_who_may(settings: Settings) {
    let server = Server::start(settings.with("GPTING_RATE_LIMITS", "off")).await;
    let (target, mut callers, rooms) = town(&server).await;
    let mut wrong = Vec::new();
    for (method, path, wanted) in ROWS {
        for (place, caller) in callers.iter_mut().enumerate() {
            // An earlier row has ended this caller's session: that is what it was for.
            if place != ANONYMOUS && place != 4 && caller.get("/api/accounts/current-user/").await.status == 401 {
                caller.log_in().await;
            }
            let status = call(&server, caller, method, path, &target, rooms[place]).await;
            let wanted = wanted[place];
            if status != wanted {
                wrong.push(format!("{method} {path} as {}: {status} instead of {wanted}", NAMES[place]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells of {} are wrong:\n{}", wrong.len(), ROWS.len() * 6, wrong.join("\n"));
}

/// The six callers in the order of the columns, and the room each would try.
async fn town(server: &Server) -> (Target, Vec<Person>, [u64; 6]) {
    let person = Person::sign_up_complete(server, "target", "F", &["M"]).await;
    let mut callers = Vec::new();
    for name in NAMES {
        // The stranger wants to meet men: the two are never proposed to each other.
        let wants: &[&str] = if name == "stranger" { &["M"] } else { &["F"] };
        callers.push(Person::sign_up_complete(server, name, "M", wants).await);
    }
    let asker = Person::sign_up_complete(server, "asker", "M", &["F"]).await;
    let mut rooms = [0; 6];
    for place in [2, 3, 4, PARTNER] {
        rooms[place] = person.match_with(&callers[place]).await;
    }
    rooms[ANONYMOUS] = rooms[PARTNER];
    rooms[1] = rooms[PARTNER];
    person.post("/api/accounts/blocks/", &json!({"user_profile": callers[2].id})).await.expect(201);
    person.delete(&format!("/api/matches/{}/", callers[3].id)).await.expect(200);
    callers[4].post("/api/accounts/delete/", &json!({})).await.expect(200);
    let asked = asker.post("/api/matches/friend-request/send/", &json!({"to_user": person.id})).await.expect(201);
    let sessions = person.get("/api/accounts/sessions/").await.expect(200);
    let target = Target {
        session: sessions[0]["id"].as_u64().expect("a session has an id"),
        photo: upload(&person).await,
        request: asked["id"].as_u64().expect("a request has an id"),
        person,
    };
    callers[ANONYMOUS].access.clear();
    (target, callers, rooms)
}

async fn upload(person: &Person) -> u64 {
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(8, 8).write_to(&mut png, image::ImageFormat::Png).expect("a small picture");
    let part = reqwest::multipart::Part::bytes(png.into_inner()).file_name("me.png").mime_str("image/png");
    let form = reqwest::multipart::Form::new().part("photo", part.expect("a media type"));
    let request = person.request(Method::POST, "/api/accounts/profile/photos/").multipart(form);
    let photo = person.send(request).await.expect(201);
    photo["id"].as_u64().expect("a photo has an id")
}

async fn call(server: &Server, caller: &Person, method: &str, path: &str, target: &Target, room: u64) -> u16 {
    let id = if path.contains("/photos/") {
        target.photo
    } else if path.contains("/sessions/") {
        target.session
    } else if path.contains("/respond/") {
        target.request
    } else if path.contains("/rooms/{id}/") || path.starts_with("/ws/") {
        room
    } else {
        target.person.id
    };
    let path = path.replace("{id}", &id.to_string()).replace("{seq}", "1");
    if path.starts_with("/ws/") {
        // A socket without any header may still say who it is in its first frame; a wrong header is refused at once.
        let bearer = format!("Bearer {}", if caller.access.is_empty() { "nobody" } else { &caller.access });
        return match Socket::open(&format!("{}{path}", server.socket_url()), &[("authorization", &bearer)]).await {
            Ok(_) => 101,
            Err(status) => status,
        };
    }
    let request = caller.request(method.parse().expect("a method"), &path);
    let request = if method == "GET" || method == "DELETE" { request } else { request.json(&body(&path, target)) };
    let answer = caller.send(request).await;
    assert!(answer.status < 500, "{method} {path}: {}", answer.status);
    answer.status
}

/// A sound body for a path, about the target.
fn body(path: &str, target: &Target) -> Value {
    let id = target.person.id;
    match path {
        "/api/accounts/profile/location/" => json!({"location": "서울 마포구"}),
        "/api/accounts/answers/" => json!({"answers": [{"question": "rhythm", "choice": "morning"}]}),
        "/api/accounts/consents/" => json!({"location": true}),
        "/api/accounts/profile/photos/" => json!({"order": []}),
        "/api/accounts/blocks/" | "/api/matches/like/" | "/api/matches/pass/" => json!({"user_profile": id}),
        "/api/accounts/reports/" => json!({"user_profile": id, "reason": "spam"}),
        "/api/matches/friend-request/send/" => json!({"to_user": id}),
        _ if path.contains("/respond/") => json!({"action": "reject"}),
        _ if path.ends_with("/messages/") => json!({"content": "안녕하세요"}),
        _ if path.ends_with("/read/") => json!({"seq": 1}),
        _ if path.ends_with("/mute/") => json!({"muted": true}),
        _ => json!({}),
    }
}
