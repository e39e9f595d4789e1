//! The route table: one line per route, and the rule for the original's other spellings of it.
//!
//! Called by [`service`](crate::service) to find a handler, by [`openapi`](crate::openapi) and
//! [`matrix`](crate::matrix) to tell what there is. To add an endpoint, add its line here.
//! Invariant: everything that is served under `/api`, `/ws`, `/media` and `/docs` is in this table and nowhere else.

use std::borrow::Cow;
use std::collections::HashMap;

use http::Method;

use crate::access::Access::{self, Member, Public, Signed};
use crate::access::ObjectClass::{self, FriendRequest, MemberInBody, MemberInPath, Nothing, Own, Photo, Room};
use crate::endpoint::{Endpoint, Param, ParamKind, at_once, document, get, on, raw};
use crate::handler::{
    chat, interaction, matching, meta, photo, preference, profile, question, safety, suggestion, visibility, words,
};
use crate::layer::rate::RateClass::{self, Decide, Free, Message, Picture, Read, Report, Socket, Upload, Write};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its methods.
    pub(crate) methods: &'static [Method],
    /// Its path as documented: one slash at the end of what the original documents, at most one `{id}`, and in a
    /// room one `{seq}`.
    pub(crate) path: &'static str,
    /// Who may call it.
    pub(crate) access: Access,
    /// What it counts as.
    pub(crate) rate: RateClass,
    /// Whose object it is about.
    pub(crate) object: ObjectClass,
    /// The statuses of success.
    pub(crate) answers: &'static [u16],
    /// What it does, in a few words.
    pub(crate) about: &'static str,
    /// What runs.
    pub(crate) endpoint: Endpoint,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const PUT: &[Method] = &[Method::PUT];
const DELETE: &[Method] = &[Method::DELETE];
const EDIT: &[Method] = &[Method::PUT, Method::PATCH];
const FORM: &[Method] = &[Method::PUT, Method::PATCH, Method::POST];

/// Paging of a list.
const PAGED: &[Param] = &[
    Param { name: "limit", about: "How many at the most", kind: ParamKind::Integer(1, 100) },
    Param { name: "cursor", about: "`X-Next-Cursor` of the page before", kind: ParamKind::Text },
];
const SLATE: &[Param] = &[
    PAGED[0],
    PAGED[1],
    Param {
        name: "relax",
        about: "`distance`, `age` or both with a comma: sets own limits aside; `distance:50` widens to so many km, `age:2` by so many years at both ends",
        kind: ParamKind::Text,
    },
];
const REQUESTS: &[Param] = &[
    PAGED[0],
    PAGED[1],
    Param {
        name: "direction",
        about: "Those received, or those sent",
        kind: ParamKind::OneOf(&["incoming", "outgoing"]),
    },
];
const HISTORY: &[Param] = &[
    PAGED[0],
    Param { name: "before_seq", about: "Only messages before this one", kind: ParamKind::Integer(0, i64::MAX) },
    Param { name: "after_seq", about: "Only messages after this one", kind: ParamKind::Integer(0, i64::MAX) },
];
const PHOTO: &[Param] = &[
    Param { name: "owner", about: "Whose picture", kind: ParamKind::Integer(1, gpting_core::id::MAX_ID) },
    Param { name: "viewer", about: "Who looks", kind: ParamKind::Integer(1, gpting_core::id::MAX_ID) },
    Param { name: "exp", about: "Until when, in Unix seconds", kind: ParamKind::Integer(0, i64::MAX) },
    Param { name: "sig", about: "The signature", kind: ParamKind::Text },
];
const TOKEN: &[Param] = &[
    Param { name: "ticket", about: "A ticket, where no header can be sent", kind: ParamKind::Text },
    Param { name: "token", about: "The access token, as the original's clients send it", kind: ParamKind::Text },
];
const FOR: &[Param] =
    &[Param { name: "for", about: "For oneself, or for everybody", kind: ParamKind::OneOf(&["me", "all"]) }];

