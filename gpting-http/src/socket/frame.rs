//! Frames: what a client may say on a socket and what it hears. Their JSON Schema is [`schema`](super::schema).
//!
//! Read by [`session`](super::session) with the same strict reader as bodies. Every frame has a `type`; the original's
//! bare `{"message": text}` is the one exception, and means a chat message.
//! Invariant: whatever is received is a [`ClientFrame`] or a refusal that names what is wrong; nothing ends the socket.

use std::collections::{BTreeMap, HashMap};

use gpting_core::Fault;
use gpting_core::chat::{ChatEvent, Cursor, Draft, EPHEMERAL_TTL, MessageView, Rooms, Subscription};
use gpting_core::id::{MemberId, RoomId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{Edge, Problem};
use crate::extract::Fields;
use crate::wire::chat::{client_msg_id, required_seq};
use crate::wire::time;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientFrame {
    /// Who it is.
    Auth { token: String },
    /// Something to say.
    Message { room: Option<RoomId>, text: String, client_msg_id: Option<Uuid> },
    /// Everything up to there is read; privately, when the partner is not to know.
    Read { room: Option<RoomId>, seq: u64, private: bool },
    /// The member is writing.
    Typing { room: Option<RoomId> },
    /// The member has the room before them, or has left it.
    Presence { room: Option<RoomId>, online: bool },
    /// What was missed since then, please.
    Resume { epoch: Option<u64>, cursors: Vec<Cursor> },
    /// A sign of life.
    Ping,
}

impl ClientFrame {
    /// Reads a text frame.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &[u8]) -> Result<Self, Problem> {
        let mut fields = Fields::of_json(text).map_err(|_| Edge::Frame)?;
        let kind = if fields.has("type") {
            fields.text("type").ok_or(Edge::Frame)?
        } else if fields.has("message") {
            "message".to_owned()
        } else {
            return Err(Edge::Frame.into());
        };
        let room = fields.id("room_id", RoomId::new);
        let frame = match kind.as_str() {
            "auth" => Self::Auth { token: fields.required_text("token") },
            "message" => {
                let text = fields.required_text("message");
                Self::Message { room, text, client_msg_id: client_msg_id(&mut fields) }
            }
            "read" => {
                let private = fields.flag("private").unwrap_or_default();
                Self::Read { room, seq: required_seq(&mut fields), private }
            }
            "typing" => Self::Typing { room },
            "presence" => Self::Presence { room, online: fields.flag("online").unwrap_or(true) },
            "resume" => Self::resume(&mut fields),
            "ping" => Self::Ping,
            _ => return Err(Edge::Frame.into()),
        };
        fields.finish().map(|()| frame)
    }

    fn resume(fields: &mut Fields) -> Self {
        let epoch = fields.id("epoch", |epoch| u64::try_from(epoch).ok());
        if !fields.has("rooms") {
            fields.refuse("rooms", Fault::Required);
        }
        let seqs = places(fields, "rooms");
        let revisions: HashMap<RoomId, u64> = places(fields, "revisions").into_iter().collect();
        let cursor = |(room, seq)| Cursor { room, seq, revision: revisions.get(&room).copied() };
        Self::Resume { epoch, cursors: seqs.into_iter().map(cursor).collect() }
    }

    /// The own id of the message that it brings.
    pub(crate) fn client_msg_id(&self) -> Option<String> {
        if let Self::Message { client_msg_id, .. } = self { client_msg_id.map(|id| id.to_string()) } else { None }
    }
}

