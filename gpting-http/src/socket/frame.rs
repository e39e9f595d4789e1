//! Frames: what a client may say on a socket and what it hears, and their JSON Schema.
//!
//! Read by [`session`](super::session) with the same strict reader as bodies. Every frame has a `type`; the original's
//! bare `{"message": text}` is the one exception, and means a chat message.
//! Invariant: whatever is received is a [`ClientFrame`] or a refusal that names what is wrong; nothing ends the socket.

use gpting_core::Fault;
use gpting_core::chat::{Draft, MessageView};
use gpting_core::id::{MemberId, RoomId};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema};
use uuid::Uuid;

use super::Close;
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
    /// Everything up to there is read.
    Read { room: Option<RoomId>, seq: u64 },
    /// The member is writing.
    Typing { room: Option<RoomId> },
    /// What was missed since then, please.
    Resume { epoch: Option<u64>, rooms: Vec<(RoomId, u64)> },
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
            "read" => Self::Read { room, seq: required_seq(&mut fields) },
            "typing" => Self::Typing { room },
            "resume" => Self::resume(&mut fields),
            "ping" => Self::Ping,
            _ => return Err(Edge::Frame.into()),
        };
        fields.finish().map(|()| frame)
    }

    fn resume(fields: &mut Fields) -> Self {
        let epoch = fields.id("epoch", |epoch| u64::try_from(epoch).ok());
        let rooms = match fields.value("rooms") {
            None => {
                fields.refuse("rooms", Fault::Required);
                None
            }
            Some(Value::Object(rooms)) => {
                let read = places(&rooms);
                if read.is_none() {
                    fields.refuse("rooms", Fault::Invalid);
                }
                read
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                fields.refuse("rooms", Fault::Invalid);
                None
            }
        };
        Self::Resume { epoch, rooms: rooms.unwrap_or_default() }
    }

    /// The room it names.
    pub(crate) fn room(&self) -> Option<RoomId> {
        match self {
            Self::Message { room, .. } | Self::Read { room, .. } | Self::Typing { room } => *room,
            Self::Auth { .. } | Self::Resume { .. } | Self::Ping => None,
        }
    }
}

fn places(rooms: &Map<String, Value>) -> Option<Vec<(RoomId, u64)>> {
    rooms.iter().map(|(room, seq)| Some((room.parse().ok()?, seq.as_u64()?))).collect()
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ServerFrame {
    /// The socket is open.
    Ready {
        /// Which run of the service this is; `resume` names it.
        epoch: u64,
        /// The room.
        room_id: i64,
        /// The place of the newest message, by room.
        #[schema(value_type = std::collections::BTreeMap<String, u64>)]
        rooms: std::collections::BTreeMap<String, u64>,
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
    },
    /// The answer to a ping.
    Pong,
    /// More was missed than is replayed: load the history.
    ResyncRequired {
        /// Which room.
        room_id: i64,
        /// The place of its newest message.
        head: u64,
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
    /// A message as a participant sees it.
    pub(crate) fn message(view: MessageView) -> Self {
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

    /// A read mark.
    pub(crate) fn read(room: RoomId, member: MemberId, me: MemberId, seq: u64) -> Self {
        Self::Read { room_id: room.value(), member_id: member.value(), is_mine: member == me, seq }
    }

    /// The frame as text.
    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a frame is plain data")
    }
}

/// A chat message of a frame.
pub(crate) fn draft(text: String, client_msg_id: Option<Uuid>) -> Draft {
    Draft::text(text).id(client_msg_id)
}

/// The JSON Schema of all frames: `#/$defs/ClientFrame` and `#/$defs/ServerFrame`.
pub(crate) fn schema() -> Value {
    let server = serde_json::to_value(ServerFrame::schema()).expect("a schema is plain data");
    let id = json!({"type": "integer", "minimum": 1, "maximum": gpting_core::id::MAX_ID});
    let seq = json!({"type": "integer", "minimum": 0});
    let typed = |name: &str, required: &[&str], properties: Value| {
        let mut properties = properties;
        properties["type"] = json!({"const": name});
        let required: Vec<&str> = std::iter::once("type").chain(required.iter().copied()).collect();
        json!({"type": "object", "required": required, "properties": properties})
    };
    let text = json!({"type": "string", "minLength": 1, "maxLength": 4000});
    let message_id = json!({"type": "string", "format": "uuid"});
    let client = json!({"oneOf": [
        {"type": "object", "required": ["message"], "not": {"required": ["type"]},
         "properties": {"message": text, "client_msg_id": message_id}},
        typed("auth", &["token"], json!({"token": {"type": "string"}})),
        typed("message", &["message"], json!({"room_id": id, "message": text, "client_msg_id": message_id})),
        typed("read", &["seq"], json!({"room_id": id, "seq": seq})),
        typed("typing", &[], json!({"room_id": id})),
        typed("resume", &["rooms"], json!({"epoch": seq, "rooms": {"type": "object", "additionalProperties": seq}})),
        typed("ping", &[], json!({})),
    ]});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frames of GPTing's sockets",
        "$defs": {"ClientFrame": client, "ServerFrame": server},
        "x-close-codes": Close::ALL
            .map(|close| json!({"code": close.code(), "reason": close.reason(), "reconnect": close.reconnect()})),
        "anyOf": [{"$ref": "#/$defs/ClientFrame"}, {"$ref": "#/$defs/ServerFrame"}],
    })
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
        assert_eq!(read(r#"{"type":"read","seq":3}"#).unwrap(), ClientFrame::Read { room: None, seq: 3 });
        assert_eq!(read(r#"{"type":"typing","room_id":7}"#).unwrap(), ClientFrame::Typing { room });
        assert_eq!(read(r#"{"type":"ping"}"#).unwrap(), ClientFrame::Ping);
        assert_eq!(read(r#"{"type":"auth","token":"t"}"#).unwrap(), ClientFrame::Auth { token: "t".to_owned() });
        assert_eq!(
            read(r#"{"type":"resume","epoch":5,"rooms":{"7":2}}"#).unwrap(),
            ClientFrame::Resume { epoch: Some(5), rooms: vec![(room.unwrap(), 2)] }
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
            r#"{"type":"auth"}"#,
            r#"{"message":"a","message":"b"}"#,
            &"[".repeat(20_000),
        ] {
            assert!(read(text).is_err(), "{text:.60}");
        }
    }

    #[test]
    fn every_server_frame_is_in_the_schema_under_its_type() {
        let schema = schema();
        let kinds: Vec<String> = schema["$defs"]["ServerFrame"]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|variant| {
                let kind = &variant["properties"]["type"];
                kind["enum"][0].as_str().or(kind["const"].as_str()).unwrap().to_owned()
            })
            .collect();
        let wanted = ["ready", "message", "ack", "read", "typing", "pong", "resync_required", "error", "closing"];
        assert_eq!(kinds, wanted);
        assert_eq!(ServerFrame::Pong.to_text(), r#"{"type":"pong"}"#);
    }
}
