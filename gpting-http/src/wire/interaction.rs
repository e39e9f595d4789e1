//! What people do with each other.

use gpting_core::id::{MemberId, RoomId};
use gpting_core::interaction::{Connection, FriendRequestView};
use serde::Serialize;
use utoipa::ToSchema;

use super::card::{CardBody, View};
use super::time;
use crate::extract::{Fields, Input};

/// Somebody, by id.
#[derive(Debug, ToSchema)]
#[schema(as = Person)]
pub(crate) struct Person {
    /// Their id.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) user_profile: Option<MemberId>,
}

impl Input for Person {
    fn read(fields: &mut Fields) -> Self {
        Self { user_profile: fields.required_id("user_profile", MemberId::new) }
    }
}

/// Whom one likes.
#[derive(Debug, ToSchema)]
#[schema(as = Like)]
pub(crate) struct Like {
    /// Their id.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) user_profile: Option<MemberId>,
    /// A line that goes along.
    #[schema(max_length = 2000)]
    pub(crate) message: Option<String>,
}

impl Input for Like {
    fn read(fields: &mut Fields) -> Self {
        Self { user_profile: fields.required_id("user_profile", MemberId::new), message: fields.text("message") }
    }
}

/// What goes along with a like.
#[derive(Debug, ToSchema)]
#[schema(as = LikeLine)]
pub(crate) struct LikeLine {
    /// A line that goes along.
    #[schema(max_length = 2000)]
    pub(crate) message: Option<String>,
}

impl Input for LikeLine {
    const REQUIRED: bool = false;

    fn read(fields: &mut Fields) -> Self {
        Self { message: fields.text("message") }
    }
}

/// What a like came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Liked)]
pub(crate) struct LikedBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// Whether both like each other.
    pub(crate) matched: bool,
    /// Their room, then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room_id: Option<i64>,
}

/// What was taken back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Undone)]
pub(crate) struct UndoneBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// About whom it was.
    pub(crate) user_profile: i64,
    /// `like` or `pass`.
    pub(crate) decision: &'static str,
}

/// Somebody in a list: their card, and since when they are in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct ConnectionBody {
    #[serde(flatten)]
    pub(crate) card: CardBody,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// The room of the two, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room_id: Option<i64>,
    /// The line that came with their like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

impl View<'_> {
    /// Somebody in a list.
    pub(crate) fn connection(&self, connection: &Connection) -> ConnectionBody {
        ConnectionBody {
            card: self.card(&connection.card),
            since: time(connection.since),
            room_id: connection.room.map(RoomId::value),
            message: connection.message.clone(),
        }
    }

    /// A waiting friend request.
    pub(crate) fn friend_request(&self, request: &FriendRequestView) -> FriendRequestBody {
        let (me, other) = (self.viewer.value(), request.card.id.value());
        let (from_user, to_user) = if request.sent { (me, other) } else { (other, me) };
        FriendRequestBody {
            id: request.id.value(),
            from_user,
            to_user,
            status: "pending",
            user: self.card(&request.card),
            created_at: time(request.at),
        }
    }
}

/// Whom one asks to be friends.
#[derive(Debug, ToSchema)]
#[schema(as = FriendRequestDraft)]
pub(crate) struct FriendRequestDraft {
    /// Their id.
    #[schema(value_type = i64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub(crate) to_user: Option<MemberId>,
}

impl Input for FriendRequestDraft {
    fn read(fields: &mut Fields) -> Self {
        Self { to_user: fields.required_id("to_user", MemberId::new) }
    }
}

/// What a friend request came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FriendRequested)]
pub(crate) struct FriendRequestedBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// The request, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<i64>,
    /// Whether the two are friends now.
    pub(crate) friends: bool,
    /// Their room, then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room_id: Option<i64>,
}

/// The answer to a friend request.
#[derive(Debug, ToSchema)]
#[schema(as = FriendAnswer)]
pub(crate) struct FriendAnswer {
    /// `accept` or `reject`.
    #[schema(example = "accept")]
    pub(crate) action: String,
}

impl Input for FriendAnswer {
    fn read(fields: &mut Fields) -> Self {
        Self { action: fields.text("action").unwrap_or_default() }
    }
}

/// What an answer came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FriendAnswered)]
pub(crate) struct FriendAnsweredBody {
    /// The sentence.
    pub(crate) message: &'static str,
    /// The room of the two, once they are friends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room_id: Option<i64>,
}

/// A waiting friend request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FriendRequest)]
pub(crate) struct FriendRequestBody {
    /// Its id.
    #[schema(minimum = 1)]
    pub(crate) id: i64,
    /// Who asked.
    pub(crate) from_user: i64,
    /// Who is asked.
    pub(crate) to_user: i64,
    /// `pending`.
    pub(crate) status: &'static str,
    /// The other person.
    pub(crate) user: CardBody,
    /// When.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
}