/// Every route.
#[rustfmt::skip]
pub(crate) fn table() -> Vec<Route> {
    let r = |methods, path, access, rate, object, answers, endpoint, about| Route { methods, path, access, rate, object, answers, about, endpoint };
    let table = vec![
        // Oneself.
        r(GET,    "/api/accounts/current-user/",          Member, Read,    Own,           &[200],      get(profile::own), "The own profile"),
        r(GET,    "/api/accounts/profile/",               Member, Read,    Own,           &[200],      get(profile::own), "The own profile"),
        r(EDIT,   "/api/accounts/profile/",               Member, Write,   Own,           &[200],      on(profile::edit), "Changes the own profile"),
        r(FORM,   "/api/accounts/profile/update/",        Member, Write,   Own,           &[200],      on(profile::edit), "Changes the own profile, a picture included"),
        r(FORM,   "/api/accounts/profile/update-info/",   Member, Write,   Own,           &[200],      on(profile::edit), "Changes the own profile"),
        r(GET,    "/api/accounts/profile/{id}/",          Member, Read,    MemberInPath,  &[200],      get(profile::card), "The card of a person one may see"),
        r(POST,   "/api/accounts/profile/coach/",         Member, Write,   Own,           &[200],      get(words::coach), "Hints on the own profile"),
        r(GET,    "/api/accounts/profile/location/",      Member, Read,    Own,           &[200],      get(profile::location), "Where one is met"),
        r(POST,   "/api/accounts/profile/location/",      Member, Write,   Own,           &[201],      on(profile::locate), "Sets where one is met; snapped to a grid at once"),
        r(DELETE, "/api/accounts/profile/location/",      Member, Write,   Own,           &[200],      get(profile::unlocate), "Forgets where one is met"),
        r(POST,   "/api/accounts/profile/photos/",        Member, Upload,  Own,           &[201],      on(photo::add), "Adds a picture"),
        r(PUT,    "/api/accounts/profile/photos/",        Member, Write,   Own,           &[200],      on(photo::order), "Puts the pictures in order"),
        r(DELETE, "/api/accounts/profile/photos/{id}/",   Member, Write,   Photo,         &[200],      get(photo::delete), "Deletes a picture"),
        r(GET,    "/api/accounts/profile/suggestions/",   Member, Read,    Own,           &[200],      get(suggestion::suggestions), "What the own text suggests to add to the own profile"),
        r(GET,    "/api/accounts/preferences/",           Member, Read,    Own,           &[200],      get(preference::read), "Whom one wishes to meet"),
        r(PUT,    "/api/accounts/preferences/",           Member, Write,   Own,           &[200],      on(preference::write), "Says whom one wishes to meet"),
        r(GET,    "/api/accounts/visibility/",            Member, Read,    Own,           &[200],      get(visibility::read), "From whom one is hidden"),
        r(PUT,    "/api/accounts/visibility/",            Member, Write,   Own,           &[200],      on(visibility::write), "Snoozes for a while, or is seen only by whom one likes"),
        r(GET,    "/api/accounts/interests/",             Public, Read,    Nothing,       &[200],      at_once(preference::interests), "The interests there are"),
        r(GET,    "/api/accounts/attributes/",            Public, Read,    Nothing,       &[200],      at_once(preference::attributes), "The attributes there are"),
        r(GET,    "/api/accounts/questions/",             Public, Read,    Nothing,       &[200],      at_once(question::questions), "The questions there are"),
        r(GET,    "/api/accounts/answers/",               Member, Read,    Own,           &[200],      get(question::answers), "One's own answers to questions"),
        r(PUT,    "/api/accounts/answers/",               Member, Write,   Own,           &[200],      on(question::answer), "Answers questions"),
        r(GET,    "/api/accounts/consents/",              Member, Read,    Own,           &[200],      get(profile::consents), "What one has agreed to"),
        r(PUT,    "/api/accounts/consents/",              Member, Write,   Own,           &[200],      on(profile::set_consents), "Gives or withdraws consent"),
        r(GET,    "/api/accounts/blocks/",                Member, Read,    Own,           &[200],      get(safety::blocks).query(PAGED), "Whom one blocks"),
        r(POST,   "/api/accounts/blocks/",                Member, Report,  MemberInBody,  &[201, 200], on(safety::block), "Blocks somebody"),
        r(DELETE, "/api/accounts/blocks/{id}/",           Member, Report,  MemberInPath,  &[200],      get(safety::unblock), "Lifts one's own block"),
        r(POST,   "/api/accounts/reports/",               Member, Report,  MemberInBody,  &[201],      on(safety::report), "Reports somebody"),
        r(POST,   "/api/accounts/delete/",                Member, Write,   Own,           &[200],      on(safety::delete), "Erases the account"),
        // Each other.
        r(GET,    "/api/matches/recommended/",            Member, Read,    Own,           &[200],      get(matching::recommended).query(SLATE), "People to meet, best first"),
        r(GET,    "/api/matches/recommended/reach/",      Member, Read,    Own,           &[200],      get(matching::reach), "How many people each own filter hides, and what small steps would gain"),
        r(GET,    "/api/matches/compatibility/{id}/",     Member, Read,    MemberInPath,  &[200],      get(matching::compatibility), "The explained score of a person one may see"),
        r(GET,    "/api/matches/openers/{id}/",           Member, Read,    MemberInPath,  &[200],      get(words::openers), "First lines for a match or friend, and why these two"),
        r(POST,   "/api/matches/like/",                   Member, Decide,  MemberInBody,  &[201, 200], on(interaction::like), "Likes somebody"),
        r(POST,   "/api/matches/like/{id}/",              Member, Decide,  MemberInPath,  &[201, 200], on(interaction::like_id), "Likes somebody"),
        r(POST,   "/api/matches/pass/",                   Member, Decide,  MemberInBody,  &[201, 200], on(interaction::pass), "Passes on somebody"),
        r(POST,   "/api/matches/undo/",                   Member, Decide,  Own,           &[200],      get(interaction::undo), "Takes back the last decision"),
        r(GET,    "/api/matches/likes-received/",         Member, Read,    Own,           &[200],      get(interaction::likes_received).query(PAGED), "People who like oneself"),
        r(GET,    "/api/matches/new/",                    Member, Read,    Own,           &[200],      get(interaction::newest), "The latest five matches"),
        r(GET,    "/api/matches/",                        Member, Read,    Own,           &[200],      get(interaction::matches).query(PAGED), "Mutual matches, newest first"),
        r(DELETE, "/api/matches/{id}/",                   Member, Decide,  MemberInPath,  &[200],      get(interaction::unmatch), "Ends a match for good"),
        r(POST,   "/api/matches/friend-request/send/",    Member, Decide,  MemberInBody,  &[201, 200], on(interaction::request_friend), "Asks somebody to be friends"),
        r(EDIT,   "/api/matches/friend-request/respond/{id}/", Member, Decide, FriendRequest, &[200],  on(interaction::respond_friend), "Answers a friend request"),
        r(GET,    "/api/matches/friend-requests/",        Member, Read,    Own,           &[200],      get(interaction::friend_requests).query(REQUESTS), "Waiting friend requests"),
        r(GET,    "/api/matches/friends/",                Member, Read,    Own,           &[200],      get(interaction::friends).query(PAGED), "Friends, newest first"),
        r(DELETE, "/api/matches/friends/{id}/",           Member, Decide,  MemberInPath,  &[200],      get(interaction::unfriend), "Ends a friendship"),
        // Talking.
        r(GET,    "/api/chat/rooms/",                     Member, Read,    Own,           &[200],      get(chat::rooms).query(PAGED), "Rooms, the latest activity first"),
        r(GET,    "/api/chat/recent/",                    Member, Read,    Own,           &[200],      get(chat::rooms).query(PAGED), "Rooms, the latest activity first"),
        r(POST,   "/api/chat/rooms/create/{id}/",         Member, Write,   MemberInPath,  &[201, 200], get(chat::create), "The room with a match or friend"),
        r(GET,    "/api/chat/rooms/{id}/messages/",       Member, Read,    Room,          &[200],      get(chat::history).query(HISTORY), "Messages of a room, oldest first"),
        r(POST,   "/api/chat/rooms/{id}/messages/",       Member, Message, Room,          &[201],      on(chat::send), "Says something"),
        r(POST,   "/api/chat/rooms/{id}/read/",           Member, Message, Room,          &[200],      on(chat::read), "Marks messages as read"),
        r(DELETE, "/api/chat/rooms/{id}/messages/{seq}/", Member, Message, Room,          &[200],      get(chat::delete).query(FOR), "Hides a message for oneself, or takes back one's own for everybody"),
        r(PUT,    "/api/chat/rooms/{id}/mute/",           Member, Write,   Room,          &[200],      on(chat::mute), "No notifications of a room, or again some"),
        r(GET,    "/api/chat/rooms/{id}/export/",         Member, Write,   Room,          &[200],      get(chat::export), "The conversation as a file"),
        r(POST,   "/api/chat/ticket/",                    Member, Socket,  Own,           &[201],      get(chat::ticket), "A ticket that opens one socket, within half a minute"),
        r(GET,    "/ws/",                                 Member, Socket,  Own,           &[101],      Endpoint::socket(TOKEN), "The live line of all rooms; frames are described in /docs/frames.schema.json"),
        r(GET,    "/ws/chat/{id}/",                       Member, Socket,  Room,          &[101],      Endpoint::socket(TOKEN), "The live line of one room; frames are described in /docs/frames.schema.json"),
        // The service itself.
        r(GET,    "/media/photos/{id}",                   Signed, Picture, Photo,         &[200],      raw("image/jpeg", photo::picture).query(PHOTO), "A picture, by its signed address"),
        r(GET,    "/media/default-profile.svg",           Public, Free,    Nothing,       &[200],      document("image/svg+xml; charset=utf-8", meta::default_picture), "The picture of people without one"),
        r(GET,    "/openapi.json",                        Public, Free,    Nothing,       &[200],      document("application/json", meta::openapi), "This document"),
        r(GET,    "/docs/",                               Public, Free,    Nothing,       &[200],      document("text/html; charset=utf-8", meta::docs), "This document as a page"),
        r(GET,    "/docs/style.css",                      Public, Free,    Nothing,       &[200],      document("text/css; charset=utf-8", meta::docs_style), "How that page looks"),
        r(GET,    "/docs/frames.schema.json",             Public, Free,    Nothing,       &[200],      document("application/schema+json", meta::frames), "The frames of sockets"),
        r(GET,    "/healthz",                             Public, Free,    Nothing,       &[200],      at_once(meta::health), "Whether the process runs"),
        r(GET,    "/readyz",                              Public, Free,    Nothing,       &[200],      get(meta::ready_now), "Whether it can serve"),
    ];
    table.into_iter().chain(account_table()).collect()
}