/// A map of rooms to numbers; nothing, where there is none.
fn places(fields: &mut Fields, name: &str) -> Vec<(RoomId, u64)> {
    let place = |(room, seq): (&String, &Value)| Some((room.parse().ok()?, seq.as_u64()?));
    let places = match fields.value(name) {
        None => return Vec::new(),
        Some(Value::Object(rooms)) => rooms.iter().map(place).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => None,
    };
    places.unwrap_or_else(|| {
        fields.refuse(name, Fault::Invalid);
        Vec::new()
    })
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerFrame {
    /// The socket is open.
    Ready {
        /// Which log this is; `resume` names it.
        epoch: u64,
        /// The room, on a socket of one room.
        #[serde(skip_serializing_if = "Option::is_none")]
        room_id: Option<i64>,
        /// The place of the newest message, by room.
        #[schema(value_type = BTreeMap<String, u64>)]
        rooms: BTreeMap<String, u64>,
        /// How often a message was taken back, by room; rooms where none was are left out.
        #[schema(value_type = BTreeMap<String, u64>)]
        revisions: BTreeMap<String, u64>,
    },
    /// A chat message, one's own included.
    Message {
        /// What was said.
        message: String,
        /// The sender's nickname.
        sender: String,
        /// Who said it.
        sender_id: i64,
        /// Whether one wrote it oneself.
        is_mine: bool,
        /// Where.
        room_id: i64,
        /// Its place in the room.
        seq: u64,
        /// Its id.
        id: i64,
        /// When.
        timestamp: String,
        /// The own id it was sent under.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_msg_id: Option<String>,
        /// True when its sender has taken it back; its text is empty then.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        #[schema(required = false)]
        unsent: bool,
    },
    /// A message was taken back.
    Unsent {
        /// Where.
        room_id: i64,
        /// Its place, which it keeps.
        seq: u64,
        /// How often that has now happened in the room.
        revision: u64,
    },
    /// A message of one's own is stored.
    Ack {
        /// The own id it was sent under.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_msg_id: Option<String>,
        /// Where.
        room_id: i64,
        /// Its place in the room.
        seq: u64,
        /// Its id.
        id: i64,
        /// When.
        timestamp: String,
    },
    /// Somebody has read up to there.
    Read {
        /// Where.
        room_id: i64,
        /// Who.
        member_id: i64,
        /// Whether it was oneself.
        is_mine: bool,
        /// Up to where.
        seq: u64,
    },
    /// The partner is writing.
    Typing {
        /// Where.
        room_id: i64,
        /// Who.
        member_id: i64,
        /// How long it is good, in milliseconds.
        ttl_ms: u64,
    },
    /// The partner has the room before them, or has left it.
    Presence {
        /// Where.
        room_id: i64,
        /// Who.
        member_id: i64,
        /// Whether they are there.
        online: bool,
        /// How long it is good, in milliseconds.
        ttl_ms: u64,
    },
    /// A room was opened, or opened again.
    Opened {
        /// Which.
        room_id: i64,
        /// The place of its newest message.
        head: u64,
    },
    /// A room is closed, for whatever reason; the socket stays open for the others.
    Closed {
        /// Which.
        room_id: i64,
    },
    /// The answer to a ping.
    Pong {
        /// The place of the newest message sent, by room.
        #[schema(value_type = BTreeMap<String, u64>)]
        rooms: BTreeMap<String, u64>,
    },
    /// What was missed follows, in order; what came of the room before this frame comes again.
    Resumed {
        /// Which room.
        room_id: i64,
        /// After which place.
        after: u64,
        /// The place of its newest message.
        head: u64,
        /// How often a message was taken back there.
        revision: u64,
    },
    /// More was missed than is replayed: load the history. What comes from now on is sent.
    ResyncRequired {
        /// Which room.
        room_id: i64,
        /// The place of its newest message.
        head: u64,
        /// How often a message was taken back there.
        revision: u64,
    },
    /// A frame was refused; the socket stays open.
    Error {
        /// Stable code.
        code: String,
        /// The sentence for people.
        message: String,
        /// The own id of the message it is about.
        #[serde(skip_serializing_if = "Option::is_none")]
        client_msg_id: Option<String>,
    },
    /// The socket is about to be closed.
    Closing {
        /// The close code that follows.
        code: u16,
        /// Why.
        reason: String,
        /// Whether to come back.
        reconnect: bool,
        /// After how long, in milliseconds.
        retry_after_ms: u64,
    },
}

impl ServerFrame {
    /// What an event is told as; none for what concerns the socket itself.
    pub(crate) fn of(event: ChatEvent, me: MemberId) -> Option<Self> {
        let ttl_ms = u64::try_from(EPHEMERAL_TTL.as_millis()).unwrap_or_default();
        Some(match event {
            ChatEvent::Message(view) => Self::message(view),
            ChatEvent::Unsent { room, seq, revision } => Self::Unsent { room_id: room.value(), seq, revision },
            ChatEvent::Read { room, member, seq } => {
                Self::Read { room_id: room.value(), member_id: member.value(), is_mine: member == me, seq }
            }
            ChatEvent::Typing { room, member } => {
                Self::Typing { room_id: room.value(), member_id: member.value(), ttl_ms }
            }
            ChatEvent::Presence { room, member, online } => {
                Self::Presence { room_id: room.value(), member_id: member.value(), online, ttl_ms }
            }
            ChatEvent::Opened { room, head } => Self::Opened { room_id: room.value(), head },
            ChatEvent::Closed { room } => Self::Closed { room_id: room.value() },
            ChatEvent::Resumed { room, after, head, revision } => {
                Self::Resumed { room_id: room.value(), after, head, revision }
            }
            ChatEvent::ResyncRequired { room, head, revision } => {
                Self::ResyncRequired { room_id: room.value(), head, revision }
            }
            // Told by closing, or looked into by the session; and what a later core may tell, an older client ignores.
            ChatEvent::Me | ChatEvent::TooSlow | _ => return None,
        })
    }

    /// What is told first.
    pub(crate) fn ready(heard: &Subscription, rooms: Rooms) -> Self {
        let room_id = if let Rooms::One(room) = rooms { Some(room.value()) } else { None };
        let revisions = heard.rooms().filter(|(_, _, revision)| *revision > 0);
        Self::Ready {
            epoch: heard.epoch(),
            room_id,
            revisions: revisions.map(|(room, _, revision)| (room.to_string(), revision)).collect(),
            rooms: heads(heard),
        }
    }

    /// The answer to a ping.
    pub(crate) fn pong(heard: &Subscription) -> Self {
        Self::Pong { rooms: heads(heard) }
    }

    fn message(view: MessageView) -> Self {
        let client_msg_id = view.message.client_msg_id.filter(|_| view.is_mine).map(|id| id.to_string());
        Self::Message {
            sender: view.sender_nickname,
            sender_id: view.message.sender.value(),
            is_mine: view.is_mine,
            room_id: view.message.room.value(),
            seq: view.message.seq,
            id: view.message.id.value(),
            timestamp: time(view.message.at),
            client_msg_id,
            unsent: view.message.unsent.is_some(),
            message: view.message.text,
        }
    }

    /// The acknowledgement of a stored message.
    pub(crate) fn ack(view: &MessageView) -> Self {
        Self::Ack {
            client_msg_id: view.message.client_msg_id.map(|id| id.to_string()),
            room_id: view.message.room.value(),
            seq: view.message.seq,
            id: view.message.id.value(),
            timestamp: time(view.message.at),
        }
    }

    /// The frame as text.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a frame is plain data")
    }
}

