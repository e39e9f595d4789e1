//! Like, pass, undo, unmatch, and the lists that come of them.
//!
//! Called by adapters through [`Matching`]; loads the pair, asks [`transition`](super::transition), commits the pair and
//! what follows from it (room, events) as one work.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::pair::{DecisionKind, MatchState, Pair, PairKey, PairList, Side};
use super::transition::{LikeOutcome, PassOutcome};
use crate::chat::Room;
use crate::error::{Code, Error, Result};
use crate::event::{Event, Fact};
use crate::gpting::{Core, Matching, STRANGER, bounded, until_fresh};
use crate::id::{MemberId, RoomId};
use crate::limit::entitlements::Daily;
use crate::profile::card::Card;
use crate::profile::place::Location;
use crate::store::{Before, Change, Expect, Page, Versioned, Work};
use crate::text;

/// What a like came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liked {
    /// Whether it stood before.
    pub already: bool,
    /// The room of the match, if both like each other.
    pub matched: Option<RoomId>,
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Whether it stood before.
    pub already: bool,
}

/// Somebody in one of the member's lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Who.
    pub card: Card,
    /// Since when they stand in the list.
    pub since: Timestamp,
    /// The room of the two, if there is one.
    pub room: Option<RoomId>,
    /// The line they sent along with their like.
    pub message: Option<String>,
}

/// A pair as a use-case has loaded it, with the side of the one who acts.
pub(crate) struct Acted {
    pub(crate) side: Side,
    pub(crate) expect: Expect,
    pub(crate) pair: Pair,
}

impl Matching<'_> {
    /// Likes somebody; a match when they like back. Liking again changes nothing.
    ///
    /// # Errors
    /// [`Code::SelfAction`]; [`Code::MemberNotFound`] for people the member may not act on; [`Code::Unmatched`];
    /// [`Error::TooMany`] when the day's likes are used up.
    pub async fn like(&self, me: MemberId, other: MemberId, message: Option<String>) -> Result<Liked> {
        let core = self.0;
        let message = match message {
            None => None,
            Some(raw) => text::block(&raw, core.config.limits.like_message_chars)
                .map(|clean| (!clean.is_empty()).then_some(clean))
                .map_err(|fault| Error::field("message", fault))?,
        };
        let claim = core.daily(Daily::Like, me).await?;
        let paid = AtomicBool::new(false);
        let liked = until_fresh(|| async {
            let mut acted = core.act_on(me, other).await?;
            let now = core.now();
            let outcome = acted.pair.like(acted.side, now, message.clone())?;
            let mut work = Work::new();
            match outcome {
                LikeOutcome::AlreadyMatched => {
                    return Ok(Liked { already: true, matched: acted.pair.room });
                }
                LikeOutcome::Already => {
                    return Ok(Liked { already: true, matched: None });
                }
                LikeOutcome::Waiting => {
                    work = work.event(Event { at: now, fact: Fact::Liked { member: me, other } });
                }
                LikeOutcome::Matched => {
                    let (room, opening) = core.open_room(&mut acted.pair, now).await?;
                    work = work.event(Event { at: now, fact: Fact::Matched { member: me, other, room } });
                    work.changes.extend(opening);
                    work = work.change(core.begin_to_follow(room, now));
                }
            }
            // A like that is there already costs nothing, and one that has to be decided again only once.
            if let Some(claim) = claim.filter(|_| !paid.load(Ordering::Relaxed)) {
                core.spend(vec![claim]).await?;
                paid.store(true, Ordering::Relaxed);
            }
            let matched = if outcome == LikeOutcome::Matched { acted.pair.room } else { None };
            core.commit(work.change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
            Ok(Liked { already: false, matched })
        })
        .await;
        let is_new = liked.as_ref().is_ok_and(|liked| !liked.already);
        if !is_new && paid.load(Ordering::Relaxed) {
            core.give_back(claim.into_iter().collect()).await;
        }
        liked
    }

    /// Passes on somebody. Passing again changes nothing.
    ///
    /// # Errors
    /// [`Code::SelfAction`]; [`Code::MemberNotFound`]; [`Code::AlreadyMatched`] (unmatch instead).
    pub async fn pass(&self, me: MemberId, other: MemberId) -> Result<Passed> {
        let core = self.0;
        until_fresh(|| async {
            let mut acted = core.act_on(me, other).await?;
            match acted.pair.pass(acted.side, core.now())? {
                PassOutcome::Already => Ok(Passed { already: true }),
                PassOutcome::Passed => {
                    core.commit(Work::new().change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
                    Ok(Passed { already: false })
                }
            }
        })
        .await
    }

    /// Takes back the newest decision, and says about whom it was.
    ///
    /// # Errors
    /// [`Code::NothingToUndo`] when there is none, it is too old, or it has led to a match; [`Error::TooMany`] when the day's
    /// undos are used up.
    pub async fn undo(&self, me: MemberId) -> Result<(MemberId, DecisionKind)> {
        let core = self.0;
        core.acting(me).await?;
        let claim = core.daily(Daily::Undo, me).await?;
        let paid = AtomicBool::new(false);
        let undone = until_fresh(|| async {
            let newest = core.store.list_pairs(me, PairList::Decided, Page::first(1)).await?.pop();
            let key = newest.ok_or(Code::NothingToUndo)?.key;
            let loaded = core.store.pair(key).await?.ok_or(Code::NothingToUndo)?;
            let (expect, mut pair) = (loaded.expect(), loaded.value);
            let side = key.side(me).ok_or(Code::NothingToUndo)?;
            let kind = pair
                .undo(side, core.now(), core.config.matching.undo_within)
                // The list is read before the pair: a block in between leaves nothing that could be undone.
                .map_err(|_| Code::NothingToUndo)?;
            if let Some(claim) = claim.filter(|_| !paid.load(Ordering::Relaxed)) {
                core.spend(vec![claim]).await?;
                paid.store(true, Ordering::Relaxed);
            }
            core.commit(Work::new().change(Change::PutPair(Box::new(pair), expect))).await?;
            Ok((key.other(me), kind))
        })
        .await;
        if undone.is_err() && paid.load(Ordering::Relaxed) {
            core.give_back(claim.into_iter().collect()).await;
        }
        undone
    }

    /// Ends a match for good and closes the room for both. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`Code::NotMatched`]; [`Code::MemberNotFound`] for people the member has nothing to do with.
    pub async fn unmatch(&self, me: MemberId, other: MemberId) -> Result<()> {
        let core = self.0;
        core.acting(me).await?;
        until_fresh(|| async {
            let mut acted = core.existing_pair(me, other).await?;
            let now = core.now();
            if !acted.pair.unmatch(now)? {
                return Ok(());
            }
            let work = Work::new().event(Event { at: now, fact: Fact::Unmatched { member: me, other } });
            core.commit_and_close(work, acted, now).await
        })
        .await
    }

    /// The members' mutual matches, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn matches(&self, me: MemberId, page: Page) -> Result<Vec<Connection>> {
        self.0.connections(me, PairList::Matches, page).await
    }

    /// Those who like the member and wait for a decision, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn likes_received(&self, me: MemberId, page: Page) -> Result<Vec<Connection>> {
        self.0.connections(me, PairList::LikedMe, page).await
    }
}

