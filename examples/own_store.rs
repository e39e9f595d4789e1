//! A store of one's own: the whole port in one file, tested by the contract suite.
//!
//! Everything lies in plain lists. A commit works on a copy, which is written beside the old file, synced and renamed
//! over it; only then is the work acknowledged: it is there whole or not at all, in memory and on disk. Short is slow:
//! a commit writes the whole file, and reads walk over whole lists. Run it with `cargo run --example own_store`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{cmp::Reverse, fs, io, sync::Arc};

use gpting_core::assist::{Aspect, Call, Errand, Finding, Made, Subject};
use gpting_core::chat::{Message, NewMessage, ReadMark, Room, RoomOverview, RoomState, Since, Ticket};
use gpting_core::event::{Event, StoredEvent};
use gpting_core::id::{FriendRequestId, HostId, JobId, MemberId, RoomId};
use gpting_core::interaction::{Pair, PairKey, PairList};
use gpting_core::matching::exposure::{Impression, Shown};
use gpting_core::store::{
    Appended, Change, Committed, Expect, FeedCursor, FeedEntry, MessageRange, Page, PairCursor, Store, StoreError,
    StoreResult, Unique, Version, Versioned, Work,
};
use gpting_core::{job::Job, profile::Member, safety::Report};
use jiff::Timestamp;

/// Everything that is remembered; rows have their versions beside them.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
struct State {
    members: Vec<(Version, Member)>,
    /// Who was put or erased, in order: the feed. A cursor is how many of them were read.
    changed: Vec<MemberId>,
    pairs: Vec<(Version, Pair)>,
    pairs_changed: Vec<PairKey>,
    rooms: Vec<(Version, Room)>,
    messages: Vec<Message>,
    /// Every place that somebody has read up to, and whether the other may know; the furthest counts.
    marks: BTreeSet<(RoomId, MemberId, u64, bool)>,
    hidden: BTreeSet<(RoomId, MemberId, u64)>,
    muted: BTreeSet<(RoomId, MemberId)>,
    /// Rooms that were opened, in order: a cursor is how many openings were told, and one.
    openings: Vec<RoomId>,
    tickets: Vec<Ticket>,
    epoch: u64,
    served: Vec<Impression>,
    picks: BTreeSet<(MemberId, i32, MemberId)>,
    reports: Vec<(Version, Report)>,
    jobs: Vec<(Version, Job)>,
    /// When each allowance is full again.
    allowances: BTreeMap<String, i64>,
    events: BTreeMap<u64, Event>,
    last_event: u64,
    made: Vec<Made>,
    calls: Vec<Call>,
    findings: Vec<Finding>,
}

/// A store in one JSON file: where it is, and what it holds.
#[derive(Debug)]
struct JsonStore(PathBuf, Arc<tokio::sync::Mutex<State>>);

fn open(path: PathBuf) -> io::Result<JsonStore> {
    let mut state: State = if path.exists() { serde_json::from_slice(&fs::read(&path)?)? } else { State::default() };
    // When the file was made tells this log from others.
    let made = std::time::UNIX_EPOCH.elapsed().map_or(1, |age| age.as_secs());
    state.epoch = if state.epoch == 0 { made } else { state.epoch };
    Ok(JsonStore(path, Arc::new(tokio::sync::Mutex::new(state))))
}

