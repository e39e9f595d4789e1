//! The connection of a socket, with writing and closing that do not wait for ever.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hyper_tungstenite::HyperWebsocketStream;
use hyper_tungstenite::tungstenite::error::ProtocolError;
use hyper_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use hyper_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Close;
use super::frame::ServerFrame;
use crate::shared::Shared;

/// The largest frame and message that is read, in bytes.
const MAX_FRAME: usize = 64 * 1024;
/// What an idle socket holds for reading, in bytes: the library's 128 KiB would be 30 times what everything else takes.
const READ_BUFFER: usize = 1024;
/// What may wait to be written, in bytes: a few of the largest messages, then writing waits, and who is waited for too
/// long goes.
const WRITE_BUFFER: usize = 256 * 1024;
/// So much is gathered before it is written, in bytes, unless it is flushed.
const WRITE_TOGETHER: usize = 16 * 1024;
/// How long a client may take to accept a frame.
pub(super) const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long the closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Over how long clients are asked to come back, in milliseconds.
const RETURN_WITHIN_MS: u32 = 3_000;

/// How the library reads and writes frames.
pub(super) fn config() -> WebSocketConfig {
    config_up_to(MAX_FRAME, WRITE_BUFFER)
}

/// The same with other limits, in bytes.
pub(super) fn config_up_to(frame: usize, unwritten: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_TOGETHER)
        .max_write_buffer_size(unwritten)
        .max_message_size(Some(frame))
        .max_frame_size(Some(frame))
}

/// The connection of a socket.
#[derive(Debug)]
pub(super) struct Line {
    stream: HyperWebsocketStream,
}

impl Line {
    pub(super) fn new(stream: HyperWebsocketStream) -> Self {
        Self { stream }
    }

    /// What the client sends next.
    ///
    /// # Errors
    /// How the socket ends; `None` when there is nobody left to tell.
    pub(super) async fn next(&mut self) -> Result<Message, Option<Close>> {
        self.stream.next().await.ok_or(None)?.map_err(|error| close_for(&error))
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// How the socket ends.
    pub(super) async fn send(&mut self, frame: &ServerFrame) -> Result<(), Option<Close>> {
        self.write(Message::Text(frame.to_text().into())).await
    }

    /// Puts a frame beside others that are sent together by [`flush`](Self::flush).
    ///
    /// # Errors
    /// How the socket ends.
    pub(super) async fn feed(&mut self, frame: &ServerFrame) -> Result<(), Option<Close>> {
        done(timeout(WRITE_WITHIN, self.stream.feed(Message::Text(frame.to_text().into()))).await)
    }

    /// Sends what was [fed](Self::feed).
    ///
    /// # Errors
    /// How the socket ends.
    pub(super) async fn flush(&mut self) -> Result<(), Option<Close>> {
        done(timeout(WRITE_WITHIN, self.stream.flush()).await)
    }

    /// Asks for a sign of life.
    ///
    /// # Errors
    /// How the socket ends.
    pub(super) async fn ping(&mut self) -> Result<(), Option<Close>> {
        self.write(Message::Ping(bytes::Bytes::new())).await
    }

    pub(super) async fn write(&mut self, message: Message) -> Result<(), Option<Close>> {
        done(timeout(WRITE_WITHIN, self.stream.send(message)).await)
    }

    /// Closes without a word, and waits a little for the other side to agree.
    #[cfg(feature = "echo")]
    pub(super) async fn hang_up(&mut self, close: Close) {
        let frame = CloseFrame { code: close.code().into(), reason: Utf8Bytes::from_static(close.reason()) };
        let ending = async {
            self.stream.close(Some(frame)).await?;
            while self.stream.next().await.is_some_and(|next| next.is_ok()) {}
            Ok::<_, tungstenite::Error>(())
        };
        let _ = timeout(CLOSE_WITHIN, ending).await;
    }

    /// Says why, closes, and waits a little for the other side to agree.
    pub(super) async fn close(&mut self, close: Close, shared: &Shared) {
        let wait = if close.reconnect() { shared.options.rng.below(RETURN_WITHIN_MS) } else { 0 };
        let farewell = ServerFrame::Closing {
            code: close.code(),
            reason: close.reason().to_owned(),
            reconnect: close.reconnect(),
            retry_after_ms: wait.into(),
        };
        let frame = CloseFrame { code: close.code().into(), reason: Utf8Bytes::from_static(close.reason()) };
        let ending = async {
            // After a broken protocol nothing but the close frame makes sense, and who does not read reads no reason.
            if !matches!(close, Close::Protocol | Close::NotText | Close::TooBig | Close::Slow) {
                self.stream.send(Message::Text(farewell.to_text().into())).await?;
            }
            self.stream.close(Some(frame)).await?;
            while self.stream.next().await.is_some_and(|next| next.is_ok()) {}
            Ok::<_, tungstenite::Error>(())
        };
        // Whether the other side agrees or is gone: the connection ends here.
        let _ = timeout(CLOSE_WITHIN, ending).await;
    }
}

/// What became of writing something.
fn done(written: Result<Result<(), tungstenite::Error>, Elapsed>) -> Result<(), Option<Close>> {
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(close_for(&error)),
        Err(Elapsed { .. }) => Err(Some(Close::Slow)),
    }
}

/// How a socket ends after an error of the connection; `None` when there is nobody left to tell.
fn close_for(error: &tungstenite::Error) -> Option<Close> {
    match error {
        tungstenite::Error::Capacity(_) => Some(Close::TooBig),
        tungstenite::Error::Utf8(_) => Some(Close::NotText),
        tungstenite::Error::WriteBufferFull(_) => Some(Close::Slow),
        tungstenite::Error::Protocol(broken) if !is_gone(broken) => Some(Close::Protocol),
        // The rest says that the connection is gone.
        tungstenite::Error::ConnectionClosed
        | tungstenite::Error::AlreadyClosed
        | tungstenite::Error::Protocol(_)
        | tungstenite::Error::Io(_)
        | tungstenite::Error::Tls(_)
        | tungstenite::Error::AttackAttempt
        | tungstenite::Error::Url(_)
        | tungstenite::Error::Http(_)
        | tungstenite::Error::HttpFormat(_) => None,
    }
}

/// Whether a broken protocol only means that the other side is gone.
fn is_gone(broken: &ProtocolError) -> bool {
    matches!(
        broken,
        ProtocolError::ResetWithoutClosingHandshake
            | ProtocolError::SendAfterClosing
            | ProtocolError::ReceivedAfterClosing
    )
}
