//! The open sockets: how many each member has, so that nobody holds more than their share, and whose they are, so that
//! the [`watch`](super::watch) can end those whose session has ended.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gpting_core::id::MemberId;
use tokio::sync::Notify;

use crate::authenticate::Caller;

/// The most sockets of all members together: what one process can hold beside its requests.
const MOST_OF_ALL: usize = 65_536;

/// The open sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    counts: HashMap<MemberId, usize>,
    sockets: HashMap<u64, (Caller, Arc<Notify>)>,
    next: u64,
    watched: bool,
}

impl Registry {
    /// A place for one more socket of a caller, unless their member has `most` already. Dropping it frees the place.
    pub(crate) fn enter(&self, caller: Caller, most: usize) -> Option<Place> {
        let mut open = self.lock();
        let count = open.counts.get(&caller.member).copied().unwrap_or_default();
        if count >= most || open.sockets.len() >= MOST_OF_ALL {
            return None;
        }
        open.counts.insert(caller.member, count + 1);
        open.next += 1;
        let (number, ended) = (open.next, Arc::new(Notify::new()));
        open.sockets.insert(number, (caller, Arc::clone(&ended)));
        Some(Place { registry: self.clone(), number, member: caller.member, ended })
    }

    /// Whether somebody has to begin watching; whoever is told so does.
    pub(crate) fn begin_watching(&self) -> bool {
        let mut open = self.lock();
        !open.sockets.is_empty() && !std::mem::replace(&mut open.watched, true)
    }

    /// Everybody who has a socket, each once; none ends the watching.
    pub(crate) fn callers(&self) -> Option<Vec<Caller>> {
        let mut open = self.lock();
        if open.sockets.is_empty() {
            open.watched = false;
            return None;
        }
        let callers: HashSet<Caller> = open.sockets.values().map(|(caller, _)| *caller).collect();
        Some(callers.into_iter().collect())
    }

    /// Tells the sockets of these callers that their session has ended.
    pub(crate) fn end(&self, callers: &[Caller]) {
        if callers.is_empty() {
            return;
        }
        let callers: HashSet<&Caller> = callers.iter().collect();
        for (caller, ended) in self.lock().sockets.values() {
            if callers.contains(caller) {
                ended.notify_one();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open socket of a caller.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Registry,
    number: u64,
    member: MemberId,
    ended: Arc<Notify>,
}

impl Place {
    /// The socket now belongs to another session of its member.
    pub(crate) fn now_of(&self, caller: Caller) {
        if let Some((now, _)) = self.registry.lock().sockets.get_mut(&self.number) {
            *now = caller;
        }
    }

    /// Resolves when the session seems to have ended.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        open.sockets.remove(&self.number);
        if let Some(count) = open.counts.get_mut(&self.member) {
            *count -= 1;
            if *count == 0 {
                open.counts.remove(&self.member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use gpting_core::id::SessionId;

    use super::*;

    fn caller(member: i64, session: i64) -> Caller {
        Caller { member: MemberId::new(member).unwrap(), session: SessionId::new(session) }
    }

    #[test]
    fn a_member_has_so_many_sockets_and_no_more() {
        let registry = Registry::default();
        let first = registry.enter(caller(1, 1), 2).unwrap();
        let _second = registry.enter(caller(1, 2), 2).unwrap();
        assert!(registry.enter(caller(1, 3), 2).is_none(), "whichever session opens them");
        let other = registry.enter(caller(2, 1), 2).unwrap();
        drop(first);
        assert!(registry.enter(caller(1, 1), 2).is_some());
        drop(other);
        assert_eq!(registry.lock().counts.len(), 1, "who has left is forgotten");
    }

    #[test]
    fn only_the_sockets_of_a_session_that_ended_are_told() {
        let registry = Registry::default();
        assert!(!registry.begin_watching(), "there is nobody to watch");
        let (a, b) = (registry.enter(caller(1, 1), 8).unwrap(), registry.enter(caller(1, 2), 8).unwrap());
        assert!(registry.begin_watching() && !registry.begin_watching(), "one is enough");
        let again = registry.enter(caller(1, 1), 8).unwrap();
        assert_eq!(registry.callers().unwrap().len(), 2, "each once");
        registry.end(&[caller(1, 1), caller(9, 9)]);
        assert!(a.ended().now_or_never().is_some() && b.ended().now_or_never().is_none());
        b.now_of(caller(1, 3));
        registry.end(&[caller(1, 2)]);
        assert!(b.ended().now_or_never().is_none(), "it belongs to another session now");
        drop((a, b, again));
        assert_eq!(registry.callers(), None);
        let _next = registry.enter(caller(1, 1), 8).unwrap();
        assert!(registry.begin_watching(), "the next one is watched anew");
    }
}