fn heads(heard: &Subscription) -> BTreeMap<String, u64> {
    heard.rooms().map(|(room, head, _)| (room.to_string(), head)).collect()
}

/// A chat message of a frame.
pub(crate) fn draft(text: String, client_msg_id: Option<Uuid>) -> Draft {
    Draft::text(text).id(client_msg_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ClientFrame, Problem> {
        ClientFrame::read(text.as_bytes())
    }

    #[test]
    fn every_form_of_a_message_is_read() {
        let room = RoomId::new(7);
        let id = "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11";
        assert_eq!(
            read(r#"{"message": "안녕"}"#).unwrap(),
            ClientFrame::Message { room: None, text: "안녕".to_owned(), client_msg_id: None }
        );
        assert_eq!(
            read(&format!(r#"{{"type":"message","room_id":7,"message":"a","client_msg_id":"{id}"}}"#)).unwrap(),
            ClientFrame::Message { room, text: "a".to_owned(), client_msg_id: Some(id.parse().unwrap()) }
        );
        assert_eq!(
            read(r#"{"type":"read","seq":3}"#).unwrap(),
            ClientFrame::Read { room: None, seq: 3, private: false }
        );
        assert_eq!(read(r#"{"type":"typing","room_id":7}"#).unwrap(), ClientFrame::Typing { room });
        assert_eq!(read(r#"{"type":"ping"}"#).unwrap(), ClientFrame::Ping);
        assert_eq!(read(r#"{"type":"auth","token":"t"}"#).unwrap(), ClientFrame::Auth { token: "t".to_owned() });
        assert_eq!(
            read(r#"{"type":"resume","epoch":5,"rooms":{"7":2}}"#).unwrap(),
            ClientFrame::Resume {
                epoch: Some(5),
                cursors: vec![Cursor { room: room.unwrap(), seq: 2, revision: None }]
            }
        );
        assert_eq!(
            read(r#"{"type":"resume","rooms":{"7":2},"revisions":{"7":1,"8":4}}"#).unwrap(),
            ClientFrame::Resume {
                epoch: None,
                cursors: vec![Cursor { room: room.unwrap(), seq: 2, revision: Some(1) }]
            }
        );
        assert_eq!(
            read(r#"{"type":"presence","room_id":7,"online":false}"#).unwrap(),
            ClientFrame::Presence { room, online: false }
        );
    }

    #[test]
    fn nonsense_is_refused_and_named() {
        for text in [
            "",
            "hello",
            "{",
            "[]",
            "{}",
            "null",
            "5",
            "\"a\"",
            r#"{"type":"nonsense"}"#,
            r#"{"type":5}"#,
            r#"{"type":null}"#,
            r#"{"type":"message"}"#,
            r#"{"message":5}"#,
            r#"{"message":""}"#,
            r#"{"message":{"a":1}}"#,
            r#"{"message":"\ud800"}"#,
            r#"{"type":"message","message":"a","client_msg_id":[1]}"#,
            r#"{"type":"message","message":"a","client_msg_id":"x"}"#,
            r#"{"type":"message","message":"a","room_id":-1}"#,
            r#"{"type":"message","message":"a","room_id":"x"}"#,
            r#"{"type":"message","message":"a","room_id":99999999999999999999}"#,
            r#"{"type":"read"}"#,
            r#"{"type":"read","seq":-1}"#,
            r#"{"type":"read","seq":1e999}"#,
            r#"{"type":"resume"}"#,
            r#"{"type":"resume","epoch":1,"rooms":[]}"#,
            r#"{"type":"resume","epoch":1,"rooms":{"x":1}}"#,
            r#"{"type":"resume","epoch":1,"rooms":{"7":-1}}"#,
            r#"{"type":"resume","epoch":1,"rooms":{"7":1},"revisions":[]}"#,
            r#"{"type":"presence","online":"maybe"}"#,
            r#"{"type":"read","seq":1,"private":7}"#,
            r#"{"type":"auth"}"#,
            r#"{"message":"a","message":"b"}"#,
            &"[".repeat(20_000),
        ] {
            assert!(read(text).is_err(), "{text:.60}");
        }
    }
}