impl Core {
    /// The pair of two members whom `me` may act on: mutually eligible now, or already known to each other.
    pub(crate) async fn act_on(&self, me: MemberId, other: MemberId) -> Result<Acted> {
        let actor = self.acting(me).await?;
        let key = PairKey::of(me, other).ok_or(Code::SelfAction)?;
        if !actor.value.is_complete() {
            return Err(Code::ProfileIncomplete.into());
        }
        let side = key.side(me).expect("a pair has both its members");
        let target = self.member(other).await?.ok_or(STRANGER)?.value;
        if !target.is_visible() {
            return Err(STRANGER.into());
        }
        let loaded = self.store.pair(key).await?;
        let expect = Expect::of(loaded.as_ref());
        let pair = loaded.map_or_else(|| Pair::strangers(key), |loaded| loaded.value);
        if pair.is_blocked() {
            return Err(STRANGER.into());
        }
        let acquainted = pair.is_connected()
            || pair.is_unmatched()
            || pair.stance(side).decision.is_some()
            || pair.has_decided(side.other(), DecisionKind::Like)
            || pair.friend_request.is_some();
        let is_hidden = !acquainted && self.is_hidden_from(me, &target, self.now()).await?;
        if acquainted || (!is_hidden && self.mutually_eligible(me, other).await?) {
            Ok(Acted { side, expect, pair })
        } else {
            Err(STRANGER.into())
        }
    }

    /// The pair of two members who have something to do with each other.
    pub(crate) async fn existing_pair(&self, me: MemberId, other: MemberId) -> Result<Acted> {
        let key = PairKey::of(me, other).ok_or(Code::SelfAction)?;
        let Versioned { version, value: pair } = self.store.pair(key).await?.ok_or(STRANGER)?;
        let side = key.side(me).expect("a pair has both its members");
        Ok(Acted { side, expect: Expect::Version(version), pair })
    }

