//! The life of an open socket: who it belongs to, what it says, what it hears, and how it ends.
//!
//! One task per socket, tracked by the service's [`Drain`](crate::Drain). Reading and writing take turns in one loop:
//! while a client does not take what it is sent, nothing is read from it either, and after ten seconds it is closed.
//! What it has missed is in the log; it comes back and resumes.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use gpting_core::Code;
use gpting_core::chat::{RoomEvent, RoomFeed};
use gpting_core::error::Chain;
use gpting_core::id::RoomId;
use gpting_core::lang::Lang;
use hyper_tungstenite::tungstenite::error::ProtocolError;
use hyper_tungstenite::tungstenite::protocol::CloseFrame;
use hyper_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use hyper_tungstenite::{HyperWebsocket, HyperWebsocketStream};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::Close;
use super::frame::{ClientFrame, ServerFrame, draft};
use super::registry::Place;
use crate::authenticate::{Caller, Proof};
use crate::error::{Edge, Problem};
use crate::layer::rate::{self, RateClass, RateKey};
use crate::shared::Shared;

/// How long somebody may take to say who they are.
const AUTH_WITHIN: Duration = Duration::from_secs(5);
/// After so much silence a ping is sent.
const PING_AFTER: Duration = Duration::from_secs(20);
/// How long any sign of life may then take.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// How often the session behind the socket is looked at.
const CHECK_EVERY: Duration = Duration::from_millis(1500);
/// How long a client may take to accept a frame.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How long the closing handshake may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// Over how long sockets are closed when the service stops.
const STOP_WITHIN_MS: u32 = 2_000;
/// Over how long clients are asked to come back then.
const RETURN_WITHIN_MS: u32 = 3_000;
/// Telling that one writes more often than this tells nothing new.
const TYPING_EVERY: Duration = Duration::from_secs(3);
/// So many refused frames in a row are a flood.
const MAX_STRIKES: u32 = 30;

/// What is known of somebody when the socket opens.
#[derive(Debug)]
pub(super) enum Entry {
    /// Nothing: the first frame will tell.
    Unknown,
    /// Everything.
    Known { caller: Caller, place: Place, feed: Box<RoomFeed> },
}

/// Runs a socket to its end.
pub(super) async fn run(shared: Arc<Shared>, upgraded: HyperWebsocket, room: Option<RoomId>, entry: Entry, lang: Lang) {
    // The client may be gone before the upgrade is through: then there is nobody to tell.
    let Ok(stream) = upgraded.await else { return };
    let mut line = Line { stream };
    let opened = match entry {
        Entry::Known { caller, place, feed } => Ok((caller, place, feed)),
        Entry::Unknown => introduce(&shared, &mut line, room, lang).await,
    };
    let close = match (opened, room) {
        (Ok((caller, place, feed)), Some(room)) => {
            let mut session = Session {
                shared: Arc::clone(&shared),
                lang,
                room,
                caller,
                _place: place,
                feed,
                line,
                strikes: 0,
                last_typing: None,
            };
            let ended = session.live().await;
            line = session.line;
            ended
        }
        (Ok(_), None) => Err(Some(Close::NoRoom)),
        (Err(close), _) => Err(close),
    };
    if let Err(Some(close)) = close {
        line.close(close, &shared).await;
    }
}

/// Waits for the first frame, which must say who it is.
async fn introduce(
    shared: &Arc<Shared>,
    line: &mut Line,
    room: Option<RoomId>,
    lang: Lang,
) -> Result<(Caller, Place, Box<RoomFeed>), Option<Close>> {
    let deadline = Instant::now() + AUTH_WITHIN;
    let token = loop {
        let next = tokio::time::timeout_at(deadline, line.stream.next()).await;
        let text = match next.map_err(|_| Close::Unauthenticated)?.ok_or(None)? {
            Ok(Message::Text(text)) => text,
            Ok(Message::Ping(_) | Message::Pong(_)) => continue,
            Ok(Message::Binary(_) | Message::Frame(_)) => return Err(Some(Close::Unauthenticated)),
            Ok(Message::Close(_)) => return Err(None),
            Err(error) => return Err(close_for(&error)),
        };
        match ClientFrame::read(text.as_bytes()) {
            Ok(ClientFrame::Auth { token }) => break token,
            Ok(_) => {
                line.send(&error_frame(&Code::TokenInvalid.into(), lang, None)).await?;
                return Err(Some(Close::Unauthenticated));
            }
            Err(problem) => line.send(&error_frame(&problem, lang, None)).await?,
        }
    };
    let caller = shared.auth.authenticate(Proof::Token(&token)).await.map_err(|_| Close::Unauthenticated)?;
    let place = shared.sockets.enter(caller.member, shared.options.sockets_per_member).ok_or(Close::Flood)?;
    let room = room.ok_or(Close::NoRoom)?;
    match shared.g.chat().join(caller.member, room, None).await {
        Ok(feed) => Ok((caller, place, Box::new(feed))),
        Err(error) if error.code() == Code::Unavailable => Err(Some(Close::Restart)),
        Err(_) => Err(Some(Close::NoRoom)),
    }
}

