//! How many sockets each member has open, so that nobody holds more than their share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gpting_core::id::MemberId;

/// How many sockets each member has open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registry(Arc<Mutex<HashMap<MemberId, usize>>>);

impl Registry {
    /// A place for one more socket of a member, unless they have `most` already. Dropping it frees the place.
    pub(crate) fn enter(&self, member: MemberId, most: usize) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(member).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { registry: self.clone(), member })
    }
}

/// An open socket of a member.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Registry,
    member: MemberId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.registry.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.member) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_has_so_many_sockets_and_no_more() {
        let registry = Registry::default();
        let (a, b) = (MemberId::new(1).unwrap(), MemberId::new(2).unwrap());
        let first = registry.enter(a, 2).unwrap();
        let _second = registry.enter(a, 2).unwrap();
        assert!(registry.enter(a, 2).is_none());
        let other = registry.enter(b, 2).unwrap();
        drop(first);
        assert!(registry.enter(a, 2).is_some());
        drop(other);
        assert_eq!(registry.0.lock().unwrap().len(), 1, "who has left is forgotten");
    }
}
