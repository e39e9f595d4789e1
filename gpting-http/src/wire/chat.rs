//! Rooms and messages.

use gpting_core::Fault;
use gpting_core::chat::{Draft, Exported, MessageView, RoomView};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::card::{CardBody, View};
use super::time;
use crate::extract::{Fields, Input};

/// A room in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Room)]
pub(crate) struct RoomBody {
    /// Its id.
    #[schema(minimum = 1)]
    pub(crate) room_id: i64,
    /// Its id again, under the name other objects use.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// The other person.
    pub(crate) partner: CardBody,
    /// Their name.
    pub(crate) partner_nickname: String,
    /// The text of the newest message; none where there is none, or it was taken back or hidden.
    pub(crate) last_message: Option<String>,
    /// The place of the newest message; 0 in an empty room.
    pub(crate) last_seq: u64,
    /// How many messages of theirs are unread.
    pub(crate) unread: u64,
    /// Whether one wants no notifications of it.
    pub(crate) muted: bool,
    /// Up to where one has read oneself.
    pub(crate) my_read: u64,
    /// Up to where they have read.
    pub(crate) their_read: u64,
    /// When something was last said, else when the room was opened.
    #[schema(format = DateTime)]
    pub(crate) timestamp: String,
}

/// A room that was opened or is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoomOpened)]
pub(crate) struct RoomOpenedBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// Its id.
    pub(crate) id: i64,
    /// Its id again.
    pub(crate) room_id: i64,
    /// Who takes part.
    pub(crate) participants: Vec<i64>,
    /// The other person.
    pub(crate) partner: CardBody,
}

impl View<'_> {
    /// A room in a list.
    pub(crate) fn room(&self, view: &RoomView) -> RoomBody {
        let overview = &view.overview;
        let id = overview.room.id.value();
        let last = overview.last_message.as_ref().filter(|_| !overview.last_hidden);
        let shown = last.filter(|message| message.unsent.is_none());
        RoomBody {
            room_id: id,
            id,
            partner: self.card(&view.partner),
            partner_nickname: view.partner.nickname.clone(),
            last_message: shown.map(|message| message.text.clone()),
            last_seq: overview.room.last_seq,
            unread: overview.unread,
            muted: overview.muted,
            my_read: overview.my_read,
            their_read: overview.their_read,
            timestamp: time(overview.activity()),
        }
    }

    /// A room that was opened or is there.
    pub(crate) fn room_opened(&self, view: &RoomView, message: &'static str) -> RoomOpenedBody {
        let id = view.overview.room.id.value();
        RoomOpenedBody {
            message,
            id,
            room_id: id,
            participants: vec![self.viewer.value(), view.partner.id.value()],
            partner: self.card(&view.partner),
        }
    }
}

/// A message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChatMessage)]
pub(crate) struct MessageBody {
    /// Its id.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// Its place in the room: 1, 2, 3 …
    #[schema(minimum = 1)]
    pub(crate) seq: u64,
    /// Where it was said.
    #[schema(minimum = 1)]
    pub(crate) room_id: i64,
    /// Who said it.
    #[schema(minimum = 1)]
    pub(crate) sender_id: i64,
    /// The sender's nickname; the field's name is the original's.
    pub(crate) sender_username: String,
    /// What was said.
    pub(crate) content: String,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) timestamp: String,
    /// Whether the one it was written to has read it.
    pub(crate) is_read: bool,
    /// Whether one wrote it oneself.
    pub(crate) is_mine: bool,
    /// The sender's own id for it.
    #[schema(format = Uuid)]
    pub(crate) client_msg_id: Option<String>,
    /// Whether its sender has taken it back; its content is empty then.
    pub(crate) unsent: bool,
}

impl From<&MessageView> for MessageBody {
    fn from(view: &MessageView) -> Self {
        let message = &view.message;
        Self {
            id: message.id.value(),
            seq: message.seq,
            room_id: message.room.value(),
            sender_id: message.sender.value(),
            sender_username: view.sender_nickname.clone(),
            content: message.text.clone(),
            timestamp: time(message.at),
            is_read: view.is_read,
            is_mine: view.is_mine,
            // A sender's own id is between the sender and the server.
            client_msg_id: message.client_msg_id.filter(|_| view.is_mine).map(|id| id.to_string()),
            unsent: message.unsent.is_some(),
        }
    }
}