/// The routes of sign-up, login and devices.
#[cfg(feature = "accounts")]
#[rustfmt::skip]
fn account_table() -> Vec<Route> {
    use crate::handler::account;
    use crate::layer::rate::RateClass::{Code, Login, SignUp, Token};
    use crate::access::ObjectClass::Session;
    let r = |methods, path, access, rate, object, answers, endpoint, about| Route { methods, path, access, rate, object, answers, about, endpoint };
    vec![
        r(POST,   "/api/accounts/signup/",              Public, SignUp, Nothing, &[200], on(account::sign_up), "Begins a sign-up; a code is mailed"),
        r(POST,   "/api/accounts/verify-email/",        Public, Code,   Nothing, &[201], on(account::verify), "Ends a sign-up by its code"),
        r(POST,   "/api/accounts/verify-email/resend/", Public, Code,   Nothing, &[200], on(account::resend), "Mails the code again"),
        r(POST,   "/api/accounts/login/",               Public, Login,  Nothing, &[200], on(account::login), "Logs in"),
        r(POST,   "/api/accounts/token/",               Public, Login,  Nothing, &[200], on(account::token), "Logs in"),
        r(POST,   "/api/accounts/token/refresh/",       Public, Token,  Nothing, &[200], on(account::refresh), "Fresh tokens for a refresh token, once"),
        r(POST,   "/api/accounts/logout/",              Public, Token,  Nothing, &[200], on(account::logout), "Ends the session of a refresh token"),
        r(GET,    "/api/accounts/sessions/",            Member, Read,   Own,     &[200], get(account::sessions), "Devices signed in"),
        r(DELETE, "/api/accounts/sessions/",            Member, Write,  Own,     &[200], get(account::end_sessions), "Signs out every device"),
        r(DELETE, "/api/accounts/sessions/{id}/",       Member, Write,  Session, &[200], get(account::end_session), "Signs out one device"),
        r(POST,   "/api/accounts/deactivate/",          Member, Write,  Own,     &[200], on(account::deactivate), "Hides the account until the next login"),
        r(GET,    "/.well-known/jwks.json",             Public, Free,   Nothing, &[200], raw("application/json", account::jwks), "The public keys of access tokens"),
    ]
}

