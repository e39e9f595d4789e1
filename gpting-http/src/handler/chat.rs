//! Rooms and messages.

use gpting_core::chat::Draft;
use gpting_core::chat::ticket::TICKET_TTL;
use gpting_core::id::RoomId;
use gpting_core::store::{Before, MessageRange};
use gpting_core::{Code, Fault};
use http::{HeaderMap, header};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{next_of, other};
use crate::authenticate::Caller;
use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::lang::said;
use crate::wire::Message;
use crate::wire::chat::{
    ConversationBody, MessageBody, MessageDraft, Mute, MutedBody, ReadMark, ReadMarkedBody, RoomBody, RoomOpenedBody,
    TicketBody,
};

/// How many messages of a room when nobody says.
const HISTORY: usize = 100;

/// Rooms, the latest activity first.
pub(crate) async fn rooms(call: Call) -> Answer<Vec<RoomBody>> {
    let page = call.page("rooms")?;
    let rows = call.g().chat().rooms(call.me()?, page).await?;
    let view = call.view()?;
    let next =
        next_of(&rows, page.limit, |row| Before { at: row.overview.activity(), id: row.overview.room.id.value() });
    call.paged(Reply::ok(rows.iter().map(|row| view.room(row)).collect()), "rooms", next.as_ref())
}

/// The room with a match or friend.
pub(crate) async fn create(call: Call) -> Answer<RoomOpenedBody> {
    let (room, created) = call.g().chat().room_with(call.me()?, other(&call)?).await?;
    let message = if created {
        said(call.lang, "채팅방이 생성되었습니다.", "The room has been opened.")
    } else {
        said(call.lang, "이미 존재하는 채팅방 입니다.", "This room is there already.")
    };
    Ok(Reply::created_unless(!created, call.view()?.room_opened(&room, message)))
}

/// Messages of a room, oldest first.
pub(crate) async fn history(call: Call) -> Answer<Vec<MessageBody>> {
    let seq = |name| Ok::<_, Problem>(call.query_number(name, 0..=i64::MAX)?.and_then(|seq| u64::try_from(seq).ok()));
    let range = match (seq("before_seq")?, seq("after_seq")?) {
        (Some(_), Some(_)) => return Err(Problem::field("before_seq", Fault::Invalid)),
        (None, Some(after)) => MessageRange::After(after),
        // Places are kept as signed integers: nothing lies beyond the largest of those.
        (before, None) => MessageRange::Before(before.unwrap_or(i64::MAX.unsigned_abs())),
    };
    let messages =
        call.g().chat().history(call.me()?, call.id(Code::RoomNotFound)?, range, call.limit(HISTORY)?).await?;
    Ok(Reply::ok(messages.iter().map(MessageBody::from).collect()))
}

/// Says something.
pub(crate) async fn send(call: Call<MessageDraft>) -> Answer<MessageBody> {
    let (me, room) = (call.me()?, call.id(Code::RoomNotFound)?);
    let (call, mut draft) = call.take();
    if draft.client_msg_id.is_none() {
        draft.client_msg_id = idempotency_key(&call.headers);
    }
    let sent = call.g().chat().send(me, room, Draft::from(draft)).await?;
    Ok(Reply::created(MessageBody::from(&sent.view)))
}

/// `Idempotency-Key` as an own id of a message: a UUID as it is, anything else by its hash.
fn idempotency_key(headers: &HeaderMap) -> Option<Uuid> {
    let key = headers.get("idempotency-key")?.as_bytes();
    if let Some(id) = std::str::from_utf8(key).ok().and_then(|key| Uuid::parse_str(key.trim_matches('"')).ok()) {
        return Some(id);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Sha256::digest(key)[..16]);
    Some(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Marks messages as read.
pub(crate) async fn read(call: Call<ReadMark>) -> Answer<ReadMarkedBody> {
    let (me, room): (_, RoomId) = (call.me()?, call.id(Code::RoomNotFound)?);
    let (chat, seq) = (call.g().chat(), call.input.seq);
    let seq =
        if call.input.private { chat.read_privately(me, room, seq).await? } else { chat.read(me, room, seq).await? };
    Ok(Reply::ok(ReadMarkedBody { room_id: room.value(), seq }))
}

/// Hides a message for oneself, or takes one's own back for everybody.
pub(crate) async fn delete(call: Call) -> Answer<Message> {
    let (me, room) = (call.me()?, call.id(Code::RoomNotFound)?);
    let seq = call.seq(Code::NotFound)?;
    let chat = call.g().chat();
    match call.query("for")? {
        None | Some("me") => {
            chat.hide(me, room, seq).await?;
            Ok(Reply::ok(Message::said(call.lang, "메시지를 숨겼습니다.", "The message is hidden for you.")))
        }
        Some("all") => {
            chat.unsend(me, room, seq).await?;
            Ok(Reply::ok(Message::said(call.lang, "메시지를 취소했습니다.", "The message has been taken back.")))
        }
        Some(_) => Err(Problem::field("for", Fault::Invalid)),
    }
}

/// No notifications of a room, or again some.
pub(crate) async fn mute(call: Call<Mute>) -> Answer<MutedBody> {
    let (room, muted): (RoomId, _) = (call.id(Code::RoomNotFound)?, call.input.muted);
    call.g().chat().mute(call.me()?, room, muted).await?;
    Ok(Reply::ok(MutedBody { room_id: room.value(), muted }))
}

/// The conversation as a file.
pub(crate) async fn export(call: Call) -> Answer<ConversationBody> {
    let room: RoomId = call.id(Code::RoomNotFound)?;
    let exported = call.g().chat().export(call.me()?, room).await?;
    let name = format!("attachment; filename=\"conversation-{room}.json\"");
    Ok(Reply::ok(call.view()?.conversation(&exported)).header(header::CONTENT_DISPOSITION, &name))
}

/// A ticket that opens one socket.
pub(crate) async fn ticket(call: Call) -> Answer<TicketBody> {
    let Caller { member, session } = call.caller.ok_or(Code::TokenInvalid)?;
    let ticket = call.g().chat().issue_ticket(member, session).await?;
    let expires_in = TICKET_TTL.unsigned_abs().as_secs();
    Ok(Reply::created(TicketBody { ticket, expires_in }).header(header::CACHE_CONTROL, "no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_is_the_same_message_id() {
        let of = |key: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("idempotency-key", key.parse().unwrap());
            idempotency_key(&headers).unwrap()
        };
        let id = "7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11";
        assert_eq!(of(id).to_string(), id);
        assert_eq!(of(&format!("\"{id}\"")).to_string(), id);
        assert_eq!(of("order-1"), of("order-1"));
        assert_ne!(of("order-1"), of("order-2"));
        assert_eq!(idempotency_key(&HeaderMap::new()), None);
    }
}
