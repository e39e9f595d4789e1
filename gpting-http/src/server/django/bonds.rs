//! What stands between people in the original installation, pair by pair.
//!
//! Called with one row after another, in any order; pure. A later decision replaces an earlier one; two likes are a
//! match; a block goes over everything. Two who have a room without a match are friends since then: they may go on
//! talking, as they could before.

use std::collections::BTreeMap;

use gpting_core::Rng;
use gpting_core::id::{FriendRequestId, MemberId};
use gpting_core::interaction::{Decision, DecisionKind, FriendRequest, MatchState, Pair, PairKey, Side, Stance};
use jiff::Timestamp;

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) likes: u64,
    pub(super) passes: u64,
    pub(super) matches: u64,
    pub(super) friend_requests: u64,
    pub(super) friends: u64,
    pub(super) blocks: u64,
    pub(super) rooms: u64,
}

/// A pair and where its conversation is.
#[derive(Clone, Debug)]
pub(super) struct Bond {
    pub(super) pair: Pair,
    /// Rooms of the pair by the original's numbers, and since when.
    pub(super) rooms: Vec<(i64, Timestamp)>,
    /// When a request was accepted, if one was.
    accepted: Option<Timestamp>,
}

/// All pairs.
#[derive(Debug, Default)]
pub(super) struct Bonds(BTreeMap<PairKey, Bond>);

/// What became of a friend request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Waits,
    Accepted,
    Rejected,
}

impl Bonds {
    /// The pair of two people; an error for one with themselves.
    fn of(&mut self, a: MemberId, b: MemberId) -> Result<(&mut Bond, Side), String> {
        let key = PairKey::of(a, b).ok_or_else(|| "both are the same person".to_owned())?;
        let bond = Bond { pair: Pair::strangers(key), rooms: Vec::new(), accepted: None };
        let side = if key.low == a { Side::Low } else { Side::High };
        Ok((self.0.entry(key).or_insert(bond), side))
    }

    pub(super) fn decided(
        &mut self,
        from: MemberId,
        to: MemberId,
        kind: DecisionKind,
        at: Timestamp,
    ) -> Result<(), String> {
        let (bond, side) = self.of(from, to)?;
        let decision = &mut stance(&mut bond.pair, side).decision;
        if decision.as_ref().is_none_or(|known| (known.at, known.kind == DecisionKind::Pass) < (at, true)) {
            *decision = Some(Decision { kind, at, message: None });
        }
        Ok(())
    }

    pub(super) fn matched(&mut self, a: MemberId, b: MemberId, at: Timestamp, ended: bool) -> Result<(), String> {
        let (bond, _) = self.of(a, b)?;
        bond.pair.match_state = if ended { MatchState::Unmatched { at } } else { MatchState::Matched { at } };
        Ok(())
    }

    pub(super) fn requested(
        &mut self,
        from: MemberId,
        to: MemberId,
        request: Request,
        at: Timestamp,
        rng: &dyn Rng,
    ) -> Result<(), String> {
        let (bond, side) = self.of(from, to)?;
        match (request, &bond.pair.friend_request) {
            (Request::Accepted, _) => bond.accepted = Some(bond.accepted.map_or(at, |known| known.min(at))),
            // Each has asked the other.
            (Request::Waits, Some(known)) if known.from != side => bond.accepted = Some(known.at.max(at)),
            (Request::Waits, None) => {
                bond.pair.friend_request = Some(FriendRequest { id: FriendRequestId::draw(rng), from: side, at });
            }
            (Request::Waits, Some(_)) | (Request::Rejected, _) => {}
        }
        Ok(())
    }

    pub(super) fn befriended(&mut self, a: MemberId, b: MemberId, at: Timestamp) -> Result<(), String> {
        let (bond, _) = self.of(a, b)?;
        bond.accepted = Some(bond.accepted.map_or(at, |known| known.min(at)));
        Ok(())
    }

    pub(super) fn blocked(&mut self, from: MemberId, to: MemberId, at: Timestamp) -> Result<(), String> {
        let (bond, side) = self.of(from, to)?;
        stance(&mut bond.pair, side).blocked_at.get_or_insert(at);
        Ok(())
    }

