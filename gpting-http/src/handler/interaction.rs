//! Like, pass, undo, unmatch, friends, and the lists that come of them.

use gpting_core::Code;
use gpting_core::id::{MemberId, RoomId};
use gpting_core::interaction::{Connection, DecisionKind, FriendRequestView};
use gpting_core::store::{Before, Page};

use super::{next_of, other, required};
use crate::endpoint::{Answer, Call, Reply};
use crate::error::Problem;
use crate::lang::said;
use crate::wire::Message;
use crate::wire::interaction::{
    ConnectionBody, FriendAnswer, FriendAnsweredBody, FriendRequestBody, FriendRequestDraft, FriendRequestedBody, Like,
    LikeLine, LikedBody, Person, UndoneBody,
};

/// How many matches are the newest ones.
const NEWEST: usize = 5;

/// Likes the person named in the body.
pub(crate) async fn like(call: Call<Like>) -> Answer<LikedBody> {
    let who = required(call.input.user_profile, "user_profile")?;
    let (call, like) = call.take();
    like_member(&call, who, like.message).await
}

/// Likes the person in the path.
pub(crate) async fn like_id(call: Call<LikeLine>) -> Answer<LikedBody> {
    let who = other(&call)?;
    let (call, like) = call.take();
    like_member(&call, who, like.message).await
}

async fn like_member(call: &Call, who: MemberId, message: Option<String>) -> Answer<LikedBody> {
    let liked = call.g().matching().like(call.me()?, who, message).await?;
    let sentence = if liked.already {
        said(call.lang, "이미 좋아요를 눌렀습니다.", "You like them already.")
    } else {
        said(call.lang, "좋아요를 눌렀습니다.", "You like them.")
    };
    let body =
        LikedBody { message: sentence, matched: liked.matched.is_some(), room_id: liked.matched.map(RoomId::value) };
    Ok(Reply::created_unless(liked.already, body))
}

/// Passes on somebody.
pub(crate) async fn pass(call: Call<Person>) -> Answer<Message> {
    let who = required(call.input.user_profile, "user_profile")?;
    let passed = call.g().matching().pass(call.me()?, who).await?;
    let body = if passed.already {
        Message::said(call.lang, "이미 패스한 상대입니다.", "You have passed on them already.")
    } else {
        Message::said(call.lang, "패스하였습니다.", "You passed on them.")
    };
    Ok(Reply::created_unless(passed.already, body))
}

/// Takes back the last decision.
pub(crate) async fn undo(call: Call) -> Answer<UndoneBody> {
    let (who, kind) = call.g().matching().undo(call.me()?).await?;
    Ok(Reply::ok(UndoneBody {
        message: said(call.lang, "되돌렸습니다.", "Taken back."),
        user_profile: who.value(),
        decision: match kind {
            DecisionKind::Like => "like",
            DecisionKind::Pass => "pass",
        },
    }))
}

/// Ends a match for good.
pub(crate) async fn unmatch(call: Call) -> Answer<Message> {
    call.g().matching().unmatch(call.me()?, other(&call)?).await?;
    Ok(Reply::ok(Message::said(call.lang, "매칭을 해제했습니다.", "The match has been ended.")))
}

/// Mutual matches, newest first.
pub(crate) async fn matches(call: Call) -> Answer<Vec<ConnectionBody>> {
    let page = call.page("matches")?;
    let rows = call.g().matching().matches(call.me()?, page).await?;
    connections(&call, "matches", page, &rows)
}

/// The newest matches.
pub(crate) async fn newest(call: Call) -> Answer<Vec<ConnectionBody>> {
    let rows = call.g().matching().matches(call.me()?, Page::first(NEWEST)).await?;
    let view = call.view()?;
    Ok(Reply::ok(rows.iter().map(|row| view.connection(row)).collect()))
}

/// People who like oneself.
pub(crate) async fn likes_received(call: Call) -> Answer<Vec<ConnectionBody>> {
    let page = call.page("likes-received")?;
    let rows = call.g().matching().likes_received(call.me()?, page).await?;
    connections(&call, "likes-received", page, &rows)
}

/// Friends, newest first.
pub(crate) async fn friends(call: Call) -> Answer<Vec<ConnectionBody>> {
    let page = call.page("friends")?;
    let rows = call.g().matching().friends(call.me()?, page).await?;
    connections(&call, "friends", page, &rows)
}

fn connections(call: &Call, list: &str, page: Page, rows: &[Connection]) -> Answer<Vec<ConnectionBody>> {
    let view = call.view()?;
    let next = next_of(rows, page.limit, |row| Before { at: row.since, id: row.card.id.value() });
    call.paged(Reply::ok(rows.iter().map(|row| view.connection(row)).collect()), list, next.as_ref())
}

/// Asks somebody to be friends.
pub(crate) async fn request_friend(call: Call<FriendRequestDraft>) -> Answer<FriendRequestedBody> {
    let who = required(call.input.to_user, "to_user")?;
    let requested = call.g().matching().request_friend(call.me()?, who).await?;
    let sentence = match (requested.already, requested.friends.is_some()) {
        (false, false) => said(call.lang, "친구 요청을 보냈습니다.", "Your friend request has been sent."),
        (true, false) => said(call.lang, "이미 친구 요청을 보냈습니다.", "You have asked them already."),
        (false, true) => said(call.lang, "친구가 되었습니다.", "You are friends now."),
        (true, true) => said(call.lang, "이미 친구입니다.", "You are friends already."),
    };
    let body = FriendRequestedBody {
        message: sentence,
        id: requested.request.map(gpting_core::id::FriendRequestId::value),
        friends: requested.friends.is_some(),
        room_id: requested.friends.map(RoomId::value),
    };
    Ok(Reply::created_unless(requested.already, body))
}

/// Answers a friend request.
pub(crate) async fn respond_friend(call: Call<FriendAnswer>) -> Answer<FriendAnsweredBody> {
    let request = call.id(Code::FriendRequestNotFound)?;
    let accept = match call.input.action.as_str() {
        "accept" => true,
        "reject" => false,
        _ => return Err(Code::InvalidAction.into()),
    };
    let room = call.g().matching().respond_friend(call.me()?, request, accept).await?;
    let message = if accept {
        said(call.lang, "친구 요청을 수락했습니다.", "You accepted the friend request.")
    } else {
        said(call.lang, "친구 요청을 거절했습니다.", "You rejected the friend request.")
    };
    Ok(Reply::ok(FriendAnsweredBody { message, room_id: room.map(RoomId::value) }))
}

/// Waiting friend requests.
pub(crate) async fn friend_requests(call: Call) -> Answer<Vec<FriendRequestBody>> {
    let sent = match call.query("direction")? {
        None | Some("incoming") => false,
        Some("outgoing") => true,
        Some(_) => return Err(Problem::field("direction", gpting_core::Fault::Unknown)),
    };
    let list = if sent { "friend-requests/outgoing" } else { "friend-requests/incoming" };
    let page = call.page(list)?;
    let rows = call.g().matching().friend_requests(call.me()?, sent, page).await?;
    let view = call.view()?;
    let next = next_of(&rows, page.limit, |row: &FriendRequestView| Before { at: row.at, id: row.card.id.value() });
    let body = rows.iter().map(|row| view.friend_request(row)).collect();
    call.paged(Reply::ok(body), list, next.as_ref())
}

/// Ends a friendship.
pub(crate) async fn unfriend(call: Call) -> Answer<Message> {
    call.g().matching().unfriend(call.me()?, other(&call)?).await?;
    Ok(Reply::ok(Message::said(call.lang, "친구 관계를 끊었습니다.", "You are not friends any more.")))
}
