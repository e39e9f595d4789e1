//! Which pages of other origins may call: an exact list, empty by default.
//!
//! Answers to listed origins carry the CORS headers; for anybody else there is nothing that a browser would accept.
//! Sockets, which CORS does not cover, ask [`may_connect`].

use http::{HeaderMap, HeaderValue, Method, Request, header};

/// What pages may send.
const HEADERS: &str = "Authorization, Content-Type, Accept-Language, Idempotency-Key, If-Match, X-Request-Id";
/// What pages may read beside the plain headers.
const EXPOSED: &str = "Link, X-Next-Cursor, ETag, Retry-After, X-Request-Id, Location";
/// What pages may use.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Whether a request asks beforehand what it may do.
pub(crate) fn is_preflight<B>(request: &Request<B>) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Adds what a listed origin needs to the headers of an answer.
pub(crate) fn apply(origin: Option<&HeaderValue>, allowed: &[String], preflight: bool, answer: &mut HeaderMap) {
    if allowed.is_empty() {
        return;
    }
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin.filter(|origin| is_listed(origin, allowed)) else { return };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if preflight {
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

/// Whether a socket may be opened: without `Origin` (no browser), from this host's own pages, or from a listed origin.
pub(crate) fn may_connect(headers: &HeaderMap, allowed: &[String], public_url: &str) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(text) = origin.to_str() else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let same = text.split_once("://").is_some_and(|(_, authority)| host == Some(authority));
    let public = public_url.strip_prefix(text).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    same || (public && !text.is_empty()) || is_listed(origin, allowed)
}

fn is_listed(origin: &HeaderValue, allowed: &[String]) -> bool {
    allowed.iter().any(|one| one.as_bytes() == origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_listed_origins_are_answered() {
        let allowed = ["https://app.example".to_owned()];
        for (origin, listed) in [
            ("https://app.example", true),
            ("https://app.example.evil", false),
            ("http://app.example", false),
            ("null", false),
        ] {
            let mut answer = HeaderMap::new();
            apply(Some(&origin.parse().unwrap()), &allowed, true, &mut answer);
            assert_eq!(answer.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), listed, "{origin}");
            assert_eq!(answer[header::VARY], "Origin");
            assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
    }

    #[test]
    fn sockets_open_for_own_pages_listed_ones_and_no_browser() {
        let allowed = ["https://app.example".to_owned()];
        let may =
            |pairs: &[(&'static str, &str)]| may_connect(&headers(pairs), &allowed, "https://gpting.example/dating");
        assert!(may(&[]));
        assert!(may(&[("origin", "https://app.example")]));
        assert!(may(&[("origin", "http://localhost:8000"), ("host", "localhost:8000")]));
        assert!(may(&[("origin", "https://gpting.example"), ("host", "10.0.0.7")]));
        assert!(!may(&[("origin", "https://gpting.exam"), ("host", "10.0.0.7")]));
        assert!(!may(&[("origin", "https://evil.example"), ("host", "localhost:8000")]));
        assert!(!may(&[("origin", "null"), ("host", "localhost:8000")]));
        assert!(!may(&[("origin", ""), ("host", "localhost:8000")]));
    }
}
