//! Sockets: one room, or all of a member's, live, on one connection.
//!
//! [`upgrade`] decides before the upgrade who may enter ([`prove`]), [`session`] is the life of an open socket on its
//! [`line`], [`frame`] what travels on it. Called by the service; a session calls the same facets as the handlers, so
//! that what is said here and there takes one path.
//! Invariants: a socket belongs to a caller whose session lives ([`watch`]), takes part in its rooms at every frame, is
//! never waited for (a slow reader is closed), and is always told why it is closed ([`Close`]).

#[cfg(feature = "echo")]
pub(crate) mod echo;
pub(crate) mod frame;
mod line;
mod prove;
pub(crate) mod registry;
pub(crate) mod schema;
mod session;
mod upgrade;
mod watch;

pub(crate) use self::upgrade::open;

/// Why a socket is closed. [`Close::reconnect`] tells the two classes apart: come back, or do not until something else
/// has changed (a login, a client's bug).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Close {
    /// The server stops; another one, or the next, takes over.
    Restart,
    /// The client does not read what it is sent.
    Slow,
    /// The client broke the protocol.
    Protocol,
    /// A frame that is not UTF-8.
    NotText,
    /// A frame larger than is read.
    TooBig,
    /// Nobody said who they are, or the session has ended.
    Unauthenticated,
    /// The room does not exist for this member, or not any more.
    NoRoom,
    /// No sign of life.
    Silent,
    /// Far too many frames.
    Flood,
}

impl Close {
    /// Every reason.
    pub(crate) const ALL: [Self; 9] = [
        Self::Restart,
        Self::Slow,
        Self::Protocol,
        Self::NotText,
        Self::TooBig,
        Self::Unauthenticated,
        Self::NoRoom,
        Self::Silent,
        Self::Flood,
    ];

    /// The close code.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotText => 1007,
            Self::TooBig => 1009,
            Self::Restart => 1012,
            Self::Slow => 1013,
            Self::Unauthenticated => 4401,
            Self::NoRoom => 4404,
            Self::Silent => 4408,
            Self::Flood => 4429,
        }
    }

    /// The reason, for machines.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Slow => "slow",
            Self::Protocol => "protocol",
            Self::NotText => "not_text",
            Self::TooBig => "too_big",
            Self::Unauthenticated => "unauthenticated",
            Self::NoRoom => "no_room",
            Self::Silent => "silent",
            Self::Flood => "flood",
        }
    }

    /// Whether the client should simply come back.
    pub(crate) const fn reconnect(self) -> bool {
        matches!(self, Self::Restart | Self::Slow | Self::Silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_is_one_reason() {
        for (at, close) in Close::ALL.iter().enumerate() {
            assert!(Close::ALL[..at].iter().all(|other| other.code() != close.code()), "{close:?}");
            let is_class = matches!(close.code(), 1002 | 1007 | 1009 | 1012 | 1013 | 4400..=4499);
            assert!(is_class && !close.reason().is_empty(), "{close:?}");
        }
    }
}
