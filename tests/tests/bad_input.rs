//! Nonsense of every kind, at every endpoint that the server documents.
//!
//! The endpoints come from the served `/openapi.json`, so none is forgotten. Whatever is sent: no answer is the
//! server's own fault, every refusal has its documented shape, hopeless input is refused, a socket answers a
//! malformed frame with an error frame and lives on, and somebody else's object is the same as none.

use gpting_tests::operation::{Operation, operations, sample, spoil};
use gpting_tests::postgres::Postgres;
use gpting_tests::{Answer, Person, Registration, Server, Settings};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// An id that nobody has: ids are random, this one is as good as any.
const NOBODY: u64 = 4_503_599_627_370_497;

#[tokio::test]
async fn nonsense_is_refused_on_sqlite() {
    nonsense_is_refused(Settings::sqlite()).await;
}

/// Not the same again: a text with NUL, for one, is a server error only where the database cannot hold it.
#[tokio::test]
async fn nonsense_is_refused_on_postgres() {
    let database = Postgres::shared().database("bad input").await;
    nonsense_is_refused(Settings::postgres(&database.url)).await;
}

async fn nonsense_is_refused(settings: Settings) {
    let server = Server::start(settings).await;
    let mut probe = Probe::new(&server).await;
    let document = probe.person.get("/openapi.json").await.expect(200);
    let documented = operations(&document);
    let mut all = documented.clone();
    // Aliases lead to the same handlers; a socket is not opened by a plain request.
    all.retain(|operation| !operation.deprecated && !operation.path.starts_with("/ws/"));
    assert!(all.len() >= 60, "only {} operations are documented", all.len());
    assert!(all.iter().filter(|operation| operation.secured).count() >= 45, "the document says who needs a token");
    // What ends a session, a room or an account comes last, so that the others meet whole objects.
    let ends = |operation: &Operation| {
        let words = ["block", "deactivate", "delete", "logout", "password", "sessions", "visibility", "report"];
        operation.method == "DELETE" || words.iter().any(|word| operation.path.contains(word))
    };
    all.sort_by_key(ends);

    let outsider = Outsider::new(&server, &probe).await;
    for operation in &all {
        outsider.knock(operation, &mut probe.faults).await;
    }
    for operation in &all {
        if operation.secured {
            probe.without_right(operation).await;
        }
        probe.wrong_places(operation).await;
        probe.wrong_bodies(operation).await;
        probe.recover(&server).await;
    }
    probe.wrong_methods(&all, &documented).await;

    let (count, tried) = (probe.faults.len(), probe.tried);
    assert!(tried > 1_000, "only {tried} requests were tried");
    probe.faults.truncate(60);
    assert!(count == 0, "{count} faults in {tried} requests:\n{}", probe.faults.join("\n"));
}

