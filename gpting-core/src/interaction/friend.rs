//! Friend requests and friends.

use jiff::Timestamp;

use super::decide::Connection;
use super::pair::PairList;
use super::transition::FriendRequestOutcome;
use crate::error::{Code, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Matching, until_fresh};
use crate::id::{FriendRequestId, MemberId, RoomId};
use crate::profile::card::Card;
use crate::store::{Change, Page, Work};

/// What a friend request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FriendRequested {
    /// Whether it was there before.
    pub already: bool,
    /// The request, while it waits.
    pub request: Option<FriendRequestId>,
    /// The room of the two, once they are friends.
    pub friends: Option<RoomId>,
}

/// A friend request as one of the two sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct FriendRequestView {
    /// Its id.
    pub id: FriendRequestId,
    /// The other person.
    pub card: Card,
    /// Whether the viewer sent it.
    pub sent: bool,
    /// When.
    pub at: Timestamp,
}

impl Matching<'_> {
    /// Asks somebody to be friends. Crossing requests make friends at once; asking again changes nothing.
    ///
    /// # Errors
    /// [`Code::SelfAction`]; [`Code::MemberNotFound`] for people the member may not act on; [`Code::Unmatched`].
    pub async fn request_friend(&self, me: MemberId, other: MemberId) -> Result<FriendRequested> {
        let core = self.0;
        until_fresh(|| async {
            let mut acted = core.act_on(me, other).await?;
            let now = core.now();
            let outcome = acted.pair.request_friend(acted.side, FriendRequestId::draw(&*core.rng), now)?;
            let mut work = Work::new();
            let requested = match outcome {
                FriendRequestOutcome::Already(id) => {
                    return Ok(FriendRequested { already: true, request: Some(id), friends: None });
                }
                FriendRequestOutcome::AlreadyFriends => {
                    return Ok(FriendRequested { already: true, request: None, friends: acted.pair.room });
                }
                FriendRequestOutcome::Pending(id) => {
                    FriendRequested { already: false, request: Some(id), friends: None }
                }
                FriendRequestOutcome::Friends => {
                    let (room, opening) = core.open_room(&mut acted.pair, now).await?;
                    work.changes.extend(opening);
                    work = work.event(Event { at: now, fact: Fact::Befriended { member: me, other, room } });
                    FriendRequested { already: false, request: None, friends: Some(room) }
                }
            };
            core.commit(work.change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
            Ok(requested)
        })
        .await
    }

    /// Answers a friend request; accepting makes the friendship and opens the room, which is answered.
    ///
    /// # Errors
    /// [`Code::FriendRequestNotFound`] when it does not wait for this member's answer.
    pub async fn respond_friend(&self, me: MemberId, request: FriendRequestId, accept: bool) -> Result<Option<RoomId>> {
        let core = self.0;
        core.acting(me).await?;
        until_fresh(|| async {
            let loaded = core.store.pair_by_request(request).await?.ok_or(Code::FriendRequestNotFound)?;
            let side = loaded.value.key.side(me).ok_or(Code::FriendRequestNotFound)?;
            let other = loaded.value.key.other(me);
            if core.member(other).await?.is_none_or(|member| !member.value.may_be_shown(false)) {
                return Err(Code::FriendRequestNotFound.into());
            }
            let (expect, mut pair) = (loaded.expect(), loaded.value);
            let now = core.now();
            pair.respond_friend(side, accept, now)?;
            let mut work = Work::new();
            let mut opened = None;
            if accept {
                let (room, opening) = core.open_room(&mut pair, now).await?;
                work.changes.extend(opening);
                work = work.event(Event { at: now, fact: Fact::Befriended { member: me, other, room } });
                opened = Some(room);
            }
            core.commit(work.change(Change::PutPair(Box::new(pair), expect))).await?;
            Ok(opened)
        })
        .await
    }

    /// Waiting friend requests, newest first: those the member `sent`, or those waiting for the member's answer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn friend_requests(&self, me: MemberId, sent: bool, page: Page) -> Result<Vec<FriendRequestView>> {
        let core = self.0;
        let list = if sent { PairList::RequestsSent } else { PairList::RequestsReceived };
        Ok(core
            .listed_pairs(me, list, page)
            .await?
            .into_iter()
            .filter_map(|(connection, pair)| {
                let request = pair.friend_request?;
                Some(FriendRequestView { id: request.id, card: connection.card, sent, at: request.at })
            })
            .collect())
    }

    /// The member's friends, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn friends(&self, me: MemberId, page: Page) -> Result<Vec<Connection>> {
        self.0.connections(me, PairList::Friends, page).await
    }

    /// Ends a friendship; the room closes unless the two are matched.
    ///
    /// # Errors
    /// [`Code::NotMatched`] when they are not friends.
    pub async fn unfriend(&self, me: MemberId, other: MemberId) -> Result<()> {
        let core = self.0;
        core.acting(me).await?;
        until_fresh(|| async {
            let mut acted = core.existing_pair(me, other).await?;
            acted.pair.unfriend()?;
            if acted.pair.is_matched() {
                core.commit(Work::new().change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
                return Ok(());
            }
            core.commit_and_close(Work::new(), acted, core.now()).await
        })
        .await
    }
}