/// The connection, with writing that does not wait for ever.
#[derive(Debug)]
struct Line {
    stream: HyperWebsocketStream,
}

impl Line {
    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Option<Close>> {
        self.write(Message::Text(frame.to_text().into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Option<Close>> {
        match timeout(WRITE_WITHIN, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(close_for(&error)),
            Err(_) => Err(Some(Close::Slow)),
        }
    }

    /// Says why, closes, and waits a little for the other side to agree.
    async fn close(&mut self, close: Close, shared: &Shared) {
        let wait = if close.reconnect() { shared.options.rng.below(RETURN_WITHIN_MS) } else { 0 };
        let farewell = ServerFrame::Closing {
            code: close.code(),
            reason: close.reason().to_owned(),
            reconnect: close.reconnect(),
            retry_after_ms: wait.into(),
        };
        let frame = CloseFrame { code: close.code().into(), reason: Utf8Bytes::from_static(close.reason()) };
        let ending = async {
            // After a broken protocol nothing but the close frame makes sense.
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

/// An open socket of a known caller in a room.
struct Session {
    shared: Arc<Shared>,
    lang: Lang,
    room: RoomId,
    caller: Caller,
    /// Counts the socket for as long as it lives.
    _place: Place,
    feed: Box<RoomFeed>,
    line: Line,
    /// Refused frames in a row.
    strikes: u32,
    last_typing: Option<Instant>,
}

impl Session {
    /// Lives until it ends; says how.
    async fn live(&mut self) -> Result<(), Option<Close>> {
        let drain = self.shared.drain.clone();
        self.ready().await?;
        let mut check = interval(CHECK_EVERY);
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut quiet_until = Instant::now() + PING_AFTER;
        let mut pinged = false;
        let mut stop_at = None;
        loop {
            tokio::select! {
                received = self.line.stream.next() => {
                    let message = received.ok_or(None)?.map_err(|error| close_for(&error))?;
                    (quiet_until, pinged) = (Instant::now() + PING_AFTER, false);
                    self.received(message).await?;
                }
                event = next_event(&mut self.feed) => self.happened(event).await?,
                () = sleep_until(quiet_until) => {
                    if pinged {
                        return Err(Some(Close::Silent));
                    }
                    self.line.write(Message::Ping(bytes::Bytes::new())).await?;
                    (quiet_until, pinged) = (Instant::now() + PONG_WITHIN, true);
                }
                _ = check.tick() => still_there(&self.shared, self.caller).await?,
                () = drain.begun(), if stop_at.is_none() => {
                    let jitter = self.shared.options.rng.below(STOP_WITHIN_MS);
                    stop_at = Some(Instant::now() + Duration::from_millis(jitter.into()));
                }
                () = sleep_until(stop_at.unwrap_or(quiet_until)), if stop_at.is_some() => {
                    return Err(Some(Close::Restart));
                }
            }
        }
    }

    async fn ready(&mut self) -> Result<(), Option<Close>> {
        let frame = ServerFrame::Ready {
            epoch: self.feed.epoch(),
            room_id: self.room.value(),
            rooms: [(self.room.to_string(), self.feed.head())].into(),
        };
        self.line.send(&frame).await
    }

    /// Something happened in the room.
    async fn happened(&mut self, event: RoomEvent) -> Result<(), Option<Close>> {
        let (room, me) = (self.room, self.caller.member);
        let frame = match event {
            RoomEvent::Message(view) => ServerFrame::message(view),
            RoomEvent::Read { member, seq } => ServerFrame::read(room, member, me, seq),
            RoomEvent::Typing { member } => ServerFrame::Typing { room_id: room.value(), member_id: member.value() },
            // The check every second and a half would find it too; this way it takes no time.
            RoomEvent::Me => return still_there(&self.shared, self.caller).await,
            RoomEvent::ResyncRequired => self.resync_required(),
            RoomEvent::Closed => return Err(Some(Close::NoRoom)),
        };
        self.line.send(&frame).await
    }

    fn resync_required(&self) -> ServerFrame {
        ServerFrame::ResyncRequired { room_id: self.room.value(), head: self.feed.head() }
    }

    /// The client said something.
    async fn received(&mut self, message: Message) -> Result<(), Option<Close>> {
        let read = match message {
            Message::Text(text) => ClientFrame::read(text.as_bytes()),
            Message::Binary(_) => Err(Edge::Frame.into()),
            // The library answers pings and the closing; the stream ends by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_) => return Ok(()),
        };
        let (id, done) = match read {
            Ok(frame) => {
                let id = if let ClientFrame::Message { client_msg_id, .. } = &frame {
                    client_msg_id.map(|id| id.to_string())
                } else {
                    None
                };
                (id, self.obey(frame).await)
            }
            Err(problem) => (None, self.counted(RateClass::Frame).and(Err(problem.into()))),
        };
        match done {
            Ok(reply) => {
                self.strikes = 0;
                match reply {
                    Some(frame) => self.line.send(&frame).await,
                    None => Ok(()),
                }
            }
            Err(Refused::Frame(problem)) => {
                if problem.core_code() == Some(Code::TooMany) {
                    self.strikes += 1;
                    if self.strikes > MAX_STRIKES {
                        return Err(Some(Close::Flood));
                    }
                }
                problem.log("socket");
                self.line.send(&error_frame(&problem, self.lang, id)).await
            }
            Err(Refused::Socket(close)) => Err(close),
        }
    }

    /// Does what a frame asks for; answers what is to be sent back.
    async fn obey(&mut self, frame: ClientFrame) -> Result<Option<ServerFrame>, Refused> {
        let class = if matches!(frame, ClientFrame::Message { .. }) { RateClass::Message } else { RateClass::Frame };
        self.counted(class)?;
        if frame.room().is_some_and(|room| room != self.room) {
            return Err(Problem::from(Code::RoomNotFound).into());
        }
        let (me, room) = (self.caller.member, self.room);
        match frame {
            ClientFrame::Message { text, client_msg_id, .. } => {
                let sent = self.shared.g.chat().send(me, room, draft(text, client_msg_id)).await?;
                Ok(Some(ServerFrame::ack(&sent.view)))
            }
            ClientFrame::Read { seq, .. } => {
                // The mark comes back through the feed, to every device of both.
                self.shared.g.chat().read(me, room, seq).await?;
                Ok(None)
            }
            ClientFrame::Typing { .. } => {
                let now = Instant::now();
                if self.last_typing.is_none_or(|last| now.duration_since(last) >= TYPING_EVERY) {
                    self.last_typing = Some(now);
                    self.shared.g.chat().typing(me, room).await?;
                }
                Ok(None)
            }
            ClientFrame::Resume { epoch, rooms } => Ok(self.resume(epoch, &rooms)),
            ClientFrame::Ping => Ok(Some(ServerFrame::Pong)),
            ClientFrame::Auth { token } => {
                let caller =
                    self.shared.auth.authenticate(Proof::Token(&token)).await.map_err(crate::shared::unknown)?;
                if caller.member != me {
                    return Err(Problem::from(Code::TokenInvalid).into());
                }
                self.caller = caller;
                self.ready().await.map_err(Refused::Socket)?;
                Ok(None)
            }
        }
    }

    fn resume(&mut self, epoch: Option<u64>, rooms: &[(RoomId, u64)]) -> Option<ServerFrame> {
        let after = rooms.iter().find(|(room, _)| *room == self.room).map(|(_, seq)| *seq)?;
        if epoch.is_some_and(|epoch| epoch != self.feed.epoch()) {
            return Some(self.resync_required());
        }
        self.feed.resume(after);
        None
    }

    fn counted(&self, class: RateClass) -> Result<(), Refused> {
        let key = RateKey::Member(self.caller.member);
        Ok(rate::check(self.shared.options.rate_limit.as_ref(), class, Some(key))?)
    }
}

/// Why a frame was not obeyed.
enum Refused {
    /// It is answered by an error frame.
    Frame(Problem),
    /// The socket ends.
    Socket(Option<Close>),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Frame(error.into())
    }
}

fn error_frame(problem: &Problem, lang: Lang, client_msg_id: Option<String>) -> ServerFrame {
    ServerFrame::Error { code: problem.code().to_owned(), message: problem.message(lang), client_msg_id }
}

/// Ends the socket of a session that has ended. What cannot be found out counts as still there.
async fn still_there(shared: &Shared, caller: Caller) -> Result<(), Option<Close>> {
    match shared.auth.still_valid(&caller).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Some(Close::Unauthenticated)),
        Err(error) => {
            tracing::warn!(%error, "a socket's session could not be checked");
            Ok(())
        }
    }
}

/// The next thing that happens in the room. A store that fails is asked again in a second: the log loses nothing.
async fn next_event(feed: &mut RoomFeed) -> RoomEvent {
    loop {
        match feed.next().await {
            Ok(event) => return event,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "a room could not be read");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
