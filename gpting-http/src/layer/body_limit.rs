//! Reads a request's body whole, within a size and without waiting for ever.

use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header::CONTENT_LENGTH};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};

use crate::error::{Edge, Problem};

/// The largest body of a JSON or posted form, in bytes.
pub(crate) const TEXT_BYTES: usize = 64 * 1024;
/// The largest upload: a picture of 10 MiB and the form around it.
pub(crate) const UPLOAD_BYTES: usize = 10 * 1024 * 1024 + TEXT_BYTES;
/// How long the next bytes of a body may take.
const IDLE: Duration = Duration::from_secs(15);

/// A request's body, whoever serves it.
pub(crate) type Incoming = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The whole body, if it has at most `limit` bytes.
///
/// # Errors
/// 413 beyond the limit (told from `Content-Length` before anything is read), 408 when it stops coming, 400 when the
/// connection breaks.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    let stated = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    if stated.is_some_and(|length: u64| length > limit as u64) {
        return Err(Edge::BodyTooLarge.into());
    }
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(IDLE, body.frame()).await.map_err(|_| Edge::BodyTimeout)?;
        let Some(frame) = frame else { return Ok(whole.freeze()) };
        let Ok(data) = frame.map_err(|_| Problem::malformed(None))?.into_data() else { continue };
        if whole.len() + data.len() > limit {
            return Err(Edge::BodyTooLarge.into());
        }
        whole.extend_from_slice(&data);
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{Full, StreamBody};

    use super::*;

    fn whole(bytes: &'static [u8]) -> Incoming {
        Full::new(Bytes::from_static(bytes)).map_err(|never| match never {}).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_stated_or_not() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers, whole(b"12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(&headers, whole(b"123456"), 5).await.unwrap_err().status(), 413);
        headers.insert(CONTENT_LENGTH, "6".parse().unwrap());
        assert_eq!(read(&headers, whole(b""), 5).await.unwrap_err().status(), 413);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_not_waited_for() {
        let silent = StreamBody::new(futures_util::stream::pending::<Result<_, std::io::Error>>());
        let body: Incoming = silent.map_err(Into::into).boxed_unsync();
        assert_eq!(read(&HeaderMap::new(), body, 5).await.unwrap_err().status(), 408);
    }
}