/// A host with its own login has none of them.
#[cfg(not(feature = "accounts"))]
fn account_table() -> Vec<Route> {
    Vec::new()
}

/// The documented spelling of a path: without slash at its end, and without the original's variations of it.
///
/// `/api/chats/…` is `/api/chat/…`, and one extra `api/` after the second part is dropped.
pub(crate) fn canonical(path: &str) -> Cow<'_, str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some(rest) = path.strip_prefix("/api/") else { return Cow::Borrowed(path) };
    let (area, rest) = rest.split_once('/').map_or((rest, None), |(area, rest)| (area, Some(rest)));
    let known = match area {
        "accounts" | "matches" | "chat" => area,
        "chats" => "chat",
        _ => return Cow::Borrowed(path),
    };
    let inner = rest.filter(|rest| *rest != "api").map(|rest| rest.strip_prefix("api/").unwrap_or(rest));
    match inner {
        _ if known == area && inner == rest => Cow::Borrowed(path),
        Some(inner) => Cow::Owned(format!("/api/{known}/{inner}")),
        None => Cow::Owned(format!("/api/{known}")),
    }
}

/// The other spellings of a documented path, for the document.
pub(crate) fn aliases(path: &str) -> Vec<String> {
    let Some((area, rest)) = path.strip_prefix("/api/").and_then(|rest| rest.split_once('/')) else {
        return Vec::new();
    };
    match area {
        "chat" => vec![format!("/api/chats/{rest}"), format!("/api/chats/api/{rest}")],
        _ => vec![format!("/api/{area}/api/{rest}")],
    }
}

