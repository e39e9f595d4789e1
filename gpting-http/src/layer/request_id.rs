//! A name for every request, in the log and in the answer.
//!
//! A caller's own `X-Request-Id` is kept when it is short and plain, so that it can be followed through proxies; else
//! one is drawn.

use gpting_core::Rng;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The header, in both directions.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken over.
const MAX_CHARS: usize = 64;

/// The id of a request.
pub(crate) fn of(headers: &HeaderMap, rng: &dyn Rng) -> String {
    let given = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_plain(id));
    given.map_or_else(|| draw(rng), str::to_owned)
}

/// Puts the id into an answer.
pub(crate) fn stamp(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::try_from(id) {
        headers.insert(HEADER, value);
    }
}

fn is_plain(id: &str) -> bool {
    (1..=MAX_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn draw(rng: &dyn Rng) -> String {
    let mut bytes = [0; 16];
    rng.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use gpting_core::SeededRng;

    use super::*;

    #[test]
    fn a_plain_id_is_kept_and_anything_else_replaced() {
        let rng = SeededRng::new(1);
        let mut headers = HeaderMap::new();
        let drawn = of(&headers, &rng);
        assert_eq!(drawn.len(), 36);
        headers.insert(HEADER, HeaderValue::from_static("gw-7_a.b"));
        assert_eq!(of(&headers, &rng), "gw-7_a.b");
        for bad in ["", "a b", "<script>", &"a".repeat(65)] {
            headers.insert(HEADER, HeaderValue::from_str(bad).unwrap());
            assert_ne!(of(&headers, &rng), bad);
        }
    }
}
