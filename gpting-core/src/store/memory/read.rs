//! The reads.

use std::cmp::Reverse;

use async_trait::async_trait;
use jiff::Timestamp;

use super::super::{
    Committed, FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store, StoreResult, Versioned, Work,
};
use super::{MemoryStore, State};
use crate::assist::{Call, Errand, Finding, Made, Subject};
use crate::chat::{Message, ReadMark, Room, RoomOverview, RoomState, Since, Ticket};
use crate::event::StoredEvent;
use crate::id::{FriendRequestId, HostId, JobId, MemberId, RoomId};
use crate::interaction::{Listing, Pair, PairKey, PairList};
use crate::job::Job;
use crate::matching::exposure::Impression;
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
        let mine = self.mark(room.id, viewer);
        let my_read = mine.seq;
        let is_hidden = |seq| self.hidden.contains(&(room.id, viewer, seq));
        let visible = room.hidden_through + 1;
        let unread = self
            .messages
            .range((room.id, visible.max(my_read + 1))..=(room.id, u64::MAX))
            .filter(|((_, seq), message)| message.sender != viewer && message.unsent.is_none() && !is_hidden(*seq))
            .count();
        let last_message = self.messages.range((room.id, visible)..=(room.id, u64::MAX)).next_back();
        let last_message = last_message.map(|(_, message)| message.clone());
        Some(RoomOverview {
            last_hidden: last_message.as_ref().is_some_and(|message| is_hidden(message.seq)),
            last_message,
            my_read,
            my_shown: mine.shown,
            their_read: self.mark(room.id, partner).shown,
            unread: unread as u64,
            muted: self.muted.contains(&(room.id, viewer)),
            their_muted: self.muted.contains(&(room.id, partner)),
            room: room.clone(),
        })
    }

    fn mark(&self, room: RoomId, member: MemberId) -> ReadMark {
        self.reads.get(&(room, member)).copied().unwrap_or_default()
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
        Ok(self.lock().served.contains_key(&(viewer, candidate)))
    }

    async fn impressions(&self, after: Option<(MemberId, MemberId)>, limit: usize) -> StoreResult<Vec<Impression>> {
        let state = self.lock();
        let behind = state.served.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
        Ok(behind.map(|(_, row)| *row).take(limit).collect())
    }

    async fn shown_to(&self, candidates: &[MemberId], most: usize) -> StoreResult<Vec<(MemberId, u64)>> {
        let state = self.lock();
        let count = |who: MemberId| state.served.keys().filter(|(_, candidate)| *candidate == who).take(most).count();
        Ok(candidates.iter().map(|who| (*who, count(*who) as u64)).collect())
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

    async fn messages(
        &self,
        room: RoomId,
        range: MessageRange,
        limit: usize,
        viewer: Option<MemberId>,
    ) -> StoreResult<Vec<Message>> {
        let state = self.lock();
        let shown = |seq: u64| viewer.is_none_or(|viewer| !state.hidden.contains(&(room, viewer, seq)));
        let (from, to) = match range {
            MessageRange::After(seq) => (seq.saturating_add(1), u64::MAX),
            MessageRange::Before(seq) => (0, seq),
        };
        let part = state.messages.range((room, from)..(room, to)).filter(|((_, seq), _)| shown(*seq));
        let part = part.map(|(_, message)| message.clone());
        Ok(match range {
            MessageRange::After(_) => part.take(limit).collect(),
            MessageRange::Before(_) => {
                let mut last: Vec<Message> = part.rev().take(limit).collect();
                last.reverse();
                last
            }
        })
    }

    async fn rooms_moved(&self, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
        let state = self.lock();
        let state_of = |id: &RoomId| {
            let row = state.rooms.get(id)?;
            let key = row.value.pair;
            let reads = [key.low, key.high].map(|member| state.mark(*id, member));
            Some(RoomState::of(row.value.clone(), row.version, reads))
        };
        Ok(known.iter().filter_map(|(id, moves)| state_of(id).filter(|state| state.moves != *moves)).collect())
    }

    async fn news(&self, since: &[Since], limit: usize) -> StoreResult<Vec<Message>> {
        let state = self.lock();
        let mut since = since.to_vec();
        since.sort_by_key(|since| since.room);
        let news_of = |since: &Since| {
            let Since { room, seq, revision } = *since;
            let is_new = move |m: &&Message| {
                m.seq > seq || revision.is_some_and(|known| m.unsent.is_some_and(|unsent| unsent > known))
            };
            state.messages.range((room, 0)..(room, u64::MAX)).map(|(_, m)| m).filter(is_new).take(limit)
        };
        Ok(since.iter().flat_map(news_of).cloned().collect())
    }

    async fn rooms_opened(&self, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
        let state = self.lock();
        let opened = state.opened.iter().filter(|(_, opening)| cursor > 0 && **opening >= cursor);
        let open = |(id, _): (&RoomId, _)| {
            let room = &state.rooms.get(id)?.value;
            room.closed_at.is_none().then_some((*id, room.pair))
        };
        Ok((opened.filter_map(open).collect(), state.openings + 1))
    }

    async fn ticket(&self, hash: &str) -> StoreResult<Option<Ticket>> {
        Ok(self.lock().tickets.get(hash).cloned())
    }

    async fn epoch(&self) -> StoreResult<u64> {
        // The log ends with the process; where it lies in memory tells it from others of its time.
        Ok(std::ptr::from_ref(self).addr() as u64 & ((1 << 53) - 1))
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

    async fn made(&self, member: MemberId, errand: Errand, other: Option<MemberId>) -> StoreResult<Vec<Made>> {
        let state = self.lock();
        let mine = state.made.range((member, errand, None)..).map(|(_, made)| made);
        let mine = mine.take_while(|made| made.member == member && made.errand == errand);
        Ok(mine.filter(|made| other.is_none() || made.other == other).cloned().collect())
    }

    async fn calls(&self, member: MemberId, limit: usize) -> StoreResult<Vec<Call>> {
        let mut calls: Vec<Call> = self.lock().calls.values().filter(|call| call.member == member).cloned().collect();
        calls.sort_by_key(|call| Reverse((call.at, call.id)));
        calls.truncate(limit);
        Ok(calls)
    }

    async fn findings(&self, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
        let state = self.lock();
        let mine = state.findings.iter().filter(|((whose, of, _), _)| (*whose, *of) == (member, subject));
        Ok(mine.map(|(_, found)| found.clone()).collect())
    }

    async fn flagged(&self, page: Page) -> StoreResult<Vec<Finding>> {
        let mut flagged: Vec<Finding> =
            self.lock().findings.values().filter(|found| !found.flags.is_empty()).cloned().collect();
        let place = |found: &Finding| (found.at, found.id.value());
        flagged.retain(|found| page.before.is_none_or(|before| place(found) < (before.at, before.id)));
        flagged.sort_by_key(|found| Reverse(place(found)));
        flagged.truncate(page.limit);
        Ok(flagged)
    }

    async fn health(&self) -> StoreResult<()> {
        Ok(())
    }
}
