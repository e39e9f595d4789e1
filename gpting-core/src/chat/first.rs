//! The first thing that somebody says in a room: the job that looks at it is put in the very work that says it.
//!
//! Whether it is the first nobody knows before the commit without reading, and sending reads nothing for it: an instance
//! remembers who has spoken where since its start, and puts the job for anybody else. Such a job costs a few reads when there
//! is nothing to look at; it decides what the first message is. Called by `talk` and `manage`.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashSet;

use crate::assist::Subject;
use crate::gpting::Core;
use crate::id::{JobId, MemberId, RoomId};
use crate::job::{Job, Task};
use crate::store::{Change, Expect};

/// So many are remembered in each of two generations, some two megabytes; of whoever is forgotten it is looked again.
const REMEMBERED: usize = 50_000;

/// Who has spoken where.
#[derive(Debug, Default)]
pub(crate) struct Spoken(Mutex<[FxHashSet<(RoomId, MemberId)>; 2]>);

impl Spoken {
    fn has(&self, room: RoomId, member: MemberId) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|generation| generation.contains(&(room, member)))
    }

    /// Remembers that somebody has spoken, and that it will be looked at.
    pub(crate) fn note(&self, room: RoomId, member: MemberId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [new, old] = &mut *known;
        if new.contains(&(room, member)) || old.contains(&(room, member)) {
            return;
        }
        if new.len() >= REMEMBERED {
            std::mem::swap(new, old);
            new.clear();
        }
        new.insert((room, member));
    }
}

impl Core {
    /// The job that looks at the first thing a member says in a room, where they may be about to say it.
    pub(crate) fn look_if_first(&self, room: RoomId, member: MemberId) -> Option<Change> {
        (!self.spoken.has(room, member)).then(|| self.look_at_first(room, member))
    }

    /// That job.
    pub(crate) fn look_at_first(&self, room: RoomId, member: MemberId) -> Change {
        let task = Task::Moderate { member, subject: Subject::FirstMessage(room) };
        Change::PutJob(Job::new(JobId::draw(&*self.rng), task, self.now()), Expect::New)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_never_more_than_twice_as_many() {
        let spoken = Spoken::default();
        let (room, id) = (RoomId::new(1).unwrap(), |n: usize| MemberId::new(i64::try_from(n).unwrap()).unwrap());
        for n in 1..=3 * REMEMBERED {
            spoken.note(room, id(n));
            assert!(spoken.has(room, id(n)));
        }
        let kept: usize = spoken.0.lock().unwrap().iter().map(FxHashSet::len).sum();
        assert!(kept <= 2 * REMEMBERED && spoken.has(room, id(2 * REMEMBERED + 1)) && !spoken.has(room, id(1)));
    }
}
