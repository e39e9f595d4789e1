//! Ids of everything that has one: integers drawn at random below 2^53, so that they survive JSON and tell nothing.
//!
//! No id is a counter: nobody can walk through members or rooms by adding one. Called by every room of the domain;
//! calls nothing but [`Rng`].

use serde::{Deserialize, Serialize};

use crate::rng::Rng;

/// Ids are positive and below 2^53, the largest range in which every JSON reader keeps integers exact.
pub const MAX_ID: i64 = (1 << 53) - 1;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id with this value, if it lies in `1..2^53`.
            pub const fn new(value: i64) -> Option<Self> {
                if value > 0 && value <= MAX_ID { Some(Self(value)) } else { None }
            }

            /// A fresh id drawn uniformly from `1..2^53`.
            pub fn draw(rng: &dyn Rng) -> Self {
                let mut bytes = [0; 8];
                loop {
                    rng.fill(&mut bytes);
                    if let Some(id) = Self::new(i64::from_le_bytes(bytes) & MAX_ID) {
                        return id;
                    }
                }
            }

            /// The bare integer, for storage and the wire.
            pub const fn value(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse().ok().and_then(Self::new).ok_or(NotAnId)
            }
        }
    )+};
}

ids! {
    /// A person of the service, with or without an account.
    MemberId,
    /// The one chat room of a pair.
    RoomId,
    /// A message. Its place in a room is its `seq`; the id only names it.
    MessageId,
    /// A friend request.
    FriendRequestId,
    /// A signed-in device.
    SessionId,
    /// A picture of a member.
    PhotoId,
    /// A report of somebody's behaviour.
    ReportId,
    /// A unit of work to be done after a commit.
    JobId,
    /// A call of a text model.
    CallId,
    /// What was found of a text or a picture.
    FindingId,
    /// A sign-up whose e-mail address is not verified yet.
    PendingId,
}

/// The text is not an integer in `1..2^53`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected an integer from 1 to 2^53 - 1")]
pub struct NotAnId;

/// A host application's own id of a person, opaque to the library and unique within one store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Debug)]
#[serde(transparent)]
pub struct HostId(String);

impl HostId {
    /// Wraps the host's id. Any text will do: a UUID, an integer, a path.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The host's id as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: std::fmt::Display> From<T> for HostId {
    fn from(id: T) -> Self {
        Self(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRng;

    #[test]
    fn ids_outside_the_json_range_do_not_exist() {
        assert!(MemberId::new(0).is_none());
        assert!(MemberId::new(-1).is_none());
        assert!(MemberId::new(MAX_ID + 1).is_none());
        assert_eq!("12345678901234567890".parse::<MemberId>(), Err(NotAnId));
        assert_eq!(MemberId::new(7).unwrap().to_string(), "7");
    }

    #[test]
    fn drawn_ids_spread_over_the_whole_range() {
        let rng = SeededRng::new(1);
        let drawn: Vec<i64> = (0..1000).map(|_| MemberId::draw(&rng).value()).collect();
        let high = drawn.iter().filter(|id| **id > MAX_ID / 2).count();
        assert!((400..600).contains(&high), "{high} of 1000 in the upper half");
    }
}