/// A message to send.
#[derive(Debug, ToSchema)]
#[schema(as = MessageDraft)]
pub(crate) struct MessageDraft {
    /// What to say.
    #[schema(max_length = 4000)]
    pub(crate) content: String,
    /// An own id, by which a resend is recognised.
    #[schema(value_type = Option<String>, format = Uuid)]
    pub(crate) client_msg_id: Option<Uuid>,
}

impl Input for MessageDraft {
    fn read(fields: &mut Fields) -> Self {
        Self { content: fields.required_text("content"), client_msg_id: client_msg_id(fields) }
    }
}

impl From<MessageDraft> for Draft {
    fn from(draft: MessageDraft) -> Self {
        Self::text(draft.content).id(draft.client_msg_id)
    }
}

/// The sender's own id of a message, if there is one.
pub(crate) fn client_msg_id(fields: &mut Fields) -> Option<Uuid> {
    let text = fields.text("client_msg_id")?;
    let id = Uuid::parse_str(&text).ok();
    if id.is_none() {
        fields.refuse("client_msg_id", Fault::Invalid);
    }
    id
}

/// Up to where one has read.
#[derive(Debug, ToSchema)]
#[schema(as = ReadMark)]
pub(crate) struct ReadMark {
    /// The place of the newest message read.
    #[schema(minimum = 0)]
    pub(crate) seq: u64,
    /// Whether the partner is not to know.
    #[schema(required = false, default = false)]
    pub(crate) private: bool,
}

impl Input for ReadMark {
    fn read(fields: &mut Fields) -> Self {
        Self { seq: required_seq(fields), private: fields.flag("private").unwrap_or_default() }
    }
}

/// A place in a room that must be there; 0 after its fault has been noted.
pub(crate) fn required_seq(fields: &mut Fields) -> u64 {
    fields.required_id("seq", |seq| u64::try_from(seq).ok()).unwrap_or_default()
}

/// Where the mark stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadMarked)]
pub(crate) struct ReadMarkedBody {
    /// The room.
    pub(crate) room_id: i64,
    /// The place of the newest message read.
    pub(crate) seq: u64,
}

/// Whether one wants no notifications.
#[derive(Debug, ToSchema)]
#[schema(as = Mute)]
pub(crate) struct Mute {
    /// Whether one wants none.
    pub(crate) muted: bool,
}

impl Input for Mute {
    fn read(fields: &mut Fields) -> Self {
        let muted = fields.flag("muted");
        if muted.is_none() && !fields.has("muted") {
            fields.refuse("muted", Fault::Required);
        }
        Self { muted: muted.unwrap_or_default() }
    }
}

/// A room and whether it is muted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Muted)]
pub(crate) struct MutedBody {
    /// The room.
    pub(crate) room_id: i64,
    /// Whether one wants no notifications of it.
    pub(crate) muted: bool,
}

/// A ticket for a socket.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketBody {
    /// What opens one socket, once.
    pub(crate) ticket: String,
    /// For how long, in seconds.
    pub(crate) expires_in: u64,
}

impl std::fmt::Debug for TicketBody {
    /// Without the ticket.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TicketBody").finish_non_exhaustive()
    }
}

/// A conversation as a file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Conversation)]
pub(crate) struct ConversationBody {
    /// The room.
    pub(crate) room_id: i64,
    /// When it was first opened.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// The other person.
    pub(crate) partner: CardBody,
    /// The messages, oldest first; without those that were hidden.
    pub(crate) messages: Vec<MessageBody>,
    /// Whether the oldest were left out, because there are more than one file holds.
    pub(crate) is_cut: bool,
}

impl View<'_> {
    /// A conversation as a file.
    pub(crate) fn conversation(&self, exported: &Exported) -> ConversationBody {
        ConversationBody {
            room_id: exported.room.value(),
            created_at: time(exported.created_at),
            partner: self.card(&exported.partner),
            messages: exported.messages.iter().map(MessageBody::from).collect(),
            is_cut: exported.is_cut,
        }
    }
}
