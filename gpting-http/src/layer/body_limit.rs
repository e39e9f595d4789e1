//! Reads a request's body whole, within a size and without waiting for ever.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};

use crate::error::{Edge, Problem};

/// The largest body of a JSON or posted form, in bytes.
pub(crate) const TEXT_BYTES: usize = 64 * 1024;
/// The largest upload: a picture of 10 MiB and the form around it.
pub(crate) const UPLOAD_BYTES: usize = 10 * 1024 * 1024 + TEXT_BYTES;
/// How long the next bytes of a body may take.
const IDLE: Duration = Duration::from_secs(15);
/// How much of a body that is too large is still taken in, and let go at once, before it is answered: who is in the
/// middle of sending, a proxy above all, would find the connection broken instead of an answer.
const DISCARDED_BYTES: usize = UPLOAD_BYTES + 2 * 1024 * 1024;
/// How long that may take.
const DISCARDING: Duration = Duration::from_secs(2);

/// A request's body, whoever serves it.
pub(crate) type Incoming = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The whole body, if it has at most `limit` bytes.
///
/// # Errors
/// 413 beyond the limit (told from `Content-Length` before anything is kept), 408 when it stops coming, 400 when the
/// connection breaks.
pub(crate) async fn read(headers: &HeaderMap, body: Incoming, limit: usize) -> Result<Bytes, Problem> {
    let stated = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    let mut body = pin!(body);
    if stated.is_some_and(|length: u64| length > limit as u64) {
        // Who asks first has not begun to send, and reading would be the permission.
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(Edge::BodyTooLarge.into());
    }
    let mut whole = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(IDLE, body.frame()).await.map_err(|_| Edge::BodyTimeout)?;
        let Some(frame) = frame else { return Ok(whole.freeze()) };
        let Ok(data) = frame.map_err(|_| Problem::malformed(None))?.into_data() else { continue };
        if whole.len() + data.len() > limit {
            discard(body).await;
            return Err(Edge::BodyTooLarge.into());
        }
        whole.extend_from_slice(&data);
    }
}

/// Reads what is still coming, within bounds, and keeps none of it.
async fn discard(mut body: Pin<&mut Incoming>) {
    let reading = async {
        let mut left = DISCARDED_BYTES;
        while let Some(Ok(frame)) = body.frame().await {
            let read = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(read) else { return };
            left = rest;
        }
    };
    // Whether it ends, breaks, or goes on for too long: it is answered now.
    let _ = tokio::time::timeout(DISCARDING, reading).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::StreamExt as _;
    use http_body::Frame;
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

    /// So many chunks of a mebibyte, and how many have been taken.
    fn chunks(count: usize) -> (Incoming, Arc<AtomicUsize>) {
        let taken = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&taken);
        let stream = futures_util::stream::iter(0..count).map(move |_| {
            counting.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![0; 1024 * 1024])))
        });
        (StreamBody::new(stream).map_err(Into::into).boxed_unsync(), taken)
    }

    #[tokio::test]
    async fn who_is_sending_too_much_may_end_within_bounds() {
        let mut stated = HeaderMap::new();
        stated.insert(CONTENT_LENGTH, "11534336".parse().unwrap());
        for headers in [HeaderMap::new(), stated.clone()] {
            let (body, taken) = chunks(11);
            assert_eq!(read(&headers, body, 5).await.unwrap_err().status(), 413);
            assert_eq!(taken.load(Ordering::Relaxed), 11, "all of it has been taken");
        }
        let (endless, taken) = chunks(1_000);
        assert_eq!(read(&HeaderMap::new(), endless, 5).await.unwrap_err().status(), 413);
        assert!(taken.load(Ordering::Relaxed) < 16, "but not for ever");
        stated.insert(EXPECT, "100-continue".parse().unwrap());
        let (unsent, taken) = chunks(11);
        assert_eq!(read(&stated, unsent, 5).await.unwrap_err().status(), 413);
        assert_eq!(taken.load(Ordering::Relaxed), 0, "who asked before sending is not told to send");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_is_not_waited_for() {
        let silent = StreamBody::new(futures_util::stream::pending::<Result<_, std::io::Error>>());
        let body: Incoming = silent.map_err(Into::into).boxed_unsync();
        assert_eq!(read(&HeaderMap::new(), body, 5).await.unwrap_err().status(), 408);
    }
}
