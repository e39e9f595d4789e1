//! What people do with each other: like, pass, undo, unmatch, friend requests, block.
//!
//! Everything goes through the [`Pair`], one versioned row for two people; [`transition`] is its whole state table as
//! pure functions.

pub mod adopt;
pub mod decide;
pub(crate) mod follow;
pub mod friend;
pub mod outcome;
pub mod pair;
pub mod transition;

pub use self::adopt::{AdoptedMessage, AdoptedPair, AdoptedRoom, PairAdopted, Refused};
pub use self::decide::{Connection, Liked, Passed};
pub use self::friend::{FriendRequestView, FriendRequested};
pub use self::pair::{
    Decision, DecisionKind, FriendRequest, Listing, MatchState, Outcome, Pair, PairKey, PairList, Side, Stage, Stance,
};
pub use self::transition::{FriendRequestOutcome, LikeOutcome, PassOutcome};