/// Writes a new file and puts it in the place of the old one, both synced: after a crash one of them is there whole.
fn save(path: &Path, state: &State) -> io::Result<()> {
    let next = path.with_extension("next");
    fs::write(&next, serde_json::to_vec(state)?)?;
    fs::File::open(&next)?.sync_all()?;
    fs::rename(&next, path)?;
    fs::File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// Creates or replaces a row that is as expected.
fn put<T, K: PartialEq>(table: &mut Vec<(Version, T)>, value: T, expect: Expect, key: fn(&T) -> K) -> StoreResult<()> {
    match (table.iter_mut().find(|(_, row)| key(row) == key(&value)), expect) {
        (None, Expect::New) => table.push((1, value)),
        (Some(row), Expect::Version(version)) if row.0 == version => *row = (version + 1, value),
        _ => return Err(StoreError::Stale),
    }
    Ok(())
}

fn versioned<T: Clone>((version, value): &(Version, T)) -> Versioned<T> {
    Versioned { version: *version, value: value.clone() }
}

/// A page of rows by (time, id), newest first, ties by id descending.
fn paged<T>(rows: impl Iterator<Item = (Timestamp, i64, T)>, page: Page) -> Vec<T> {
    let mut rows: Vec<_> = rows.filter(|row| page.before.is_none_or(|end| (row.0, row.1) < (end.at, end.id))).collect();
    rows.sort_by_key(|row| Reverse((row.0, row.1)));
    rows.into_iter().take(page.limit).map(|row| row.2).collect()
}

impl State {
    fn apply(&mut self, change: Change, committed: &mut Committed) -> StoreResult<()> {
        match change {
            Change::PutMember(member, expect) => self.put_member(*member, expect)?,
            Change::PutPair(pair, expect) => {
                self.pairs_changed.push(pair.key);
                put(&mut self.pairs, *pair, expect, |row| row.key)?;
            }
            Change::PutRoom(room, expect) => {
                let old = self.rooms.iter().find(|(_, old)| old.id == room.id).map(|(_, old)| old);
                let (last_seq, revision) = old.map_or((0, 0), |old| (old.last_seq, old.revision));
                let opens = room.closed_at.is_none() && old.is_none_or(|old| old.closed_at.is_some());
                self.openings.extend(opens.then_some(room.id));
                put(&mut self.rooms, Room { last_seq, revision, ..room }, expect, |row| row.id)?;
            }
            Change::Append(message) => committed.appended.push(self.append(message)?),
            Change::MarkRead { room, member, seq, shown } => {
                if let Some(last) = self.last_seq(room, member) {
                    self.marks.insert((room, member, seq.min(last), shown));
                }
            }
            Change::Unsend { room, sender, seq } => {
                let is_it = |it: &&mut Message| (it.room, it.sender, it.seq) == (room, sender, seq);
                let message = self.messages.iter_mut().find(is_it).ok_or(StoreError::Stale)?;
                if let (None, Some(row)) = (message.unsent, self.rooms.iter_mut().find(|(_, row)| row.id == room)) {
                    (row.0, row.1.revision) = (row.0 + 1, row.1.revision + 1);
                    (message.unsent, message.text) = (Some(row.1.revision), String::new());
                }
            }
            Change::Hide { room, member, seq } => {
                let is_there = self.last_seq(room, member).is_some_and(|last| seq <= last);
                self.hidden.extend(is_there.then_some((room, member, seq)));
            }
            Change::Mute { room, member, muted } => {
                self.muted.remove(&(room, member));
                self.muted.extend((muted && self.last_seq(room, member).is_some()).then_some((room, member)));
            }
            Change::PutTicket(ticket) => {
                self.tickets.retain(|old| old.expires_at > ticket.expires_at - gpting_core::chat::ticket::TICKET_TTL);
                self.tickets.push(ticket);
            }
            Change::TakeTicket(hash) => {
                let at = self.tickets.iter().position(|ticket| ticket.hash == hash);
                self.tickets.swap_remove(at.ok_or(StoreError::Stale)?);
            }
            Change::Serve { viewer, candidates, at } => self.serve(viewer, &candidates, at),
            Change::DropImpressions { from, to, before } => {
                self.served.retain(|row| row.viewer < from || row.viewer > to || row.last_at >= before);
            }
            Change::PutPicks { day, pairs } => {
                self.picks.extend(pairs.iter().flat_map(|it| [(it.low, day, it.high), (it.high, day, it.low)]));
            }
            Change::ClearPicks { day } => self.picks.retain(|(_, of, _)| *of > day || *of == day - 1),
            Change::PutReport(report, expect) => {
                let other = self.open_report(report.reporter, report.subject).filter(|row| row.1.id != report.id);
                (report.closed_at.is_some() || other.is_none()).then_some(()).ok_or(StoreError::Stale)?;
                put(&mut self.reports, *report, expect, |row| row.id)?;
            }
            Change::PutJob(job, expect) => put(&mut self.jobs, job, expect, |row| row.id)?,
            Change::DeleteJob(id, version) => {
                let at = self.jobs.iter().position(|row| (row.1.id, row.0) == (id, version));
                self.jobs.swap_remove(at.ok_or(StoreError::Stale)?);
            }
            Change::Take { claims, now } => {
                for claim in claims {
                    let key = format!("{:x?}", claim.key().bytes());
                    let full_at = claim.take(self.allowances.get(&key).copied(), now);
                    let full_at = full_at.map_err(|wait| StoreError::Spent { wait })?;
                    self.allowances.insert(key, full_at);
                    committed.left = committed.left.into_iter().chain([claim.left(full_at, now)]).min();
                }
            }
            Change::GiveBack(claims) => {
                for claim in claims {
                    let key = format!("{:x?}", claim.key().bytes());
                    self.allowances.entry(key).and_modify(|full_at| *full_at -= claim.cost_micros());
                }
            }
            Change::Sweep { now } => self.sweep(now),
            Change::Require { member, version } => {
                if !self.members.iter().any(|(known, row)| row.id == member && *known == version) {
                    return Err(StoreError::Stale);
                }
            }
            Change::KeepMade(made) => self.keep_made(*made),
            Change::DropMade { member } => {
                self.made.retain(|made| made.member != member && made.other != Some(member));
            }
            Change::NoteCall(call) => self.calls.push(call),
            Change::PutFinding(found) => self.put_finding(*found)?,
            Change::DropFindings { member, subject } => {
                self.findings.retain(|found| (found.member, found.subject) != (member, subject));
            }
            Change::ForgetFindings { member, aspect } => self.forget_findings(member, aspect),
            Change::DropEvents(numbers) => self.events.retain(|number, _| !numbers.contains(number)),
            Change::Erase { member, tombstone } => self.erase(member, tombstone),
            Change::DropReports { before } => self.reports.retain(|(_, row)| row.keep_until >= before),
            // A change of a later version of the port must not be passed over in silence.
            Change::LeaveMark(_) | _ => return Err(StoreError::Internal("an unknown change".into())),
        }
        Ok(())
    }

    fn keep_made(&mut self, made: Made) {
        let place = |row: &Made| (row.member, row.errand, row.other);
        self.made.retain(|row| place(row) != place(&made));
        self.made.push(made);
        self.made.sort_by_key(place);
    }

    fn sweep(&mut self, now: Timestamp) {
        self.allowances.retain(|_, full_at| *full_at > now.as_microsecond());
        self.made.retain(|made| made.keep_until > now);
        self.calls.retain(|call| call.keep_until > now);
        self.findings.retain(|found| found.keep_until > now);
    }

    fn put_finding(&mut self, found: Finding) -> StoreResult<()> {
        let place = |row: &Finding| (row.member, row.subject, row.by);
        let same =
            |row: &Finding| place(row) == place(&found) && (&row.name, &row.content) == (&found.name, &found.content);
        if self.findings.iter().any(same) {
            return Err(StoreError::Stale);
        }
        self.findings.retain(|row| place(row) != place(&found));
        self.findings.push(found);
        self.findings.sort_by_key(place);
        Ok(())
    }

    fn forget_findings(&mut self, member: MemberId, aspect: Aspect) {
        let rooms: BTreeSet<_> =
            self.rooms.iter().filter(|(_, room)| room.has(member)).map(|(_, room)| room.id).collect();
        let is_theirs = |found: &Finding| match found.subject {
            Subject::FirstMessage(room) => rooms.contains(&room),
            Subject::Bio | Subject::Photo(_) => found.member == member,
        };
        self.findings.retain(|found| !(found.by_consent && found.subject.aspect() == aspect && is_theirs(found)));
    }

    fn put_member(&mut self, member: Member, expect: Expect) -> StoreResult<()> {
        for (_, other) in self.members.iter().filter(|(_, other)| other.id != member.id) {
            let unique = |same, what| if same { Err(StoreError::Conflict { what }) } else { Ok(()) };
            unique(other.host.is_some() && other.host == member.host, Unique::Host)?;
            unique(other.source.is_some() && other.source == member.source, Unique::Source)?;
        }
        self.changed.push(member.id);
        put(&mut self.members, member, expect, |row| row.id)
    }

    /// The messages of a room, in the order of `seq`.
    fn said(&self, room: RoomId) -> impl DoubleEndedIterator<Item = &Message> + Clone {
        self.messages.iter().filter(move |message| message.room == room)
    }

    /// How far a room of a member has come.
    fn last_seq(&self, room: RoomId, member: MemberId) -> Option<u64> {
        self.rooms.iter().find(|(_, row)| row.id == room && row.has(member)).map(|(_, row)| row.last_seq)
    }

    fn mark(&self, room: RoomId, member: MemberId) -> ReadMark {
        let mine = self.marks.iter().filter(|it| (it.0, it.1) == (room, member));
        let shown = mine.clone().filter(|it| it.3).map(|it| it.2).max().unwrap_or(0);
        ReadMark { seq: mine.map(|it| it.2).max().unwrap_or(0), shown }
    }

    fn append(&mut self, new: NewMessage) -> StoreResult<Appended> {
        let is_open = |room: &Room| room.id == new.room && room.closed_at.is_none() && room.has(new.sender);
        let open = self.rooms.iter().position(|(_, room)| is_open(room)).ok_or(StoreError::Stale)?;
        let is_same = |old: &&Message| old.sender == new.sender && old.client_msg_id == new.client_msg_id;
        if let Some(old) = self.said(new.room).find(is_same).filter(|_| new.client_msg_id.is_some()) {
            return Ok(Appended { message: old.clone(), replayed: true });
        }
        let (version, room) = &mut self.rooms[open];
        (*version, room.last_seq) = (*version + 1, room.last_seq + 1);
        let message = new.at_seq(room.last_seq);
        self.messages.push(message.clone());
        self.marks.insert((message.room, message.sender, message.seq, true));
        Ok(Appended { message, replayed: false })
    }

    fn open_report(&self, reporter: MemberId, subject: MemberId) -> Option<&(Version, Report)> {
        let is = |row: &Report| (row.reporter, row.subject, row.closed_at) == (reporter, subject, None);
        self.reports.iter().find(|(_, row)| is(row))
    }

    fn serve(&mut self, viewer: MemberId, candidates: &[Shown], at: Timestamp) {
        for Shown { candidate, exposure } in Shown::each_once(candidates) {
            let new = Impression { viewer, candidate, first_at: at, last_at: at, shows: 1, exposure };
            match self.served.iter_mut().find(|row| (row.viewer, row.candidate) == (viewer, candidate)) {
                Some(row) => {
                    (row.last_at, row.shows, row.exposure) = (row.last_at.max(at), row.shows + 1, exposure);
                }
                None => self.served.push(new),
            }
        }
    }

    fn erase(&mut self, member: MemberId, tombstone: MemberId) {
        let Some(at) = self.members.iter().position(|(_, row)| row.id == member) else { return };
        self.members.swap_remove(at);
        self.made.retain(|made| made.member != member && made.other != Some(member));
        self.findings.retain(|found| found.member != member);
        self.calls.iter_mut().filter(|call| call.member == member).for_each(|call| call.member = tombstone);
        self.changed.push(member);
        self.pairs.retain(|(_, pair)| pair.key.side(member).is_none());
        for key in self.pairs_changed.iter_mut().filter(|key| key.side(member).is_some()) {
            *key = PairKey::of(key.other(member), tombstone).unwrap_or(*key);
        }
        self.served.retain(|row| row.viewer != member && row.candidate != member);
        self.picks.retain(|(one, _, other)| *one != member && *other != member);
        self.reports.retain(|(_, report)| report.reporter != member);
        let there: BTreeSet<_> = self.members.iter().map(|(_, row)| row.id).collect();
        self.rooms.retain(|(_, room)| !room.has(member) || there.contains(&room.pair.other(member)));
        for (version, room) in self.rooms.iter_mut().filter(|(_, room)| room.has(member)) {
            *version += 1;
            room.pair = PairKey::of(room.pair.other(member), tombstone).unwrap_or(room.pair);
        }
        let left: BTreeSet<_> = self.rooms.iter().map(|(_, room)| room.id).collect();
        self.marks.retain(|(room, reader, ..)| left.contains(room) && *reader != member);
        self.hidden.retain(|(room, reader, _)| left.contains(room) && *reader != member);
        self.muted.retain(|(room, reader)| left.contains(room) && *reader != member);
        self.tickets.retain(|ticket| ticket.member != member);
        self.messages.retain(|message| left.contains(&message.room));
        for message in self.messages.iter_mut().filter(|message| message.sender == member) {
            (message.sender, message.text, message.client_msg_id) = (tombstone, String::new(), None);
        }
    }

    /// Where a member's list has whom, in any order.
    fn list(&self, member: MemberId, list: PairList) -> impl Iterator<Item = (Timestamp, i64, &Pair)> {
        let all = self.pairs.iter().flat_map(|(_, pair)| pair.listings().into_iter().map(move |place| (place, pair)));
        let mine = all.filter(move |(place, _)| (place.member, place.list) == (member, list));
        mine.map(|(place, pair)| (place.at, place.other.value(), pair))
    }

    fn overview(&self, viewer: MemberId, room: &Room) -> Option<RoomOverview> {
        (room.closed_at.is_none() && room.has(viewer)).then_some(())?;
        let partner = room.pair.other(viewer);
        let (mine, theirs) = (self.mark(room.id, viewer), self.mark(room.id, partner));
        let is_hidden = |message: &Message| self.hidden.contains(&(room.id, viewer, message.seq));
        let is_new = |it: &&Message| it.sender != viewer && it.seq > mine.seq && it.unsent.is_none() && !is_hidden(it);
        let mut visible = self.said(room.id).filter(|message| message.seq > room.hidden_through);
        let unread = visible.clone().filter(is_new).count() as u64;
        let last_message = visible.next_back().cloned();
        Some(RoomOverview {
            last_hidden: last_message.as_ref().is_some_and(is_hidden),
            last_message,
            my_read: mine.seq,
            my_shown: mine.shown,
            their_read: theirs.shown,
            unread,
            muted: self.muted.contains(&(room.id, viewer)),
            their_muted: self.muted.contains(&(room.id, partner)),
            room: room.clone(),
        })
    }
}

#[async_trait::async_trait]
impl Store for JsonStore {
    async fn commit(&self, work: Work) -> StoreResult<Committed> {
        let (path, state) = (self.0.clone(), Arc::clone(&self.1));
        // Writing a file blocks, so it happens on a thread that may; and it ends, also when nobody waits any more.
        let done = tokio::task::spawn_blocking(move || {
            let (mut state, mut committed) = (state.blocking_lock(), Committed::default());
            let mut next = state.clone();
            work.changes.into_iter().try_for_each(|change| next.apply(change, &mut committed))?;
            let numbers = next.last_event + 1..;
            next.last_event += work.events.len() as u64;
            next.events.extend(numbers.zip(work.events));
            save(&path, &next).map_err(|error| StoreError::Unavailable(error.into()))?;
            *state = next;
            Ok(committed)
        });
        done.await.map_err(|error| StoreError::Internal(error.into()))?
    }

    async fn members(&self, ids: &[MemberId]) -> StoreResult<Vec<Versioned<Member>>> {
        Ok(self.1.lock().await.members.iter().filter(|(_, row)| ids.contains(&row.id)).map(versioned).collect())
    }
    async fn member_by_host(&self, host: &HostId) -> StoreResult<Option<Versioned<Member>>> {
        Ok(self.1.lock().await.members.iter().find(|(_, row)| row.host.as_ref() == Some(host)).map(versioned))
    }
    async fn members_by_source(&self, sources: &[String]) -> StoreResult<Vec<Versioned<Member>>> {
        let is_one = |row: &Member| row.source.as_ref().is_some_and(|source| sources.contains(source));
        Ok(self.1.lock().await.members.iter().filter(|(_, row)| is_one(row)).map(versioned).collect())
    }
    async fn members_changed(&self, cursor: FeedCursor, limit: usize) -> StoreResult<(Vec<FeedEntry>, FeedCursor)> {
        let state = self.1.lock().await;
        let read = usize::try_from(cursor.position).unwrap_or(usize::MAX);
        let present = |id: &MemberId| state.members.iter().find(|(_, row)| row.id == *id).map(versioned);
        let tell = |id| present(id).map_or(FeedEntry::Gone(*id), |row| FeedEntry::Put(Box::new(row)));
        let entries: Vec<_> = state.changed.iter().skip(read).take(limit).map(tell).collect();
        let position = cursor.position + entries.len() as u64;
        Ok((entries, FeedCursor { position, ..cursor }))
    }
    async fn pairs_changed(&self, from: PairCursor, limit: usize) -> StoreResult<(Vec<Versioned<Pair>>, PairCursor)> {
        let state = self.1.lock().await;
        let read = usize::try_from(from.position).unwrap_or(usize::MAX);
        let told: Vec<_> = state.pairs_changed.iter().skip(read).take(limit).collect();
        let pairs = told.iter().filter_map(|key| state.pairs.iter().find(|row| row.1.key == **key).map(versioned));
        Ok((pairs.collect(), PairCursor { position: from.position + told.len() as u64, ..from }))
    }
    async fn pair(&self, key: PairKey) -> StoreResult<Option<Versioned<Pair>>> {
        Ok(self.1.lock().await.pairs.iter().find(|(_, pair)| pair.key == key).map(versioned))
    }
    async fn pair_by_request(&self, id: FriendRequestId) -> StoreResult<Option<Versioned<Pair>>> {
        let waits = |row: &&(Version, Pair)| row.1.friend_request.as_ref().is_some_and(|request| request.id == id);
        Ok(self.1.lock().await.pairs.iter().find(waits).map(versioned))
    }
    async fn list_pairs(&self, member: MemberId, list: PairList, page: Page) -> StoreResult<Vec<Pair>> {
        Ok(paged(self.1.lock().await.list(member, list), page).into_iter().cloned().collect())
    }
    async fn listed(&self, member: MemberId, list: PairList) -> StoreResult<Vec<MemberId>> {
        Ok(self.1.lock().await.list(member, list).map(|(_, _, pair)| pair.key.other(member)).collect())
    }
    async fn was_served(&self, viewer: MemberId, candidate: MemberId) -> StoreResult<bool> {
        Ok(self.1.lock().await.served.iter().any(|row| (row.viewer, row.candidate) == (viewer, candidate)))
    }
    async fn impressions(&self, after: Option<(MemberId, MemberId)>, limit: usize) -> StoreResult<Vec<Impression>> {
        let mut served = self.1.lock().await.served.clone();
        served.retain(|row| after.is_none_or(|after| (row.viewer, row.candidate) > after));
        served.sort_by_key(|row| (row.viewer, row.candidate));
        served.truncate(limit);
        Ok(served)
    }
    async fn shown_to(&self, candidates: &[MemberId], most: usize) -> StoreResult<Vec<(MemberId, u64)>> {
        let state = self.1.lock().await;
        let count = |who| state.served.iter().filter(|row| row.candidate == who).take(most).count() as u64;
        Ok(candidates.iter().map(|who| (*who, count(*who))).collect())
    }
    async fn picks(&self, member: MemberId, day: i32) -> StoreResult<Vec<MemberId>> {
        let state = self.1.lock().await;
        Ok(state.picks.iter().filter(|pick| (pick.0, pick.1) == (member, day)).map(|pick| pick.2).collect())
    }
    async fn room(&self, id: RoomId) -> StoreResult<Option<Versioned<Room>>> {
        Ok(self.1.lock().await.rooms.iter().find(|(_, room)| room.id == id).map(versioned))
    }
    async fn room_overview(&self, viewer: MemberId, id: RoomId) -> StoreResult<Option<RoomOverview>> {
        let state = self.1.lock().await;
        Ok(state.rooms.iter().find(|(_, room)| room.id == id).and_then(|(_, room)| state.overview(viewer, room)))
    }
    async fn list_rooms(&self, viewer: MemberId, page: Page) -> StoreResult<Vec<RoomOverview>> {
        let state = self.1.lock().await;
        let rooms = state.rooms.iter().filter_map(|(_, room)| state.overview(viewer, room));
        Ok(paged(rooms.map(|seen| (seen.activity(), seen.room.id.value(), seen)), page))
    }
    async fn messages(
        &self,
        room: RoomId,
        range: MessageRange,
        limit: usize,
        viewer: Option<MemberId>,
    ) -> StoreResult<Vec<Message>> {
        let state = self.1.lock().await;
        let is_hidden = |it: &Message| viewer.is_some_and(|viewer| state.hidden.contains(&(room, viewer, it.seq)));
        let said = state.said(room).filter(|message| !is_hidden(message));
        let mut part: Vec<_> = match range {
            MessageRange::After(seq) => said.filter(|message| message.seq > seq).take(limit).cloned().collect(),
            MessageRange::Before(seq) => said.rev().filter(|message| message.seq < seq).take(limit).cloned().collect(),
        };
        part.sort_by_key(|message| message.seq);
        Ok(part)
    }
    async fn rooms_moved(&self, known: &[(RoomId, u64)]) -> StoreResult<Vec<RoomState>> {
        let state = self.1.lock().await;
        let state_of = |(version, room): &(Version, Room)| {
            let reads = [room.pair.low, room.pair.high].map(|member| state.mark(room.id, member));
            RoomState::of(room.clone(), *version, reads)
        };
        let moved = |now: &RoomState| known.iter().any(|(id, moves)| *id == now.room.id && *moves != now.moves);
        Ok(state.rooms.iter().map(state_of).filter(moved).collect())
    }
    async fn news(&self, since: &[Since], limit: usize) -> StoreResult<Vec<Message>> {
        let state = self.1.lock().await;
        let mut since = since.to_vec();
        since.sort_by_key(|since| since.room);
        let news_of = |since: &Since| {
            let Since { room, seq, revision } = *since;
            state.said(room).filter(move |it| it.seq > seq || revision.is_some() && it.unsent > revision).take(limit)
        };
        Ok(since.iter().flat_map(news_of).cloned().collect())
    }
    async fn rooms_opened(&self, cursor: u64) -> StoreResult<(Vec<(RoomId, PairKey)>, u64)> {
        let state = self.1.lock().await;
        let next = state.openings.len() as u64 + 1;
        let told = usize::try_from(if cursor == 0 { next } else { cursor }).unwrap_or(usize::MAX) - 1;
        let opened: BTreeSet<_> = state.openings.iter().skip(told).collect();
        let open = state.rooms.iter().filter(|(_, room)| opened.contains(&room.id) && room.closed_at.is_none());
        Ok((open.map(|(_, room)| (room.id, room.pair)).collect(), next))
    }
    async fn ticket(&self, hash: &str) -> StoreResult<Option<Ticket>> {
        Ok(self.1.lock().await.tickets.iter().find(|ticket| ticket.hash == hash).cloned())
    }
    async fn epoch(&self) -> StoreResult<u64> {
        Ok(self.1.lock().await.epoch)
    }
    async fn open_report(&self, reporter: MemberId, subject: MemberId) -> StoreResult<Option<Versioned<Report>>> {
        Ok(self.1.lock().await.open_report(reporter, subject).map(versioned))
    }
    async fn job(&self, id: JobId) -> StoreResult<Option<Versioned<Job>>> {
        Ok(self.1.lock().await.jobs.iter().find(|it| it.1.id == id).map(versioned))
    }
    async fn due_jobs(&self, kinds: &[&str], now: Timestamp, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        let is_due = |job: &Job| job.run_at <= now && job.dead_at.is_none() && kinds.contains(&job.task.kind());
        let mut due: Vec<_> = self.1.lock().await.jobs.iter().filter(|it| is_due(&it.1)).map(versioned).collect();
        due.sort_by_key(|row| row.value.run_at);
        due.truncate(limit);
        Ok(due)
    }
    async fn dead_jobs(&self, after: Option<JobId>, limit: usize) -> StoreResult<Vec<Versioned<Job>>> {
        let is_dead = |job: &Job| job.dead_at.is_some() && Some(job.id) > after;
        let mut dead: Vec<_> = self.1.lock().await.jobs.iter().filter(|it| is_dead(&it.1)).map(versioned).collect();
        dead.sort_by_key(|row| row.value.id);
        dead.truncate(limit);
        Ok(dead)
    }
    async fn events(&self, after: u64, limit: usize) -> StoreResult<Vec<StoredEvent>> {
        let stored = |(number, event): (&u64, &Event)| StoredEvent { number: *number, event: event.clone() };
        Ok(self.1.lock().await.events.range(after.saturating_add(1)..).take(limit).map(stored).collect())
    }
    async fn made(&self, member: MemberId, errand: Errand, other: Option<MemberId>) -> StoreResult<Vec<Made>> {
        let state = self.1.lock().await;
        let mine = state.made.iter().filter(|made| (made.member, made.errand) == (member, errand));
        Ok(mine.filter(|made| other.is_none() || made.other == other).cloned().collect())
    }
    async fn calls(&self, member: MemberId, limit: usize) -> StoreResult<Vec<Call>> {
        let mut calls: Vec<Call> =
            self.1.lock().await.calls.iter().filter(|call| call.member == member).cloned().collect();
        calls.sort_by_key(|call| Reverse((call.at, call.id)));
        calls.truncate(limit);
        Ok(calls)
    }
    async fn findings(&self, member: MemberId, subject: Subject) -> StoreResult<Vec<Finding>> {
        let state = self.1.lock().await;
        let mine = state.findings.iter().filter(|found| (found.member, found.subject) == (member, subject));
        Ok(mine.cloned().collect())
    }
    async fn flagged(&self, page: Page) -> StoreResult<Vec<Finding>> {
        let place = |found: &Finding| (found.at, found.id.value());
        let mut flagged = self.1.lock().await.findings.clone();
        flagged.retain(|found| !found.flags.is_empty());
        flagged.retain(|found| page.before.is_none_or(|before| place(found) < (before.at, before.id)));
        flagged.sort_by_key(|found| Reverse(place(found)));
        flagged.truncate(page.limit);
        Ok(flagged)
    }
    async fn health(&self) -> StoreResult<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join("own_store.json");
    let first = gpting_core::Gpting::builder(open(path.clone())?).build().await?;
    let me = first.members().ensure(HostId::from("user-42")).await?;
    let reopened = open(path)?.member_by_host(&HostId::from("user-42")).await?;
    assert_eq!(reopened.map(|row| row.value.id), Some(me), "remembered beyond the store that was told");
    Ok(())
}

#[cfg(test)]
mod tests {
    async fn fresh() -> (std::sync::Arc<super::JsonStore>, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (super::open(folder.path().join("store.json")).unwrap().into(), folder)
    }

    gpting_core::store_contract!(fresh);
}
