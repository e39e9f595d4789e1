//! Keeping the replica as fresh as the store: rows that a use-case has seen, the feed of changes, and the question
//! whether two members may be proposed to each other now.

use std::sync::atomic::Ordering;

use super::replica::engine_failed;
use crate::error::Result;
use crate::gpting::Core;
use crate::id::MemberId;
use crate::profile::Member;
use crate::store::{FeedEntry, Versioned};

/// How many members one read of the feed asks for.
const FEED_BATCH: usize = 2_000;

impl Core {
    /// Takes in a row that a use-case has loaded or written.
    pub(crate) fn absorb(&self, member: &Versioned<Member>) -> bool {
        self.replica.absorb(member, &self.catalogue)
    }

    /// Reads the store's feeds to their ends: who has changed, then what people have done to each other. `O(changes)`.
    pub(crate) async fn refresh_replica(&self) -> Result<()> {
        let mut cursor = self.replica.cursor.lock().await;
        let began = self.now();
        loop {
            let (entries, next) = self.store.members_changed(cursor.members, FEED_BATCH).await?;
            let last = entries.len() < FEED_BATCH;
            let mut changed = Vec::with_capacity(entries.len());
            for entry in entries {
                changed.push(match entry {
                    FeedEntry::Put(member) => {
                        self.absorb(&member);
                        member.value.id
                    }
                    FeedEntry::Gone(id) => {
                        self.replica.forget(id);
                        id
                    }
                });
            }
            self.hub.stir(changed.into_iter());
            cursor.members = next;
            if last {
                break;
            }
        }
        loop {
            let (pairs, next) = self.store.pairs_changed(cursor.pairs, FEED_BATCH).await?;
            for pair in &pairs {
                self.replica.learn(pair);
            }
            cursor.pairs = next;
            if pairs.len() < FEED_BATCH {
                break;
            }
        }
        self.feed_read.store(began.as_microsecond(), Ordering::Relaxed);
        Ok(())
    }

    /// Whether two members may be proposed to each other now, by what the store says of them now.
    pub(crate) async fn mutually_eligible(&self, a: MemberId, b: MemberId) -> Result<bool> {
        for row in self.store.members(&[a, b]).await? {
            self.absorb(&row);
        }
        let view = self.replica.view(self.now());
        if !view.contains(a) || !view.contains(b) {
            return Ok(false);
        }
        view.eligible(a, b).map_err(engine_failed)
    }
}