/// Finds the route of a request.
#[derive(Debug)]
pub(crate) struct Router {
    routes: Vec<Route>,
    paths: matchit::Router<HashMap<Method, usize>>,
}

/// What a path names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Its `{id}`.
    pub(crate) id: Option<String>,
    /// Its `{seq}`.
    pub(crate) seq: Option<String>,
}

/// What is served at a path.
#[derive(Debug)]
pub(crate) enum Found<'a> {
    /// This route, with the `{id}` and the `{seq}` of the path.
    Route(&'a Route, Names),
    /// Only these methods.
    Methods(String),
    /// Nothing.
    Nothing,
}

impl Router {
    /// The router of the table.
    ///
    /// # Panics
    /// If two lines of the table contradict each other, which a test rules out.
    pub(crate) fn new() -> Self {
        let routes = table();
        let mut by_path: HashMap<&str, HashMap<Method, usize>> = HashMap::new();
        for (place, route) in routes.iter().enumerate() {
            let methods = by_path.entry(route.path.trim_end_matches('/')).or_default();
            for method in route.methods {
                let before = methods.insert(method.clone(), place);
                assert!(before.is_none(), "two routes for {method} {}", route.path);
            }
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods).expect("the paths of the table go together");
        }
        Self { routes, paths }
    }

    /// What is served for a method at a path, however it is spelled.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let path = canonical(path);
        let Ok(found) = self.paths.at(&path) else { return Found::Nothing };
        let named = |name| found.params.get(name).map(str::to_owned);
        let names = Names { id: named("id"), seq: named("seq") };
        // HEAD is GET without the body.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        match found.value.get(wanted) {
            Some(place) => Found::Route(&self.routes[*place], names),
            None => Found::Methods(allow(found.value)),
        }
    }

    /// Every route.
    pub(crate) fn routes(&self) -> &[Route] {
        &self.routes
    }
}

