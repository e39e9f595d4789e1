//! How often somebody may call: the hook that a limiter implements.
//!
//! Called by the service before a request is read, by the caller's address and then by the member, and by sockets per
//! frame. Without a limiter nothing is limited; the server's own is [`ratelimit`](crate::ratelimit).

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::id::MemberId;

use crate::error::Problem;

/// Kinds of calls that are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateClass {
    /// Health, documents, pages: never counted.
    Free,
    /// Beginning a sign-up.
    SignUp,
    /// Typing in or asking for a code.
    Code,
    /// Logging in.
    Login,
    /// Refreshing tokens, logging out.
    Token,
    /// Reading.
    Read,
    /// Changing something of one's own.
    Write,
    /// Likes, passes, friend requests, and taking them back.
    Decide,
    /// Chat messages.
    Message,
    /// Uploading a picture.
    Upload,
    /// Fetching a picture.
    Picture,
    /// Blocking and reporting.
    Report,
    /// Opening a socket.
    Socket,
    /// A frame on a socket that is no message.
    Frame,
}

impl RateClass {
    /// Every class.
    pub const ALL: [Self; 14] = [
        Self::Free,
        Self::SignUp,
        Self::Code,
        Self::Login,
        Self::Token,
        Self::Read,
        Self::Write,
        Self::Decide,
        Self::Message,
        Self::Upload,
        Self::Picture,
        Self::Report,
        Self::Socket,
        Self::Frame,
    ];
}

/// Whose calls are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RateKey {
    /// A member, on whichever device.
    Member(MemberId),
    /// An address; an IPv6 one by its /64, which is one household.
    Addr(IpAddr),
}

impl RateKey {
    /// The key of an address.
    pub fn of_addr(addr: IpAddr) -> Self {
        Self::Addr(match addr.to_canonical() {
            IpAddr::V6(addr) => IpAddr::V6((u128::from(addr) >> 64 << 64).into()),
            addr @ IpAddr::V4(_) => addr,
        })
    }
}

/// Limits how often somebody may call.
pub trait RateLimit: Debug + Send + Sync + 'static {
    /// Counts one call of a class.
    ///
    /// # Errors
    /// How long to wait, when it is one too many; it is not counted then.
    fn check(&self, class: RateClass, key: &RateKey) -> Result<(), Duration>;
}

/// Counts one call where there is a limiter and a key.
///
/// # Errors
/// 429 with how long to wait.
pub(crate) fn check(
    limiter: Option<&Arc<dyn RateLimit>>,
    class: RateClass,
    key: Option<RateKey>,
) -> Result<(), Problem> {
    match (limiter, key) {
        (Some(limiter), Some(key)) if class != RateClass::Free => limiter.check(class, &key).map_err(Problem::too_many),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_are_one() {
        let key = |addr: &str| RateKey::of_addr(addr.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:1.2.3.4"), key("1.2.3.4"));
        assert_ne!(key("1.2.3.4"), key("1.2.3.5"));
    }
}
