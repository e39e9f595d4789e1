//! How long a URI and how large the headers of a request may be.

use http::{HeaderMap, Uri};

use crate::error::Edge;

/// The longest URI that is read, in bytes.
const MAX_URI: usize = 8 * 1024;
/// Most header lines.
const MAX_HEADERS: usize = 100;
/// Most bytes of all header names and values together.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Refuses heads beyond the limits.
///
/// # Errors
/// 414 or 431.
pub(crate) fn check(uri: &Uri, headers: &HeaderMap) -> Result<(), Edge> {
    let length = uri.path().len() + uri.query().map_or(0, |query| query.len() + 1);
    if length > MAX_URI {
        return Err(Edge::UriTooLong);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES { Err(Edge::HeadersTooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn heads_beyond_the_limits_are_refused() {
        let uri = |length: usize| Uri::try_from(format!("/?{}", "a".repeat(length))).unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(check(&uri(8190), &headers), Ok(()));
        assert_eq!(check(&uri(8191), &headers), Err(Edge::UriTooLong));
        headers.insert("x-a", HeaderValue::from_str(&"a".repeat(33_000)).unwrap());
        assert_eq!(check(&uri(1), &headers), Err(Edge::HeadersTooLarge));
        let mut headers = HeaderMap::new();
        for _ in 0..101 {
            headers.append("x-a", HeaderValue::from_static("a"));
        }
        assert_eq!(check(&uri(1), &headers), Err(Edge::HeadersTooLarge));
    }
}
