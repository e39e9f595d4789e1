//! The JSON Schema of frames, published beside the OpenAPI document.
//!
//! Server frames come from the types that are sent; client frames are written here and tested against the reader.

use gpting_core::id::MAX_ID;
use serde_json::{Value, json};
use utoipa::PartialSchema as _;

use super::Close;
use super::frame::ServerFrame;

/// The JSON Schema of all frames: `#/$defs/ClientFrame` and `#/$defs/ServerFrame`.
pub(crate) fn schema() -> Value {
    let mut server = serde_json::to_value(ServerFrame::schema()).expect("a schema is plain data");
    close_up(&mut server);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Frames of GPTing's sockets",
        "$defs": {"ClientFrame": client(), "ServerFrame": server},
        "x-close-codes": Close::ALL
            .map(|close| json!({"code": close.code(), "reason": close.reason(), "reconnect": close.reconnect()})),
        "anyOf": [{"$ref": "#/$defs/ClientFrame"}, {"$ref": "#/$defs/ServerFrame"}],
    })
}

/// A frame has the fields of its type and no others.
fn close_up(server: &mut Value) {
    for frame in server["oneOf"].as_array_mut().into_iter().flatten() {
        frame["additionalProperties"] = json!(false);
    }
}

fn client() -> Value {
    let id = json!({"type": "integer", "minimum": 1, "maximum": MAX_ID});
    let seq = json!({"type": "integer", "minimum": 0});
    let places = json!({"type": "object", "additionalProperties": seq});
    let text = json!({"type": "string", "minLength": 1, "maxLength": 4000});
    let message_id = json!({"type": "string", "format": "uuid"});
    let flag = json!({"type": "boolean"});
    let typed = |name: &str, required: &[&str], mut properties: Value| {
        properties["type"] = json!({"const": name});
        let required: Vec<&str> = std::iter::once("type").chain(required.iter().copied()).collect();
        json!({"type": "object", "required": required, "properties": properties})
    };
    json!({"oneOf": [
        {"type": "object", "required": ["message"], "not": {"required": ["type"]},
         "properties": {"message": text, "client_msg_id": message_id}},
        typed("auth", &["token"], json!({"token": {"type": "string"}})),
        typed("message", &["message"], json!({"room_id": id, "message": text, "client_msg_id": message_id})),
        typed("read", &["seq"], json!({"room_id": id, "seq": seq, "private": flag})),
        typed("typing", &[], json!({"room_id": id})),
        typed("presence", &[], json!({"room_id": id, "online": flag})),
        typed("resume", &["rooms"], json!({"epoch": seq, "rooms": places, "revisions": places})),
        typed("ping", &[], json!({})),
    ]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::frame::ClientFrame;

    /// The published copy. Written anew with `GPTING_BLESS=1`.
    #[test]
    fn the_copy_in_the_documentation_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/frames.schema.json");
        let text = format!("{:#}\n", schema());
        if std::env::var_os("GPTING_BLESS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), text, "renew it with GPTING_BLESS=1");
    }

    #[test]
    fn what_the_schema_says_of_client_frames_is_what_is_read() {
        let mut client = schema()["$defs"]["ClientFrame"].clone();
        client["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        let says = jsonschema::validator_for(&client).unwrap();
        let id = "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11";
        for (frame, good) in [
            (json!({"message": "a"}), true),
            (json!({"message": "a", "client_msg_id": id}), true),
            (json!({"type": "message", "room_id": 7, "message": "a"}), true),
            (json!({"type": "message", "message": ""}), false),
            (json!({"type": "message", "message": 5}), false),
            (json!({"type": "message", "message": "a", "room_id": 0}), false),
            (json!({"type": "read", "seq": 0}), true),
            (json!({"type": "read", "seq": 1, "private": true}), true),
            (json!({"type": "read", "seq": 1, "private": 5}), false),
            (json!({"type": "read", "seq": -1}), false),
            (json!({"type": "read"}), false),
            (json!({"type": "typing"}), true),
            (json!({"type": "presence", "room_id": 7, "online": false}), true),
            (json!({"type": "resume", "epoch": 3, "rooms": {"7": 1}}), true),
            (json!({"type": "resume", "rooms": {}, "revisions": {"7": 1}}), true),
            (json!({"type": "resume", "rooms": {"7": -1}}), false),
            (json!({"type": "resume"}), false),
            (json!({"type": "ping"}), true),
            (json!({"type": "auth", "token": "t"}), true),
            (json!({"type": "auth"}), false),
            (json!({"type": "dance"}), false),
            (json!({}), false),
            (json!([]), false),
        ] {
            assert_eq!(says.is_valid(&frame), good, "the schema: {frame}");
            assert_eq!(ClientFrame::read(frame.to_string().as_bytes()).is_ok(), good, "the reader: {frame}");
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
        let wanted = [
            "ready",
            "message",
            "unsent",
            "ack",
            "read",
            "typing",
            "presence",
            "opened",
            "closed",
            "pong",
            "resumed",
            "resync_required",
            "error",
            "closing",
        ];
        assert_eq!(kinds, wanted);
    }
}
