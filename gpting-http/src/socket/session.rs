//! The life of an open socket: who it belongs to, what it says, what it hears, and how it ends.
//!
//! One task per socket, tracked by the service's [`Drain`](crate::Drain). Reading and writing take turns in one loop:
//! while a client does not take what it is sent, nothing is read from it either, and after ten seconds it is closed.
//! What it has missed is in the log; it comes back and resumes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::chat::{ChatEvent, EPHEMERAL_EVERY, Rooms, Subscription};
use gpting_core::error::Chain;
use gpting_core::id::RoomId;
use gpting_core::lang::Lang;
use gpting_core::{Code, Fault};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::Message;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::frame::{ClientFrame, ServerFrame, draft};
use super::line::{Line, WRITE_WITHIN};
use super::registry::Place;
use super::{Close, prove, watch};
use crate::authenticate::Caller;
use crate::error::{Edge, Problem};
use crate::layer::rate::{self, RateClass, RateKey};
use crate::shared::Shared;

/// How long somebody may take to say who they are.
const AUTH_WITHIN: Duration = Duration::from_secs(5);
/// After so much silence a ping is sent.
const PING_AFTER: Duration = Duration::from_secs(20);
/// How long any sign of life may then take.
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// Over how long sockets are closed when the service stops, in milliseconds.
const STOP_WITHIN_MS: u32 = 2_000;
/// So many events are sent together at the most, before anything else gets its turn.
const TOLD_TOGETHER: usize = 64;
/// So many refused frames in a row are a flood.
const MAX_STRIKES: u32 = 30;
/// For how many rooms at the most it is remembered when somebody last wrote or was there.
const MOST_EPHEMERAL: usize = 32;

/// Somebody known, with their place and what they hear.
pub(super) type Known = (Caller, Place, Box<Subscription>);

/// Runs a socket to its end. `known` is none when the first frame will tell who it is.
pub(super) async fn run(
    shared: Arc<Shared>,
    upgraded: HyperWebsocket,
    rooms: Option<Rooms>,
    known: Option<Known>,
    lang: Lang,
) {
    // The client may be gone before the upgrade is through: then there is nobody to tell.
    let Ok(stream) = upgraded.await else { return };
    let mut line = Line::new(stream);
    let known = match known {
        Some(known) => Ok(known),
        None => Box::pin(introduce(&shared, &mut line, rooms, lang)).await,
    };
    let close = match known.and_then(|known| Ok((known, rooms.ok_or(Close::NoRoom)?))) {
        Ok(((caller, place, heard), rooms)) => {
            watch::watch(&shared);
            let mut session = Session {
                shared: Arc::clone(&shared),
                lang,
                rooms,
                caller,
                place,
                heard,
                line,
                strikes: 0,
                told: HashMap::new(),
                present: None,
            };
            let ended = session.live().await;
            session.leave().await;
            line = session.line;
            ended
        }
        Err(close) => Err(close),
    };
    if let Err(Some(close)) = close {
        Box::pin(line.close(close, &shared)).await;
    }
}

/// Waits for the first frame, which must say who it is.
async fn introduce(
    shared: &Arc<Shared>,
    line: &mut Line,
    rooms: Option<Rooms>,
    lang: Lang,
) -> Result<Known, Option<Close>> {
    let deadline = Instant::now() + AUTH_WITHIN;
    let token = loop {
        let text = match timeout_at(deadline, line.next()).await.map_err(|_| Close::Unauthenticated)?? {
            Message::Text(text) => text,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Binary(_) | Message::Frame(_) => return Err(Some(Close::Unauthenticated)),
            Message::Close(_) => return Err(None),
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
    let caller = match prove::by_frame(shared, &token).await {
        Ok(caller) => caller,
        Err(problem) if problem.core_code() == Some(Code::Unavailable) => return Err(Some(Close::Restart)),
        Err(_) => return Err(Some(Close::Unauthenticated)),
    };
    let place = shared.sockets.enter(caller, shared.options.sockets_per_member).ok_or(Close::Flood)?;
    match shared.g.chat().subscribe(caller.member, rooms.ok_or(Close::NoRoom)?).await {
        Ok(heard) => Ok((caller, place, Box::new(heard))),
        Err(error) if error.code() == Code::RoomNotFound => Err(Some(Close::NoRoom)),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), "a socket could not be opened");
            Err(Some(Close::Restart))
        }
    }
}