/// Somebody with a partner and a room, who sends the nonsense.
struct Probe {
    person: Person,
    partner: Person,
    room: u64,
    /// Tokens that are none: the name of the case, the header.
    forged: Vec<(&'static str, Option<String>)>,
    faults: Vec<String>,
    tried: usize,
}

impl Probe {
    async fn new(server: &Server) -> Self {
        let person = Person::sign_up_complete(server, "probe", "F", &["M"]).await;
        let partner = Person::sign_up_complete(server, "partner", "M", &["F"]).await;
        let room = person.match_with(&partner).await;
        person.post(&format!("/api/chat/rooms/{room}/messages/"), &json!({"content": "first"})).await.expect(201);

        let mut gone = partner.clone();
        gone.log_in().await;
        gone.post("/api/accounts/logout/", &json!({"refresh": gone.refresh})).await.expect(200);
        let unsigned = person.access.split('.').nth(1).unwrap_or_default();
        let header = |token: &str| Some(format!("Bearer {token}"));
        let forged = vec![
            ("no token", None),
            ("nonsense for a token", header("nonsense")),
            ("an ended session's token", header(&gone.access)),
            ("a refresh token", header(&partner.refresh)),
            // {"alg":"none","typ":"at+jwt"}
            ("an unsigned token", header(&format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{unsigned}."))),
            ("another scheme", Some("Basic cHJvYmU6cHJvYmU=".to_owned())),
        ];
        Self { person, partner, room, forged, faults: Vec::new(), tried: 0 }
    }

    /// Sends; notes whatever is wrong with the answer, and an answer that `wanted` does not want.
    async fn send(&mut self, case: &str, request: RequestBuilder, wanted: impl Fn(u16) -> bool) {
        self.tried += 1;
        let fault = match self.person.try_send(request).await {
            Ok(answer) if !wanted(answer.status) => Some(format!("{case}: not what was promised: {answer}")),
            Ok(answer) => answer.fault().map(|fault| format!("{case}: {fault}: {answer}")),
            Err(error) => Some(format!("{case}: no answer: {error:?}")),
        };
        self.faults.extend(fault);
    }

    /// A path with the probe's own objects in it.
    fn own_path(&self, operation: &Operation) -> String {
        fill(&operation.path, |segment| match segment {
            "rooms" => self.room.to_string(),
            "messages" => "1".to_owned(),
            "sessions" | "photos" | "respond" => NOBODY.to_string(),
            _ => self.partner.id.to_string(),
        })
    }

    async fn without_right(&mut self, operation: &Operation) {
        let path = self.own_path(operation);
        for (case, header) in self.forged.clone() {
            let mut anonymous = self.person.clone();
            anonymous.access.clear();
            let mut request = with_sample(anonymous.request(method(operation), &path), operation);
            if let Some(header) = header {
                request = request.header("authorization", header);
            }
            self.send(&named(operation, case), request, |status| status == 401).await;
        }
    }

    /// Nonsense in the path and in the query.
    async fn wrong_places(&mut self, operation: &Operation) {
        let own = self.own_path(operation);
        for parameter in &operation.parameters {
            let values = ["99999999999999999999", "abc", "1.5", "-1", "0", "", "%00", "%ff", "%F0%9F%92%98", "a%2fb"];
            for value in values {
                if parameter.in_path && value.is_empty() {
                    continue;
                }
                let hopeless = match value {
                    "99999999999999999999" | "abc" | "1.5" => parameter.integer || parameter.name == "cursor",
                    _ => false,
                };
                let path = if parameter.in_path {
                    let mark = format!("{{{}}}", parameter.name);
                    let spoilt = operation.path.replace(&mark, value);
                    fill(&spoilt, |segment| if segment == "rooms" { self.room.to_string() } else { "1".to_owned() })
                } else {
                    format!("{own}?{}={value}", parameter.name)
                };
                let request = with_sample(self.person.request(method(operation), &path), operation);
                let case = named(operation, &format!("{} is `{value}`", parameter.name));
                self.send(&case, request, |status| !hopeless || (400..500).contains(&status)).await;
            }
        }
        if operation.method == "GET" && operation.path.contains('{') {
            let path = fill(&operation.path, |_| NOBODY.to_string());
            let request = self.person.request(Method::GET, &path);
            self.send(&named(operation, "an unknown id"), request, |status| status == 404).await;
        }
    }

    /// Nonsense in the body.
    async fn wrong_bodies(&mut self, operation: &Operation) {
        let Some(body) = &operation.body else { return };
        let path = self.own_path(operation);
        let request = |person: &Person| person.request(method(operation), &path);
        for spoilt in body.schema.iter().flat_map(spoil) {
            let request = request(&self.person).header("content-type", "application/json").body(spoilt.text);
            let refused = |status| !spoilt.hopeless || (400..500).contains(&status);
            self.send(&named(operation, &spoilt.name), request, refused).await;
        }
        let wrong = request(&self.person).header("content-type", "text/xml").body("<message/>");
        let only_415 = !operation.path.contains('{');
        let refused = |status: u16| !body.required || status == 415 || (!only_415 && (400..500).contains(&status));
        self.send(&named(operation, "XML"), wrong, refused).await;
        let huge = request(&self.person).header("content-type", "application/json").body(" ".repeat(200_000));
        // The server may stop reading and close; then there is no answer to look at, which is fine too.
        if let Ok(answer) = self.person.try_send(huge).await {
            let case = named(operation, "200 kB of spaces");
            self.faults.extend(answer.fault().map(|fault| format!("{case}: {fault}: {answer}")));
        }
        for kind in body.media.iter().filter(|media| !media.contains("json")) {
            let takes_a_picture = body.schema.as_ref().is_some_and(|schema| {
                ["\"photo\"", "profile_picture"].iter().any(|field| schema.to_string().contains(field))
            });
            for (case, header, bytes) in broken_uploads(kind, takes_a_picture) {
                let request = request(&self.person).header("content-type", header).body(bytes);
                let hopeless = !kind.contains("urlencoded");
                let refused = |status| !hopeless || (400..500).contains(&status);
                self.send(&named(operation, case), request, refused).await;
            }
        }
    }

    /// A method that a path does not have is refused with the ones it has.
    async fn wrong_methods(&mut self, all: &[Operation], documented: &[Operation]) {
        for (at, operation) in all.iter().enumerate() {
            let path = &operation.path;
            // `/matches/{id}/` and `/matches/new/` overlap: there the other one's methods may answer.
            let overlaps = documented.iter().any(|one| one.path != *path && same_shape(&one.path, path));
            if overlaps || all[..at].iter().any(|one| one.path == *path) {
                continue;
            }
            for other in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                if !documented.iter().any(|one| one.path == *path && one.method == other.as_str()) {
                    let case = format!("{other} {path}: no such method");
                    let request = self.person.request(other, &self.own_path(operation)).json(&json!({}));
                    self.send(&case, request, |status| status == 405).await;
                }
            }
        }
    }

    /// Some nonsense is accepted and ends the session or the account: then the probe comes back.
    async fn recover(&mut self, server: &Server) {
        if self.person.get("/api/accounts/current-user/").await.status == 200 {
            return;
        }
        let Registration { username, password, .. } = &self.person.registration;
        let login = json!({"username": username, "password": password});
        let answer = self.person.post("/api/accounts/login/", &login).await;
        if answer.status == 200 {
            self.person.take_tokens(&answer.json());
        } else {
            self.person = Person::sign_up_complete(server, "probe", "F", &["M"]).await;
        }
    }
}

/// Somebody whom nobody is shown to, and who knows the ids of the others.
struct Outsider {
    person: Person,
    room: u64,
    member: u64,
    session: Value,
    friend_request: Value,
}

impl Outsider {
    async fn new(server: &Server, probe: &Probe) -> Self {
        let person = Person::sign_up_complete(server, "outsider", "M", &["M"]).await;
        let sessions = probe.person.get("/api/accounts/sessions/").await.expect(200);
        let friend = json!({"to_user": probe.partner.id});
        probe.person.post("/api/matches/friend-request/send/", &friend).await.expect(201);
        let requests = probe.partner.get("/api/matches/friend-requests/").await.expect(200);
        let (session, friend_request) = (sessions[0]["id"].clone(), requests[0]["id"].clone());
        assert!(!session.is_null() && !friend_request.is_null(), "{sessions} {requests}");
        Self { person, room: probe.room, member: probe.person.id, session, friend_request }
    }

