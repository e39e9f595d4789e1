//! The state table, cell by cell, and a model that walks it at random.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::id::MemberId;
use crate::interaction::pair::{PairKey, PairList};

const A: Side = Side::Low;
const B: Side = Side::High;
const WITHIN: SignedDuration = SignedDuration::from_mins(10);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn request() -> FriendRequestId {
    FriendRequestId::new(9).unwrap()
}

fn strangers() -> Pair {
    Pair::strangers(PairKey::of(MemberId::new(1).unwrap(), MemberId::new(2).unwrap()).unwrap())
}

/// The columns of the table, in its order.
fn states() -> Vec<(&'static str, Pair)> {
    let build = |acts: &[fn(&mut Pair)]| {
        let mut pair = strangers();
        for act in acts {
            act(&mut pair);
        }
        pair
    };
    let a_passed: fn(&mut Pair) = |pair| {
        let _ = pair.pass(A, at(1)).unwrap();
    };
    let a_liked: fn(&mut Pair) = |pair| {
        let _ = pair.like(A, at(1), None).unwrap();
    };
    let b_liked: fn(&mut Pair) = |pair| {
        let _ = pair.like(B, at(2), None).unwrap();
    };
    let ended: fn(&mut Pair) = |pair| {
        let _ = pair.unmatch(at(3)).unwrap();
    };
    let a_blocks: fn(&mut Pair) = |pair| {
        let _ = pair.block(A, at(3));
    };
    let b_blocks: fn(&mut Pair) = |pair| {
        let _ = pair.block(B, at(3));
    };
    vec![
        ("none", build(&[])),
        ("a passed", build(&[a_passed])),
        ("a liked", build(&[a_liked])),
        ("b liked", build(&[b_liked])),
        ("matched", build(&[a_liked, b_liked])),
        ("unmatched", build(&[a_liked, b_liked, ended])),
        ("a blocks", build(&[a_liked, b_liked, a_blocks])),
        ("b blocks", build(&[a_liked, b_liked, b_blocks])),
    ]
}

/// Every cell of one row: what the act answers in each state, and that a refusal changes nothing.
fn row<T: PartialEq + std::fmt::Debug>(act: impl Fn(&mut Pair) -> Result<T, Code>, wanted: [Result<T, Code>; 6]) {
    let hidden = || Err(Code::MemberNotFound);
    for ((state, before), wanted) in states().into_iter().zip(wanted.into_iter().chain([hidden(), hidden()])) {
        let mut pair = before.clone();
        let answer = act(&mut pair);
        assert_eq!(answer, wanted, "in the state {state:?}");
        if answer.is_err() {
            assert_eq!(pair, before, "a refusal in the state {state:?} changed the pair");
        }
    }
}

#[test]
fn like() {
    use LikeOutcome::{Already, AlreadyMatched, Matched, Waiting};
    row(
        |pair| pair.like(A, at(5), None),
        [Ok(Waiting), Ok(Waiting), Ok(Already), Ok(Matched), Ok(AlreadyMatched), Err(Code::Unmatched)],
    );
}

#[test]
fn pass() {
    use PassOutcome::{Already, Passed};
    row(
        |pair| pair.pass(A, at(5)),
        [Ok(Passed), Ok(Already), Ok(Passed), Ok(Passed), Err(Code::AlreadyMatched), Ok(Already)],
    );
}

#[test]
fn undo() {
    use DecisionKind::{Like, Pass};
    let nothing = || Err(Code::NothingToUndo);
    row(|pair| pair.undo(A, at(5), WITHIN), [nothing(), Ok(Pass), Ok(Like), nothing(), nothing(), nothing()]);
    let (_, mut passed) = states().swap_remove(1);
    assert_eq!(passed.undo(A, at(602), WITHIN), nothing(), "too late");
    assert_eq!(passed.undo(A, at(601), WITHIN), Ok(Pass));
    assert_eq!(passed, strangers());
}

#[test]
fn unmatch() {
    let not = || Err(Code::NotMatched);
    row(|pair| pair.unmatch(at(5)), [not(), not(), not(), not(), Ok(true), Ok(false)]);
}

#[test]
fn friend_request() {
    let pending = || Ok(FriendRequestOutcome::Pending(request()));
    row(
        |pair| pair.request_friend(A, request(), at(5)),
        [pending(), pending(), pending(), pending(), pending(), Err(Code::Unmatched)],
    );
}

#[test]
fn block_hides_everything_and_unblock_gives_back_what_was_but_not_the_match() {
    for (state, before) in states().into_iter().take(6) {
        let mut pair = before.clone();
        assert!(pair.block(A, at(5)), "{state}");
        assert!(!pair.block(A, at(6)), "a second block changes nothing");
        assert!(pair.is_blocked() && !pair.is_connected() && !pair.is_matched());
        let lists: Vec<PairList> = pair.listings().into_iter().map(|listing| listing.list).collect();
        assert_eq!(lists, [PairList::Blocked, PairList::Excluded, PairList::Excluded], "{state}");
        assert!(pair.unblock(A) && !pair.unblock(A));
        let mut wanted = before.clone();
        if wanted.is_matched() {
            wanted.match_state = MatchState::None;
        }
        assert_eq!(pair, wanted, "{state}");
    }
}

#[test]
fn a_block_of_the_other_side_stays_when_mine_is_lifted() {
    let mut pair = strangers();
    pair.block(A, at(1));
    pair.block(B, at(2));
    pair.unblock(A);
    assert!(pair.is_blocked());
    assert_eq!(pair.like(A, at(3), None), Err(Code::MemberNotFound));
}