/// What is passed on only now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ephemeral {
    Typing,
    Presence(bool),
}

/// An open socket of a known caller.
struct Session {
    shared: Arc<Shared>,
    lang: Lang,
    rooms: Rooms,
    caller: Caller,
    /// Counts the socket for as long as it lives.
    place: Place,
    heard: Box<Subscription>,
    line: Line,
    /// Refused frames in a row.
    strikes: u32,
    /// When what was last passed on.
    told: HashMap<(RoomId, Ephemeral), Instant>,
    /// The room that the client has before it.
    present: Option<RoomId>,
}

impl Session {
    /// Lives until it ends; says how.
    async fn live(&mut self) -> Result<(), Option<Close>> {
        let drain = self.shared.drain.clone();
        self.ready().await?;
        let mut quiet_until = Instant::now() + PING_AFTER;
        let mut pinged = false;
        let mut stop_at = None;
        loop {
            tokio::select! {
                received = self.line.next() => {
                    let message = received?;
                    (quiet_until, pinged) = (Instant::now() + PING_AFTER, false);
                    // Boxed: what a frame sets in motion is large, and an idle socket should not hold room for it.
                    Box::pin(self.received(message)).await?;
                    // However much a client says, it hears what others say: the answer goes out together with it.
                    let next = self.heard.take();
                    self.tell(next).await?;
                }
                event = next_event(&mut self.heard) => self.tell(Some(event)).await?,
                () = self.place.ended() => Box::pin(still_there(&self.shared, self.caller)).await?,
                () = sleep_until(quiet_until) => {
                    if pinged {
                        return Err(Some(Close::Silent));
                    }
                    self.line.ping().await?;
                    (quiet_until, pinged) = (Instant::now() + PONG_WITHIN, true);
                }
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

    /// Tells the partner that whoever was here is not any more.
    async fn leave(&mut self) {
        if let Some(room) = self.present.take() {
            // Whether it can be told or not: it is over soon anyway.
            let _ = self.shared.g.chat().present(self.caller.member, room, false).await;
        }
    }

    async fn ready(&mut self) -> Result<(), Option<Close>> {
        let frame = ServerFrame::ready(&self.heard, self.rooms);
        self.line.send(&frame).await
    }

    /// Tells what has happened together with what else has happened by now, and with the answers that wait.
    async fn tell(&mut self, first: Option<ChatEvent>) -> Result<(), Option<Close>> {
        let (mut next, mut fed) = (first, 0);
        // Whoever takes a little now and then does not keep the rest from its turn: sessions end, services stop.
        let until = Instant::now() + WRITE_WITHIN;
        while let Some(event) = next {
            if event == ChatEvent::Me {
                // Watching would find it too; this way it takes no time.
                Box::pin(still_there(&self.shared, self.caller)).await?;
            }
            if event == ChatEvent::TooSlow {
                return Err(Some(Close::Slow));
            }
            if let ChatEvent::Closed { room } = event
                && self.rooms == Rooms::One(room)
            {
                return Err(Some(Close::NoRoom));
            }
            if let Some(frame) = ServerFrame::of(event, self.caller.member) {
                self.line.feed(&frame).await?;
            }
            fed += 1;
            next = if fed < TOLD_TOGETHER && Instant::now() < until { self.heard.take() } else { None };
        }
        self.line.flush().await
    }

    /// The client said something; the answer waits to be [told](Self::tell).
    async fn received(&mut self, message: Message) -> Result<(), Option<Close>> {
        let read = match message {
            Message::Text(text) => ClientFrame::read(text.as_bytes()),
            Message::Binary(_) => Err(Edge::Frame.into()),
            // The library answers pings and the closing; the stream ends by itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_) => return Ok(()),
        };
        let (id, done) = match read {
            Ok(frame) => {
                let id = frame.client_msg_id();
                (id, self.obey(frame).await)
            }
            Err(problem) => (None, self.counted(RateClass::Frame).and(Err(problem.into()))),
        };
        match done {
            Ok(reply) => {
                self.strikes = 0;
                match reply {
                    Some(frame) => self.line.feed(&frame).await,
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
                self.line.feed(&error_frame(&problem, self.lang, id)).await
            }
            Err(Refused::Socket(close)) => Err(close),
        }
    }

    /// Does what a frame asks for; answers what is to be sent back.
    async fn obey(&mut self, frame: ClientFrame) -> Result<Option<ServerFrame>, Refused> {
        let class = if matches!(frame, ClientFrame::Message { .. }) { RateClass::Message } else { RateClass::Frame };
        self.counted(class)?;
        let (me, chat) = (self.caller.member, self.shared.g.chat());
        match frame {
            ClientFrame::Message { room, text, client_msg_id } => {
                let sent = chat.send(me, self.room(room)?, draft(text, client_msg_id)).await?;
                Ok(Some(ServerFrame::ack(&sent.view)))
            }
            ClientFrame::Read { room, seq, private } => {
                // The mark comes back as an event, to every device of both.
                let room = self.room(room)?;
                if private {
                    chat.read_privately(me, room, seq).await?
                } else {
                    chat.read(me, room, seq).await?
                };
                Ok(None)
            }
            ClientFrame::Typing { room } => {
                let room = self.room(room)?;
                if self.is_due(room, Ephemeral::Typing) {
                    self.shared.g.chat().typing(me, room).await?;
                }
                Ok(None)
            }
            ClientFrame::Presence { room, online } => {
                let room = self.room(room)?;
                if self.is_due(room, Ephemeral::Presence(online)) {
                    self.shared.g.chat().present(me, room, online).await?;
                    self.present = online.then_some(room);
                }
                Ok(None)
            }
            ClientFrame::Resume { epoch, cursors } => {
                self.heard.resume(epoch, &cursors);
                Ok(None)
            }
            ClientFrame::Ping => Ok(Some(ServerFrame::pong(&self.heard))),
            ClientFrame::Auth { token } => {
                let caller = prove::by_frame(&self.shared, &token).await?;
                if caller.member != me {
                    return Err(Problem::from(Code::TokenInvalid).into());
                }
                self.caller = caller;
                self.place.now_of(caller);
                self.ready().await.map_err(Refused::Socket)?;
                Ok(None)
            }
        }
    }

    /// The room that a frame is about: the one it names, or the socket's.
    fn room(&self, named: Option<RoomId>) -> Result<RoomId, Refused> {
        match (self.rooms, named) {
            (Rooms::One(one), None) => Ok(one),
            (Rooms::One(one), Some(named)) if named != one => Err(Problem::from(Code::RoomNotFound).into()),
            (Rooms::One(_) | Rooms::All, Some(named)) => Ok(named),
            (Rooms::All, None) => Err(Problem::field("room_id", Fault::Required).into()),
        }
    }

    /// Whether it is time to pass this on again.
    fn is_due(&mut self, room: RoomId, what: Ephemeral) -> bool {
        let now = Instant::now();
        let last = self.told.get(&(room, what));
        if last.is_some_and(|last| now.duration_since(*last) < EPHEMERAL_EVERY) {
            return false;
        }
        self.told.retain(|_, at| now.duration_since(*at) < EPHEMERAL_EVERY);
        if self.told.len() >= MOST_EPHEMERAL {
            return false;
        }
        self.told.insert((room, what), now);
        true
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

/// The next thing that happens. A store that fails is asked again in a second: the log loses nothing.
async fn next_event(heard: &mut Subscription) -> ChatEvent {
    loop {
        match heard.next().await {
            Ok(event) => return event,
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "a room could not be read");
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}
