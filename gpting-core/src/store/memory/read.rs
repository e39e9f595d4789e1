//! The reads.

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::{
    Committed, FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store, StoreResult, Versioned, Work,
};
use super::{MemoryStore, State};
use crate::chat::{Message, Room, RoomOverview};
use crate::event::StoredEvent;
use crate::id::{FriendRequestId, HostId, JobId, MemberId, RoomId};
use crate::interaction::{Listing, Pair, PairKey, PairList};
use crate::job::Job;
use crate::profile::Member;
use crate::safety::Report;

impl State {
    /// A member's list, newest first, ties by the other's id descending.
    fn listings(&self, member: MemberId, list: PairList) -> Vec<(Listing, &Pair)> {
        let lowest = MemberId::new(1).expect("1 is an id");
        let mut listings: Vec<(Listing, &Pair)> = self
            .neighbours
            .range((member, lowest)..)
            .take_while(|(owner, _)| *owner == member)
            .filter_map(|(_, other)| self.pairs.get(&PairKey::of(member, *other)?))
            .flat_map(|row| row.value.listings().into_iter().map(move |listing| (listing, &row.value)))
            .filter(|(listing, _)| listing.member == member && listing.list == list)
            .collect();
        listings.sort_by_key(|(listing, _)| Reverse((listing.at, listing.other)));
        listings
    }

    fn overview(&self, viewer: MemberId, room: &Room) -> Option<RoomOverview> {
        if room.closed_at.is_some() || !room.has(viewer) {
            return None;
        }
        let partner = room.pair.other(viewer);
        let mark = |member| self.reads.get(&(room.id, member)).copied().unwrap_or(0);
        let my_read = mark(viewer);
        let visible = room.hidden_through + 1;
        let unread = self
            .messages
            .range((room.id, visible.max(my_read + 1))..=(room.id, u64::MAX))
            .filter(|(_, message)| message.sender != viewer)
            .count();
        Some(RoomOverview {
            last_message: self
                .messages
                .range((room.id, visible)..=(room.id, u64::MAX))
                .next_back()
                .map(|(_, m)| m.clone()),
            my_read,
            their_read: mark(partner),
            unread: unread as u64,
            room: room.clone(),
        })
    }
}