    pub(super) fn talked(&mut self, a: MemberId, b: MemberId, room: i64, at: Timestamp) -> Result<(), String> {
        let (bond, _) = self.of(a, b)?;
        bond.rooms.push((room, at));
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The pairs as they are to be, by their key.
    pub(super) fn settled(self) -> impl Iterator<Item = (Bond, Counts)> {
        // Of a rejected request nothing is left.
        let says_something =
            |(bond, _): &(Bond, Counts)| bond.pair != Pair::strangers(bond.pair.key) || !bond.rooms.is_empty();
        self.0.into_values().map(Bond::settled).filter(says_something)
    }
}

impl Bond {
    fn settled(mut self) -> (Self, Counts) {
        let pair = &mut self.pair;
        let liked = |stance: &Stance| {
            stance.decision.as_ref().filter(|known| known.kind == DecisionKind::Like).map(|known| known.at)
        };
        let mut counts = Counts::default();
        match pair.match_state {
            MatchState::None => {
                if let (Some(low), Some(high)) = (liked(&pair.low), liked(&pair.high)) {
                    pair.match_state = MatchState::Matched { at: low.max(high) };
                }
            }
            MatchState::Matched { at } | MatchState::Unmatched { at } => {
                for stance in [&mut pair.low, &mut pair.high] {
                    if liked(stance).is_none() {
                        stance.decision = Some(Decision { kind: DecisionKind::Like, at, message: None });
                    }
                }
            }
        }
        let began = self.rooms.iter().map(|(_, at)| *at).min();
        if !pair.is_unmatched() {
            pair.friends_since = self.accepted.or(if pair.is_matched() { None } else { began });
        }
        if pair.friends_since.is_some() || pair.is_blocked() || pair.is_unmatched() {
            pair.friend_request = None;
        }
        for stance in [&pair.low, &pair.high] {
            match stance.decision.as_ref().map(|decision| decision.kind) {
                Some(DecisionKind::Like) => counts.likes += 1,
                Some(DecisionKind::Pass) => counts.passes += 1,
                None => {}
            }
            counts.blocks += u64::from(stance.blocked_at.is_some());
        }
        counts.matches = u64::from(pair.is_matched());
        counts.friend_requests = u64::from(pair.friend_request.is_some());
        counts.friends = u64::from(pair.friends_since.is_some());
        counts.rooms = u64::from(!self.rooms.is_empty() || pair.is_connected());
        (self, counts)
    }
}

fn stance(pair: &mut Pair, side: Side) -> &mut Stance {
    match side {
        Side::Low => &mut pair.low,
        Side::High => &mut pair.high,
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::SeededRng;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn settled(tell: impl FnOnce(&mut Bonds, MemberId, MemberId)) -> (Bond, Counts) {
        let mut bonds = Bonds::default();
        tell(&mut bonds, MemberId::new(2).unwrap(), MemberId::new(1).unwrap());
        bonds.settled().next().unwrap()
    }

    #[test]
    fn two_likes_are_a_match_and_the_last_word_counts() {
        let (bond, counts) = settled(|bonds, a, b| {
            bonds.decided(a, b, DecisionKind::Like, at(5)).unwrap();
            bonds.decided(b, a, DecisionKind::Pass, at(6)).unwrap();
            bonds.decided(b, a, DecisionKind::Like, at(9)).unwrap();
            bonds.decided(a, b, DecisionKind::Pass, at(2)).unwrap();
            assert!(bonds.decided(a, a, DecisionKind::Like, at(2)).is_err());
        });
        assert_eq!(bond.pair.match_state, MatchState::Matched { at: at(9) });
        assert_eq!(counts, Counts { likes: 2, matches: 1, rooms: 1, ..Counts::default() });
    }

    #[test]
    fn a_match_without_likes_has_them_and_one_that_ended_is_no_friendship() {
        let (bond, _) = settled(|bonds, a, b| bonds.matched(a, b, at(5), false).unwrap());
        assert!(bond.pair.has_decided(Side::Low, DecisionKind::Like) && bond.pair.is_connected());
        let (bond, counts) = settled(|bonds, a, b| {
            bonds.matched(a, b, at(5), true).unwrap();
            bonds.talked(a, b, 7, at(1)).unwrap();
            bonds.befriended(a, b, at(2)).unwrap();
        });
        assert!(!bond.pair.is_connected() && bond.pair.friends_since.is_none());
        assert_eq!((counts.matches, counts.friends, counts.rooms), (0, 0, 1));
    }

    #[test]
    fn requests_wait_cross_are_accepted_and_rejected() {
        let rng = SeededRng::new(1);
        let ask = |requests: &[(bool, Request)]| {
            settled(|bonds, a, b| {
                for (second, (mine, request)) in (1..).zip(requests) {
                    let (from, to) = if *mine { (a, b) } else { (b, a) };
                    bonds.requested(from, to, *request, at(second), &rng).unwrap();
                }
            })
        };
        let (bond, counts) = ask(&[(true, Request::Waits), (true, Request::Waits)]);
        assert_eq!((bond.pair.friend_request.unwrap().from, counts.friend_requests), (Side::High, 1));
        let (bond, counts) = ask(&[(true, Request::Waits), (false, Request::Waits)]);
        assert_eq!((bond.pair.friends_since, counts.friend_requests), (Some(at(2)), 0));
        let (bond, _) = ask(&[(false, Request::Accepted)]);
        assert_eq!(bond.pair.friends_since, Some(at(1)));
        let mut bonds = Bonds::default();
        let [a, b] = [1, 2].map(|id| MemberId::new(id).unwrap());
        bonds.requested(a, b, Request::Rejected, at(1), &rng).unwrap();
        assert_eq!(bonds.settled().count(), 0, "nothing is left of a rejected one");
    }

    #[test]
    fn a_room_makes_friends_and_a_block_goes_over_everything() {
        let (bond, counts) = settled(|bonds, a, b| bonds.talked(a, b, 7, at(4)).unwrap());
        assert_eq!((bond.pair.friends_since, counts.friends, counts.rooms), (Some(at(4)), 1, 1));
        let (bond, counts) = settled(|bonds, a, b| {
            bonds.talked(a, b, 7, at(4)).unwrap();
            bonds.blocked(a, b, at(5)).unwrap();
        });
        assert!(!bond.pair.is_connected() && bond.pair.high.blocked_at == Some(at(5)));
        assert_eq!(counts.blocks, 1);
    }
}