#[test]
fn crossing_friend_requests_make_friends() {
    let mut pair = strangers();
    pair.request_friend(A, request(), at(1)).unwrap();
    assert_eq!(pair.respond_friend(A, true, at(2)), Err(Code::FriendRequestNotFound), "nobody answers their own");
    assert_eq!(pair.request_friend(B, FriendRequestId::new(10).unwrap(), at(2)), Ok(FriendRequestOutcome::Friends));
    assert_eq!((pair.friends_since, pair.friend_request.clone()), (Some(at(2)), None));
    assert_eq!(pair.request_friend(A, request(), at(3)), Ok(FriendRequestOutcome::AlreadyFriends));
}

#[test]
fn the_lists_never_tell_a_like_from_a_pass() {
    for (state, pair) in states().into_iter().take(4) {
        let lists_of_b: Vec<PairList> = pair
            .listings()
            .into_iter()
            .filter(|listing| listing.member == pair.key.high)
            .map(|listing| listing.list)
            .collect();
        match state {
            "a liked" => assert_eq!(lists_of_b, [PairList::LikedMe]),
            "a passed" => assert_eq!(lists_of_b, [PairList::Excluded]),
            _ => assert!(!lists_of_b.contains(&PairList::LikedMe)),
        }
    }
}

/// A plain model of two people, written from the table and not from the code.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    decided: [Option<bool>; 2],
    blocked: [bool; 2],
    matched: bool,
    unmatched: bool,
    friends: bool,
    asked: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Like,
    Pass,
    Undo,
    Unmatch,
    Ask,
    Accept,
    Reject,
    Unfriend,
    Block,
    Unblock,
}

impl Model {
    /// Applies an act; whether it was allowed.
    fn act(&mut self, who: usize, act: Act) -> bool {
        let other = 1 - who;
        let hidden = self.blocked[0] || self.blocked[1];
        match act {
            Act::Block => {
                if !self.blocked[who] {
                    self.blocked[who] = true;
                    (self.matched, self.friends, self.asked) = (false, false, None);
                }
                true
            }
            Act::Unblock => {
                self.blocked[who] = false;
                true
            }
            _ if hidden => false,
            Act::Like | Act::Ask if self.unmatched => false,
            Act::Like => {
                if !self.matched {
                    self.decided[who] = Some(true);
                    self.matched = self.decided[other] == Some(true);
                }
                true
            }
            Act::Pass if self.matched => false,
            Act::Pass => {
                if !self.unmatched {
                    self.decided[who] = Some(false);
                }
                true
            }
            Act::Undo => !self.matched && !self.unmatched && self.decided[who].take().is_some(),
            Act::Unmatch if self.matched => {
                (self.matched, self.unmatched, self.friends, self.asked) = (false, true, false, None);
                true
            }
            Act::Unmatch => self.unmatched,
            Act::Ask => {
                if !self.friends {
                    if self.asked == Some(other) {
                        (self.friends, self.asked) = (true, None);
                    } else {
                        self.asked = Some(who);
                    }
                }
                true
            }
            Act::Accept | Act::Reject if self.asked != Some(other) => false,
            Act::Accept | Act::Reject => {
                self.asked = None;
                self.friends |= matches!(act, Act::Accept);
                true
            }
            Act::Unfriend => std::mem::take(&mut self.friends),
        }
    }

    fn of(pair: &Pair) -> Self {
        let side = |side| {
            let stance = pair.stance(side);
            (stance.decision.as_ref().map(|decision| decision.kind == DecisionKind::Like), stance.blocked_at.is_some())
        };
        let ((a, a_blocks), (b, b_blocks)) = (side(A), side(B));
        Self {
            decided: [a, b],
            blocked: [a_blocks, b_blocks],
            matched: pair.is_matched(),
            unmatched: pair.is_unmatched(),
            friends: pair.friends_since.is_some(),
            asked: pair.friend_request.as_ref().map(|request| usize::from(request.from == B)),
        }
    }
}

fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
    use Act::{Accept, Ask, Block, Like, Pass, Reject, Unblock, Undo, Unfriend, Unmatch};
    let act = prop::sample::select(vec![
        Like, Like, Pass, Undo, Unmatch, Ask, Accept, Reject, Unfriend, Block, Unblock, Unblock,
    ]);
    prop::collection::vec((0..2usize, act), 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_pair_behaves_as_its_model(acts in acts()) {
        let (mut pair, mut model) = (strangers(), Model::default());
        for (step, (who, act)) in (0i64..).zip(acts) {
            let (side, now) = ([A, B][who], at(step));
            let allowed = match act {
                Act::Like => pair.like(side, now, None).is_ok(),
                Act::Pass => pair.pass(side, now).is_ok(),
                Act::Undo => pair.undo(side, now, WITHIN).is_ok(),
                Act::Unmatch => pair.unmatch(now).is_ok(),
                Act::Ask => pair.request_friend(side, request(), now).is_ok(),
                Act::Accept => pair.respond_friend(side, true, now).is_ok(),
                Act::Reject => pair.respond_friend(side, false, now).is_ok(),
                Act::Unfriend => pair.unfriend().is_ok(),
                Act::Block => { pair.block(side, now); true }
                Act::Unblock => { pair.unblock(side); true }
            };
            prop_assert_eq!(allowed, model.act(who, act), "step {}: {:?} by {}", step, act, who);
            prop_assert_eq!(Model::of(&pair), model.clone(), "after step {}: {:?} by {}", step, act, who);
            prop_assert!(!(pair.is_matched() && (pair.is_unmatched() || pair.is_blocked())));
        }
    }
}
