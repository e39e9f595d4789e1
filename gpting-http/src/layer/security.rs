//! Headers that keep browsers from guessing, leaking and storing.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The policy of pages: own files only, nothing inline, in nobody's frame.
pub(crate) const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The policy of everything that is no page.
const BARE_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Adds what every answer carries. What a handler has set itself stays.
pub(crate) fn apply(headers: &mut HeaderMap) {
    let set = |headers: &mut HeaderMap, name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "no-referrer");
    set(headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    set(headers, header::CONTENT_SECURITY_POLICY, if is_page { PAGE_POLICY } else { BARE_POLICY });
    // Nothing is stored unless a handler knows better: answers are about people.
    set(headers, header::CACHE_CONTROL, "no-store");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_not_sniffed_leaked_or_stored() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        apply(&mut headers);
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], BARE_POLICY);
    }

    #[test]
    fn pages_get_their_policy_and_handlers_keep_their_caching() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        apply(&mut headers);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], PAGE_POLICY);
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
    }
}
