//! The one place where an error becomes a status, a `problem+json` body (RFC 9457) and a sentence.
//!
//! Called by the service for every refused request and by sockets for error frames; nothing else knows a status. What
//! a client reads ([`Problem`]) and what the log keeps (the cause with its chain) are different texts.
//! Invariant: [`ErrorKind`], [`Code`] and [`Fault`] are matched without a wildcard, so that a new case does not build
//! until it has an answer in both languages (the words are in [`words`]).

mod words;

use std::time::Duration;

use gpting_core::error::Chain;
use gpting_core::lang::Lang;
use gpting_core::{Code, Error, ErrorKind, Fault, FieldError};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::body::Body;

/// A case that only the HTTP edge knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The body is not what its media type says.
    Malformed,
    /// Nothing is served at this path.
    NoRoute,
    /// The path does not have this method.
    Method,
    /// A media type that the operation does not take.
    MediaType,
    /// The body is larger than the operation takes.
    BodyTooLarge,
    /// The URI is longer than is read.
    UriTooLong,
    /// More or longer headers than are read.
    HeadersTooLarge,
    /// The body stopped coming.
    BodyTimeout,
    /// The answer took too long.
    Timeout,
    /// The server is about to stop.
    Draining,
    /// The address takes WebSocket upgrades only, of version 13.
    Upgrade,
    /// A page of a foreign origin.
    Origin,
    /// A frame that is none of those there are.
    Frame,
}

impl Edge {
    /// Every case.
    #[cfg(test)]
    const ALL: [Self; 13] = [
        Self::Malformed,
        Self::NoRoute,
        Self::Method,
        Self::MediaType,
        Self::BodyTooLarge,
        Self::UriTooLong,
        Self::HeadersTooLarge,
        Self::BodyTimeout,
        Self::Timeout,
        Self::Draining,
        Self::Upgrade,
        Self::Origin,
        Self::Frame,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoRoute => "not_found",
            Self::Method => "method_not_allowed",
            Self::MediaType => "unsupported_media_type",
            Self::BodyTooLarge => "body_too_large",
            Self::UriTooLong => "uri_too_long",
            Self::HeadersTooLarge => "headers_too_large",
            Self::BodyTimeout => "body_timeout",
            Self::Timeout => "timeout",
            Self::Draining => "draining",
            Self::Upgrade => "upgrade_required",
            Self::Origin => "foreign_origin",
            Self::Frame => "malformed_frame",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed | Self::Frame => StatusCode::BAD_REQUEST,
            Self::NoRoute => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::Timeout | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Self::Upgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Origin => StatusCode::FORBIDDEN,
        }
    }
}

/// Which case it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Core(Code),
    Edge(Edge),
}

/// A refused request.
#[derive(Debug)]
pub(crate) struct Problem(Box<Refusal>);

/// What there is to say about a refused request. Boxed: it travels as the error of everything.
#[derive(Debug)]
struct Refusal {
    case: Case,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    /// Methods of the path, for 405.
    allow: Option<String>,
    /// Members beside those of RFC 9457.
    extra: Map<String, Value>,
    /// What the log keeps.
    cause: Option<Error>,
}

impl Refusal {
    fn of(case: Case) -> Self {
        Self { case, fields: Vec::new(), retry_after: None, allow: None, extra: Map::new(), cause: None }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self(Box::new(refusal))
    }
}

impl Problem {
    fn of(case: Case) -> Self {
        Refusal::of(case).into()
    }

    /// Refused fields.
    pub(crate) fn fields(fields: Vec<FieldError>) -> Self {
        Refusal { fields, ..Refusal::of(Case::Core(Code::ValidationFailed)) }.into()
    }

    /// One refused field.
    pub(crate) fn field(field: &str, fault: Fault) -> Self {
        Self::fields(vec![FieldError::new(field, fault)])
    }

    /// A body that cannot be read; `field` is where it stopped making sense, if that is known.
    pub(crate) fn malformed(field: Option<&str>) -> Self {
        let fields = field.map(|field| FieldError::new(field, Fault::Invalid)).into_iter().collect();
        Refusal { fields, ..Refusal::of(Case::Edge(Edge::Malformed)) }.into()
    }

    /// A method that the path does not have; `allow` lists those it has.
    pub(crate) fn method(allow: String) -> Self {
        Refusal { allow: Some(allow), ..Refusal::of(Case::Edge(Edge::Method)) }.into()
    }

    /// Too often.
    pub(crate) fn too_many(retry_after: Duration) -> Self {
        Refusal { retry_after: Some(retry_after), ..Refusal::of(Case::Core(Code::TooMany)) }.into()
    }