    /// The one room of a pair, opened or opened again; the change that does so joins the caller's work.
    pub(crate) async fn open_room(&self, pair: &mut Pair, now: Timestamp) -> Result<(RoomId, Option<Change>)> {
        if let Some(id) = pair.room {
            let loaded = self.store.room(id).await?.ok_or_else(|| Error::Internal {
                what: "a pair names a room that is not there",
                source: format!("{id:?}").into(),
            })?;
            if loaded.value.closed_at.is_none() {
                return Ok((id, None));
            }
            let expect = loaded.expect();
            let mut room = loaded.value;
            room.reopen();
            return Ok((id, Some(Change::PutRoom(room, expect))));
        }
        let id = RoomId::draw(&*self.rng);
        pair.room = Some(id);
        Ok((id, Some(Change::PutRoom(Room::open(id, pair.key, now), Expect::New))))
    }

    /// Commits a pair together with the closing of its room, if it has one.
    pub(crate) async fn commit_and_close(&self, mut work: Work, acted: Acted, now: Timestamp) -> Result<()> {
        if let Some(id) = acted.pair.room
            && let Some(loaded) = self.store.room(id).await?
            && loaded.value.closed_at.is_none()
        {
            let expect = loaded.expect();
            let mut room = loaded.value;
            room.close(now);
            work = work.change(Change::PutRoom(room, expect));
        }
        self.commit(work.change(Change::PutPair(Box::new(acted.pair), acted.expect))).await?;
        Ok(())
    }

    /// A member's list as cards, `page.limit` of them unless the list ends. People who are being erased, and deactivated
    /// ones outside connections, are left out, and the page is filled up from those behind.
    pub(crate) async fn connections(&self, me: MemberId, list: PairList, page: Page) -> Result<Vec<Connection>> {
        Ok(self.listed_pairs(me, list, page).await?.into_iter().map(|(connection, _)| connection).collect())
    }

    /// As [`Core::connections`], with the pairs they come from.
    pub(crate) async fn listed_pairs(
        &self,
        me: MemberId,
        list: PairList,
        page: Page,
    ) -> Result<Vec<(Connection, Pair)>> {
        let viewer = self.acting(me).await?;
        let here = viewer.value.profile.location.as_ref();
        let page = Page { limit: bounded(page.limit, self.config.limits.page), ..page };
        let mut connections = Vec::with_capacity(page.limit);
        let mut rest = page;
        loop {
            let pairs = self.store.list_pairs(me, list, rest).await?;
            let last = pairs.len() < rest.limit;
            let behind = pairs.last().and_then(|pair| pair.listed(me, list));
            connections.extend(self.shown(me, list, here, pairs).await?);
            match behind {
                Some(listing) if !last && connections.len() < page.limit => {
                    rest.before = Some(Before { at: listing.at, id: listing.other.value() });
                }
                Some(_) | None => break,
            }
        }
        connections.truncate(page.limit);
        Ok(connections)
    }

    /// The pairs of a list as cards, without the people who may not be shown.
    async fn shown(
        &self,
        me: MemberId,
        list: PairList,
        here: Option<&Location>,
        pairs: Vec<Pair>,
    ) -> Result<Vec<(Connection, Pair)>> {
        let ids: Vec<MemberId> = pairs.iter().map(|pair| pair.key.other(me)).collect();
        let members: std::collections::HashMap<MemberId, crate::profile::Member> =
            self.store.members(&ids).await?.into_iter().map(|row| (row.value.id, row.value)).collect();
        let now = self.now();
        let mut connections = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let other = pair.key.other(me);
            let connected = pair.is_connected();
            let Some(member) = members.get(&other).filter(|member| member.may_be_shown(connected)) else {
                continue;
            };
            let Some(side) = pair.key.side(me) else { continue };
            let since = pair.listed(me, list).map(|listing| listing.at);
            let connection = Connection {
                card: Card::of(member, here, connected, &self.catalogue, now),
                since: since.unwrap_or(now),
                room: if connected { pair.room } else { None },
                message: match &pair.stance(side.other()).decision {
                    Some(decision) if pair.match_state != MatchState::None || list == PairList::LikedMe => {
                        decision.message.clone()
                    }
                    Some(_) | None => None,
                },
            };
            connections.push((connection, pair));
        }
        Ok(connections)
    }
}