/// Whether a row sorted by (time, id), newest first, comes after where the last page ended.
fn comes_after(page: Page, at: Timestamp, id: i64) -> bool {
    page.before.is_none_or(|before| (at, id) < (before.at, before.id))
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, work: Work) -> StoreResult<Committed> {
        self.transact(|state| state.apply(work))
    }

    async fn members(&self, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
        let state = self.lock();
        let wanted: std::collections::BTreeSet<_> = ids.iter().collect();
        Ok(wanted.into_iter().filter_map(|id| state.members.get(id).cloned()).collect())
    }

    async fn member_by_host(&self, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
        Ok(self.lock().members.values().find(|row| row.value.host.as_ref() == Some(host)).cloned())
    }

    async fn members_by_source(&self, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
        let wanted: std::collections::HashSet<&String> = sources.iter().collect();
        let state = self.lock();
        let known = |row: &&Versioned<Member>| row.value.source.as_ref().is_some_and(|source| wanted.contains(source));
        Ok(state.members.values().filter(known).cloned().collect())
    }

    async fn members_changed(&self, cursor: FeedCursor, limit: usize) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
        let state = self.lock();
        let mut next = cursor;
        let entries = state
            .feed
            .range(cursor.position + 1..)
            .take(limit)
            .map(|(position, id)| {
                next = FeedCursor { position: *position, id: id.value() };
                state.members.get(id).map_or(FeedEntry::Gone(*id), |row| FeedEntry::Put(Box::new(row.clone())))
            })
            .collect();
        Ok((entries, next))
    }

    async fn pairs_changed(&self, cursor: PairCursor, limit: usize) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
        let state = self.lock();
        let mut next = cursor;
        let changed = state.pair_feed.range(cursor.position + 1..).take(limit).filter_map(|(position, key)| {
            next.position = *position;
            state.pairs.get(key).cloned()
        });
        Ok((changed.collect(), next))
    }

    async fn pair(&self, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
        Ok(self.lock().pairs.get(&key).cloned())
    }

    async fn pair_by_request(&self, request: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
        let state = self.lock();
        let waits = |row: &&Versioned<Pair>| row.value.friend_request.as_ref().is_some_and(|known| known.id == request);
        Ok(state.pairs.values().find(waits).cloned())
    }

    async fn list_pairs(&self, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>> {
        let state = self.lock();
        Ok(state
            .listings(member, list)
            .into_iter()
            .filter(|(listing, _)| comes_after(page, listing.at, listing.other.value()))
            .take(page.limit)
            .map(|(_, pair)| pair.clone())
            .collect())
    }

    async fn listed(&self, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
        Ok(self.lock().listings(member, list).into_iter().map(|(listing, _)| listing.other).collect())
    }

    async fn was_served(&self, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
        Ok(self.lock().served.contains(&(viewer, candidate)))
    }

    async fn picks(&self, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
        let first = (member, day, MemberId::new(1).expect("1 is an id"));
        let state = self.lock();
        let mine = state.picks.range(first..).take_while(|pick| (pick.0, pick.1) == (member, day));
        Ok(mine.map(|pick| pick.2).collect())
    }

    async fn room(&self, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
        Ok(self.lock().rooms.get(&id).cloned())
    }

    async fn room_overview(&self, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
        let state = self.lock();
        Ok(state.rooms.get(&id).and_then(|row| state.overview(viewer, &row.value)))
    }

    async fn list_rooms(&self, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
        let state = self.lock();
        let mut rooms: Vec<RoomOverview> =
            state.rooms.values().filter_map(|row| state.overview(viewer, &row.value)).collect();
        rooms.sort_by_key(|overview| Reverse((overview.activity(), overview.room.id)));
        rooms.retain(|overview| comes_after(page, overview.activity(), overview.room.id.value()));
        rooms.truncate(page.limit);
        Ok(rooms)
    }

    async fn messages(&self, room: RoomId, range: MessageRange, limit: usize) -> StoreResult<Vec<Message>> {
        let state = self.lock();
        Ok(match range {
            MessageRange::After(seq) => {
                let from = seq.saturating_add(1);
                state.messages.range((room, from)..=(room, u64::MAX)).take(limit).map(|(_, m)| m.clone()).collect()
            }
            MessageRange::Before(seq) => {
                let mut last: Vec<Message> =
                    state.messages.range((room, 0)..(room, seq)).rev().take(limit).map(|(_, m)| m.clone()).collect();
                last.reverse();
                last
            }
        })
    }

    async fn open_report(&self, reporter: MemberId, subject: MemberId) -> StoreResult<Option<Versioned<Report>>> {
        let state = self.lock();
        let open = |row: &&Versioned<Report>| {
            let report = &row.value;
            report.reporter == reporter && report.subject == subject && report.closed_at.is_none()
        };
        Ok(state.reports.values().find(open).cloned())
    }

    async fn job(&self, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
        Ok(self.lock().jobs.get(&id).cloned())
    }

    async fn due_jobs(&self, kinds: &[&str], now: Timestamp, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        let is_due = |job: &Job| job.run_at <= now && job.dead_at.is_none() && kinds.contains(&job.task.kind());
        let mut due: Vec<_> = self.lock().jobs.values().filter(|row| is_due(&row.value)).cloned().collect();
        due.sort_by_key(|row| (row.value.run_at, row.value.id));
        due.truncate(limit);
        Ok(due)
    }

    async fn dead_jobs(&self, after: Option<JobId>, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        let state = self.lock();
        let dead = state.jobs.values().filter(|row| row.value.dead_at.is_some() && Some(row.value.id) > after);
        Ok(dead.take(limit).cloned().collect())
    }

    async fn events(&self, after: u64, limit: usize) -> StoreResult<Vec<StoredEvent>> {
        let state = self.lock();
        let stored =
            |(number, event): (&u64, &crate::event::Event)| StoredEvent { number: *number, event: event.clone() };
        Ok(state.events.range(after.saturating_add(1)..).take(limit).map(stored).collect())
    }

    async fn has_mark(&self, mark: u128) -> StoreResult<bool> {
        Ok(self.lock().marks.contains(&mark))
    }

    async fn health(&self) -> StoreResult<()> {
        Ok(())
    }
}