    /// With a member beside those of RFC 9457.
    #[cfg(feature = "accounts")]
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self.0.case {
            Case::Core(code) => code.as_str(),
            Case::Edge(edge) => edge.as_str(),
        }
    }

    /// The core's code, if the core refused.
    pub(crate) fn core_code(&self) -> Option<Code> {
        match self.0.case {
            Case::Core(code) => Some(code),
            Case::Edge(_) => None,
        }
    }

    /// The status it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        match self.0.case {
            Case::Core(code) => status_of(code.kind()),
            Case::Edge(edge) => edge.status(),
        }
    }

    /// The sentence for people. For a single refused field, that field's own sentence.
    pub(crate) fn message(&self, lang: Lang) -> String {
        match (&self.0.case, self.0.fields.as_slice()) {
            (Case::Core(Code::ValidationFailed), [only]) => words::fault(&only.fault, lang),
            (Case::Core(code), _) => words::code(*code, lang).to_owned(),
            (Case::Edge(edge), _) => words::edge(*edge, lang).to_owned(),
        }
    }

    /// Writes what only we may read to the log, once.
    pub(crate) fn log(&self, request_id: &str) {
        let Some(cause) = &self.0.cause else { return };
        if self.status().is_server_error() {
            tracing::error!(request_id, code = self.code(), error = %Chain(cause), "request failed");
        }
    }

    /// The answer.
    pub(crate) fn into_response(mut self, lang: Lang, request_id: &str) -> Response<Body> {
        self.log(request_id);
        let status = self.status();
        let message = self.message(lang);
        let mut body = json!({
            "type": format!("urn:gpting:problem:{}", self.code()),
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": message,
            "code": self.code(),
            "message": message,
            "request_id": request_id,
        });
        if let Some(members) = body.as_object_mut() {
            if !self.0.fields.is_empty() {
                members.insert("errors".to_owned(), errors(&self.0.fields, lang));
            }
            members.extend(std::mem::take(&mut self.0.extra));
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            let wait = self.0.retry_after.unwrap_or(Duration::from_secs(1));
            // Rounded up: who waits as long as we say must not be too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        }
        if let Some(allow) = self.0.allow.take().and_then(|allow| HeaderValue::try_from(allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        if matches!(self.0.case, Case::Edge(Edge::BodyTooLarge | Edge::BodyTimeout)) {
            // The rest of the body is not read: the connection cannot be used again.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Refusal {
            case: Case::Core(error.code()),
            fields: error.fields().to_vec(),
            retry_after: error.retry_after(),
            allow: None,
            extra: Map::new(),
            cause: Some(error),
        }
        .into()
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::of(Case::Core(code))
    }
}

impl From<Edge> for Problem {
    fn from(edge: Edge) -> Self {
        Self::of(Case::Edge(edge))
    }
}

/// Refused fields as `{field: [sentence]}`.
pub(crate) fn errors(fields: &[FieldError], lang: Lang) -> Value {
    let mut errors = Map::new();
    for field in fields {
        let sentences = errors.entry(field.field.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(sentences) = sentences {
            sentences.push(Value::String(words::fault(&field.fault, lang)));
        }
    }
    Value::Object(errors)
}

const fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::IdempotencyConflict => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::VersionMismatch => StatusCode::PRECONDITION_FAILED,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn answered(problem: Problem) -> (Response<()>, Value) {
        let (parts, body) = problem.into_response(Lang::Ko, "req-1").into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(parts, ()), serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_refusal_has_every_member_that_clients_read() {
        let (response, body) = answered(Code::MemberNotFound.into()).await;
        assert_eq!(response.status(), 404);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(
            body,
            json!({"type": "urn:gpting:problem:member_not_found", "title": "Not Found", "status": 404,
                   "detail": "유저 프로필을 찾을 수 없습니다.", "message": "유저 프로필을 찾을 수 없습니다.",
                   "code": "member_not_found", "request_id": "req-1"})
        );
    }

    #[tokio::test]
    async fn refused_fields_are_listed_and_headers_follow_the_status() {
        let fields = vec![FieldError::new("a", Fault::Required), FieldError::new("b", Fault::TooLong { max: 3 })];
        let (response, body) = answered(Problem::fields(fields)).await;
        assert_eq!(response.status(), 400);
        assert_eq!(body["errors"]["b"][0], "3자(개)까지 가능합니다.");
        let (response, _) = answered(Problem::too_many(Duration::from_millis(1500))).await;
        assert_eq!(response.headers()["retry-after"], "2");
        let (response, _) = answered(Code::TokenInvalid.into()).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        let (response, _) = answered(Problem::method("GET".to_owned())).await;
        assert_eq!((response.status().as_u16(), &response.headers()["allow"]), (405, &HeaderValue::from_static("GET")));
        let (response, _) = answered(Edge::Draining.into()).await;
        assert_eq!(response.headers()["retry-after"], "1");
    }

    #[tokio::test]
    async fn a_fault_of_ours_says_nothing_of_its_cause() {
        let error = Error::Internal { what: "the moon fell", source: "secret detail".into() };
        let (response, body) = answered(error.into()).await;
        assert_eq!(response.status(), 500);
        let text = body.to_string();
        assert!(!text.contains("moon") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn edge_codes_are_stable_spellings_of_their_own() {
        for edge in Edge::ALL {
            let code = edge.as_str();
            assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
            assert_eq!(Edge::ALL.iter().filter(|other| other.as_str() == code).count(), 1, "{code}");
        }
    }
}