fn allow(methods: &HashMap<Method, usize>) -> String {
    let order = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    let has = |method: &Method| {
        *method == Method::OPTIONS
            || methods.contains_key(method)
            || (*method == Method::HEAD && methods.contains_key(&Method::GET))
    };
    let names: Vec<&str> = order.iter().filter(|method| has(method)).map(Method::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_spellings_lead_to_the_documented_path() {
        for (spelled, documented) in [
            ("/api/accounts/login/", "/api/accounts/login"),
            ("/api/accounts/login", "/api/accounts/login"),
            ("/api/accounts/api/login/", "/api/accounts/login"),
            ("/api/chats/rooms/7/messages/", "/api/chat/rooms/7/messages"),
            ("/api/chats/api/rooms/7/messages/", "/api/chat/rooms/7/messages"),
            ("/api/chat/api/rooms", "/api/chat/rooms"),
            ("/api/matches/api/", "/api/matches"),
            ("/api/matches/", "/api/matches"),
            ("/api/chats/", "/api/chat"),
            ("/api/matches/api/api/new/", "/api/matches/api/new"),
            ("/api/other/api/x", "/api/other/api/x"),
            ("/healthz/", "/healthz"),
            ("/", ""),
        ] {
            assert_eq!(canonical(spelled), documented, "{spelled}");
        }
    }

    #[test]
    fn every_alias_of_every_route_finds_it() {
        let router = Router::new();
        for route in router.routes() {
            let mut spellings = aliases(route.path);
            spellings.push(route.path.to_owned());
            spellings.push(route.path.trim_end_matches('/').to_owned());
            for path in spellings {
                let path = path.replace("{id}", "7").replace("{seq}", "8");
                for method in route.methods {
                    let Found::Route(found, names) = router.find(method, &path) else { panic!("{method} {path}") };
                    assert!(std::ptr::eq(found, route), "{method} {path} leads to {}", found.path);
                    assert_eq!(names.id.is_some(), route.path.contains("{id}"), "{path}");
                    assert_eq!(names.seq.is_some(), route.path.contains("{seq}"), "{path}");
                }
            }
        }
    }

    #[test]
    fn an_unknown_method_is_told_the_known_ones() {
        let router = Router::new();
        let Found::Methods(allow) = router.find(&Method::DELETE, "/api/accounts/preferences/") else { panic!() };
        assert_eq!(allow, "GET, HEAD, PUT, OPTIONS");
        assert!(matches!(router.find(&Method::GET, "/api/nothing/"), Found::Nothing));
        assert!(matches!(router.find(&Method::HEAD, "/healthz"), Found::Route(..)));
    }
}