    /// Somebody else's object and nobody's get the same answer.
    async fn knock(&self, operation: &Operation, faults: &mut Vec<String>) {
        if !operation.secured || !operation.path.contains('{') || operation.path.contains("photos") {
            return;
        }
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let theirs = fill(&operation.path, |segment| match segment {
            "rooms" => self.room.to_string(),
            "messages" => "1".to_owned(),
            "sessions" => text(&self.session),
            "respond" => text(&self.friend_request),
            _ => self.member.to_string(),
        });
        // Of the same form as theirs: a text that is no id at all may be refused for that.
        let next = |c: char| c.to_digit(10).and_then(|digit| char::from_digit((digit + 1) % 10, 10)).unwrap_or(c);
        let session = self.session.as_str().filter(|_| operation.path.contains("sessions"));
        let none: String = session.map_or_else(|| NOBODY.to_string(), |id| id.chars().map(next).collect());
        let nobodys =
            fill(&operation.path, |segment| if segment == "messages" { "1".to_owned() } else { none.clone() });
        let first = self.ask(operation, &theirs).await;
        let second = self.ask(operation, &nobodys).await;
        let told = |answer: &Answer| (answer.status, answer.code());
        if told(&first) != told(&second) {
            faults.push(format!("{}: {first}, but nobody's: {second}", named(operation, "somebody else's")));
        }
        if operation.path.contains("rooms") && first.status != 404 {
            faults.push(format!("{}: {first}", named(operation, "a stranger's room is 404")));
        }
    }

    async fn ask(&self, operation: &Operation, path: &str) -> Answer {
        let mut request = with_sample(self.person.request(method(operation), path), operation);
        if operation.path.contains("respond") {
            request = self.person.request(method(operation), path).json(&json!({"action": "accept"}));
        }
        self.person.send(request).await
    }
}

/// The path with its `{names}` replaced by what the segment before them stands for.
fn fill(path: &str, value: impl Fn(&str) -> String) -> String {
    let mut before = "";
    let mut filled = Vec::new();
    for segment in path.split('/') {
        filled.push(if segment.starts_with('{') { value(before) } else { segment.to_owned() });
        before = segment;
    }
    filled.join("/")
}

/// Whether one filled path could be the other.
fn same_shape(one: &str, other: &str) -> bool {
    let segments = |path: &str| path.trim_end_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (one, other) = (segments(one), segments(other));
    one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| a == b || a.starts_with('{') || b.starts_with('{'))
}

fn method(operation: &Operation) -> Method {
    Method::from_bytes(operation.method.as_bytes()).expect("a method")
}

fn named(operation: &Operation, case: &str) -> String {
    format!("{} {}: {case}", operation.method, operation.path)
}

fn with_sample(request: RequestBuilder, operation: &Operation) -> RequestBuilder {
    match operation.body.as_ref().and_then(|body| body.schema.as_ref()) {
        Some(schema) => request.json(&sample(schema)),
        None => request,
    }
}

/// A file in a field that does not exist is passed over like any other unknown field, so a broken picture is tried only
/// where a picture is taken.
fn broken_uploads(kind: &str, takes_a_picture: bool) -> Vec<(&'static str, &str, Vec<u8>)> {
    let part = "--x\r\nContent-Disposition: form-data; name=\"profile_picture\"; filename=\"a.png\"\r\n\
                Content-Type: image/png\r\n\r\n";
    if kind.starts_with("multipart/") {
        let multipart = "multipart/form-data; boundary=x";
        let mut broken = vec![
            ("a form without its boundary", "multipart/form-data", b"--x--".to_vec()),
            ("a form cut off", multipart, part.as_bytes().to_vec()),
            ("a form of nothing but bytes", multipart, vec![0xff; 1_000]),
        ];
        if takes_a_picture {
            broken.push(("a picture that is none", multipart, format!("{part}<script>\r\n--x--\r\n").into_bytes()));
        }
        return broken;
    }
    vec![("bytes", kind, vec![0xff; 1_000]), ("an escape cut off", kind, b"a=%f&b=%00&%=".to_vec())]
}
