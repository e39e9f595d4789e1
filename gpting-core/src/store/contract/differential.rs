//! Random works, done by the store under test and by the [`MemoryStore`]: both must answer every commit and every
//! read alike.
//!
//! The works are drawn from a seed and aim at few rows, so that they meet: right and wrong versions, taken names,
//! resends, closed rooms, erased people. They keep to what the port defines: pairs, rooms and messages are between
//! members who are there, and a work that sends with a `client_msg_id` does not also close the room.

use std::collections::{BTreeMap, BTreeSet};

use super::samples::{
    KINDS, Transcript, at, call, decision, exposure, finding, job, joined, key, made, matched, member, member_id,
    message, put_member, put_pair, put_report, report, request, resend_id, room_id,
};
use crate::assist::{Errand, Finding, Flag, Subject};
use crate::chat::{NewMessage, Room, Since};
use crate::id::{HostId, MemberId, MessageId, PhotoId};
use crate::interaction::{DecisionKind, MatchState, Pair, PairList, Side, Stance};
use crate::matching::exposure::Shown;
use crate::rng::{Rng, SeededRng};
use crate::store::{
    Before, Change, Expect, FeedCursor, FeedEntry, MemoryStore, MessageRange, Page, Store, Version, Versioned, Work,
};

/// How many works one run does.
const WORKS: u32 = 300;
/// After how many works everything is read and compared.
const COMPARED_EVERY: u32 = 20;
/// How many members are there at a time.
const PEOPLE: usize = 6;
/// How many host ids, source keys, jobs and reports are fought over.
const NAMES: u32 = 4;

/// The store behaves as the memory store does, on one random path.
pub async fn random_works_one(store: &dyn Store) {
    differential(store, 1).await;
}

/// The store behaves as the memory store does, on another random path.
pub async fn random_works_two(store: &dyn Store) {
    differential(store, 2).await;
}

/// The store behaves as the memory store does, on a third random path.
pub async fn random_works_three(store: &dyn Store) {
    differential(store, 3).await;
}

/// Does a few hundred random works, the same for the same seed, on a fresh store and on a [`MemoryStore`].
pub async fn differential(store: &dyn Store, seed: u64) {
    let mut run = Run {
        twin: MemoryStore::default(),
        rng: SeededRng::new(seed),
        people: Vec::new(),
        rooms: BTreeMap::new(),
        reports: BTreeMap::new(),
        everybody: BTreeSet::new(),
        next: 100,
    };
    for step in 1..=WORKS {
        let work = run.work().await;
        let dropped = if run.chance(5) { run.rng.below(4) as usize } else { 0 };
        let theirs = store.commit(drop_oldest(store, work.clone(), dropped).await).await;
        let ours = run.twin.commit(drop_oldest(&run.twin, work.clone(), dropped).await).await;
        match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => assert_eq!(theirs, ours, "seed {seed}, work {step}: {work:?}"),
            (Err(_), Err(_)) => {}
            _ => panic!("seed {seed}, work {step}: {theirs:?} instead of {ours:?} for {work:?}"),
        }
        if ours.is_ok() {
            run.follow(&work);
        }
        if step % COMPARED_EVERY == 0 || step == WORKS {
            let (theirs, ours) = (run.everything(store).await, run.everything(&run.twin).await);
            for (theirs, ours) in theirs.lines().zip(ours.lines()) {
                assert_eq!(theirs, ours, "seed {seed}, after work {step}");
            }
            assert_eq!(theirs.len(), ours.len(), "seed {seed}, after work {step}");
        }
    }
}

/// Adds the dropping of the oldest events, whose numbers each store gives itself.
async fn drop_oldest(store: &dyn Store, work: Work, how_many: usize) -> Work {
    let oldest = store.events(0, how_many).await.expect("events");
    work.change(Change::DropEvents(oldest.iter().map(|event| event.number).collect()))
}

/// One run: the twin, and what the drawing of works has to know.
struct Run {
    twin: MemoryStore,
    rng: SeededRng,
    /// Who is there.
    people: Vec<i64>,
    /// Which rooms were opened, and for whom.
    rooms: BTreeMap<i64, (i64, i64)>,
    /// Versions of the reports, which the port does not read by id.
    reports: BTreeMap<i64, (Version, i64, i64)>,
    /// Who was ever there, tombstones included.
    everybody: BTreeSet<MemberId>,
    /// The next unused id.
    next: i64,
}

impl Run {
    fn chance(&self, percent: u32) -> bool {
        self.rng.below(100) < percent
    }

    fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    fn seconds(&self) -> i64 {
        i64::from(self.rng.below(5))
    }

    fn one_of(&self, people: &[i64]) -> i64 {
        people[self.rng.below(u32::try_from(people.len()).expect("few people")) as usize]
    }

    /// Two different people who are there.
    fn two(&self) -> (i64, i64) {
        let first = self.one_of(&self.people);
        let others: Vec<i64> = self.people.iter().copied().filter(|n| *n != first).collect();
        (first, self.one_of(&others))
    }

    /// What a change expects: mostly what is true.
    fn expect<T>(&self, row: Option<&Versioned<T>>) -> Expect {
        if self.chance(92) { Expect::of(row) } else { Expect::Version(u64::from(self.rng.below(3)) + 1) }
    }

    /// Random work on the twin's present state.
    async fn work(&mut self) -> Work {
        if self.people.len() < PEOPLE {
            let n = self.fresh();
            return Work::new().change(self.put_person(n).await).event(joined(n));
        }
        if self.chance(3) {
            let member = member_id(self.one_of(&self.people));
            let tombstone = member_id(self.fresh());
            return Work::new().change(Change::Erase { member, tombstone });
        }
        let mut work = Work::new();
        let mut touched = BTreeSet::new();
        for _ in 0..=self.rng.below(3) {
            // A row twice in one work would need a version that nobody has read.
            let change = self.change().await;
            if touched.insert(row_of(&change)) {
                work = work.change(change);
            }
        }
        if self.chance(30) { work.event(joined(self.seconds() + 1)) } else { work }
    }

    fn shown(&mut self, candidate: i64) -> Shown {
        let position = self.rng.below(20);
        let exposure = self.chance(70).then(|| exposure(position));
        Shown { candidate: member_id(candidate), exposure }
    }

    async fn change(&mut self) -> Change {
        let (a, b) = self.two();
        match self.rng.below(11) {
            10 => self.assist(a, b).await,
            0 => self.put_person(a).await,
            1 | 2 => {
                let row = self.twin.pair(key(a, b)).await.expect("pair");
                put_pair(self.pair(a, b), self.expect(row.as_ref()))
            }
            3 => self.put_room(a, b).await,
            4 | 5 => self.append(),
            6 => self.touch(),
            7 => Change::Serve { viewer: member_id(a), candidates: vec![self.shown(b)], at: at(self.seconds()) },
            8 => self.put_report(a, b),
            _ => self.job().await,
        }
    }

    async fn put_person(&mut self, n: i64) -> Change {
        let row = self.twin.members(&[member_id(n)]).await.expect("members").pop();
        let mut person = row.as_ref().map_or_else(|| member(n), |row| row.value.clone());
        let name = |run: &Self| run.chance(40).then(|| format!("name {}", run.rng.below(NAMES)));
        person.host = name(self).map(HostId::new);
        person.source = name(self);
        person.profile.bio = format!("bio {}", self.fresh());
        put_member(person, self.expect(row.as_ref()))
    }

    fn pair(&mut self, a: i64, b: i64) -> Pair {
        let mut pair = if self.chance(30) { matched(key(a, b), self.seconds()) } else { Pair::strangers(key(a, b)) };
        let stance = |run: &Self| match run.rng.below(4) {
            0 => decision(DecisionKind::Like, run.seconds()),
            1 => decision(DecisionKind::Pass, run.seconds()),
            2 if run.chance(30) => Stance { blocked_at: Some(at(run.seconds())), ..Stance::default() },
            _ => Stance::default(),
        };
        (pair.low, pair.high) = (stance(self), stance(self));
        match self.rng.below(6) {
            0 => {
                let id = self.fresh();
                pair.friend_request = Some(request(id, Side::Low, self.seconds()));
            }
            1 => pair.friends_since = Some(at(self.seconds())),
            2 => pair.match_state = MatchState::Unmatched { at: at(self.seconds()) },
            _ => {}
        }
        pair
    }

    async fn put_room(&mut self, a: i64, b: i64) -> Change {
        let known = self.rooms.iter().find(|(_, (low, high))| key(*low, *high) == key(a, b)).map(|(room, _)| *room);
        let id = known.unwrap_or_else(|| self.fresh());
        let row = self.twin.room(room_id(id)).await.expect("room");
        let mut room = row.as_ref().map_or_else(|| Room::open(room_id(id), key(a, b), at(0)), |row| row.value.clone());
        room.created_at = at(self.seconds());
        room.closed_at = self.chance(25).then(|| at(self.seconds()));
        if self.chance(40) {
            room.hidden_through = room.last_seq;
        }
        Change::PutRoom(room, self.expect(row.as_ref()))
    }

    /// A room, mostly one that is there, and one of the people in it.
    fn seat(&self) -> (i64, i64) {
        let rooms: Vec<_> = self.rooms.iter().collect();
        if rooms.is_empty() {
            return (1, self.people[0]);
        }
        let (room, (a, b)) = rooms[self.rng.below(u32::try_from(rooms.len()).expect("few rooms")) as usize];
        let here: Vec<i64> = [*a, *b].into_iter().filter(|n| self.people.contains(n)).collect();
        if here.is_empty() { (1, self.people[0]) } else { (*room, self.one_of(&here)) }
    }

    /// What a participant does with messages that are there.
    fn touch(&self) -> Change {
        let (room, member) = self.seat();
        let (room, member, seq) = (room_id(room), member_id(member), u64::from(self.rng.below(12)));
        match self.rng.below(6) {
            0 => Change::Unsend { room, sender: member, seq },
            1 => Change::Hide { room, member, seq },
            2 => Change::Mute { room, member, muted: self.chance(50) },
            _ => Change::MarkRead { room, member, seq, shown: self.chance(70) },
        }
    }

    fn append(&mut self) -> Change {
        let (room, sender) = self.seat();
        let n = self.fresh();
        Change::Append(NewMessage {
            id: MessageId::new(n).expect("a small positive number"),
            client_msg_id: self.chance(40).then(|| resend_id(u128::from(self.rng.below(3)))),
            ..message(room, sender, self.seconds(), &format!("text {n}"))
        })
    }

    /// A report of `a` about `b`; one who has an open case adds to it.
    fn put_report(&mut self, a: i64, b: i64) -> Change {
        if self.chance(10) {
            return Change::DropReports { before: at(1000 + self.next - 20) };
        }
        let known = self.reports.iter().find(|(_, (_, reporter, subject))| (*reporter, *subject) == (a, b));
        match known {
            Some((id, (version, ..))) => put_report(report(*id, a, b), Expect::Version(*version)),
            None => put_report(report(self.fresh(), a, b), Expect::New),
        }
    }

    /// What models make and cost, and what is only to be kept while somebody is as they were.
    async fn assist(&mut self, a: i64, b: i64) -> Change {
        match self.rng.below(9) {
            0 => Change::DropMade { member: member_id(a) },
            1 => {
                let row = self.twin.members(&[member_id(a)]).await.expect("members").pop();
                let version = row.map_or(1, |row| row.version) + u64::from(self.chance(20));
                Change::Require { member: member_id(a), version }
            }
            2 => Change::NoteCall(call(self.fresh(), a, self.seconds())),
            3 => Change::DropFindings { member: member_id(a), subject: self.subject() },
            4 => Change::ForgetFindings { member: member_id(a), aspect: self.subject().aspect() },
            5 | 6 => {
                let n = self.fresh();
                let content = format!("content {}", self.rng.below(2));
                let flags = self.chance(60).then_some((Flag::Scam, 70)).into_iter().collect();
                let subject = self.subject();
                Change::PutFinding(Box::new(Finding { subject, content, flags, ..finding(n, a, self.seconds()) }))
            }
            _ => Change::KeepMade(Box::new(made(a, self.chance(70).then_some(b), self.seconds()))),
        }
    }

    /// A text, a picture, or a first message in a room that is there.
    fn subject(&self) -> Subject {
        match self.rng.below(3) {
            0 => Subject::Bio,
            1 => Subject::Photo(PhotoId::new(i64::from(self.rng.below(2)) + 1).expect("a small positive number")),
            _ => Subject::FirstMessage(room_id(self.seat().0)),
        }
    }

    async fn job(&mut self) -> Change {
        let rows = self.twin.due_jobs(&KINDS, at(1_000_000), 100).await.expect("jobs");
        let n = i64::from(self.rng.below(NAMES)) + 1;
        let row = rows.iter().find(|row| row.value.id == job(n, 0).id);
        if self.chance(30) {
            let version = row.map_or(1, |row| row.version) + u64::from(self.chance(20));
            return Change::DeleteJob(job(n, 0).id, version);
        }
        // No two jobs are due at the same time: their order would be the store's own.
        let expect = self.expect(row);
        let due = self.fresh();
        Change::PutJob(job(n, due), expect)
    }

    /// Keeps up with a work that was done.
    fn follow(&mut self, work: &Work) {
        for change in &work.changes {
            match change {
                Change::PutMember(member, _) if !self.people.contains(&member.id.value()) => {
                    self.people.push(member.id.value());
                    self.everybody.insert(member.id);
                }
                Change::PutRoom(room, Expect::New) => {
                    self.rooms.insert(room.id.value(), (room.pair.low.value(), room.pair.high.value()));
                }
                Change::Erase { member, tombstone } => {
                    self.people.retain(|n| *n != member.value());
                    self.everybody.insert(*tombstone);
                    self.reports.retain(|_, (_, reporter, _)| *reporter != member.value());
                }
                Change::PutReport(report, _) => {
                    let parties = (report.reporter.value(), report.subject.value());
                    let row = self.reports.entry(report.id.value()).or_insert((0, parties.0, parties.1));
                    row.0 += 1;
                }
                Change::DropReports { before } => {
                    self.reports.retain(|id, (_, a, b)| report(*id, *a, *b).keep_until >= *before);
                }
                Change::PutMember(..)
                | Change::PutPair(..)
                | Change::PutRoom(..)
                | Change::Append(_)
                | Change::MarkRead { .. }
                | Change::Unsend { .. }
                | Change::Hide { .. }
                | Change::Mute { .. }
                | Change::PutTicket(_)
                | Change::TakeTicket(_)
                | Change::Serve { .. }
                | Change::DropImpressions { .. }
                | Change::PutJob(..)
                | Change::DeleteJob(..)
                | Change::Take { .. }
                | Change::GiveBack(_)
                | Change::Sweep { .. }
                | Change::LeaveMark(_)
                | Change::PutPicks { .. }
                | Change::ClearPicks { .. }
                | Change::Require { .. }
                | Change::KeepMade(_)
                | Change::DropMade { .. }
                | Change::PutFinding(_)
                | Change::DropFindings { .. }
                | Change::ForgetFindings { .. }
                | Change::NoteCall(_)
                | Change::DropEvents(_) => {}
            }
        }
    }

    /// Everything that can be read, a line per read.
    async fn everything(&self, store: &dyn Store) -> String {
        let mut read = Transcript::default();
        let everybody: Vec<MemberId> = self.everybody.iter().copied().collect();
        let mut members = store.members(&everybody).await.expect("members");
        members.sort_by_key(|row| row.value.id);
        read.add(&members);
        for name in (0..NAMES).map(|n| format!("name {n}")) {
            read.add(&store.member_by_host(&HostId::new(name.clone())).await.expect("member"));
            read.add(&store.members_by_source(&[name]).await.expect("members"));
        }
        read.add(&present(store).await);
        read.add(&store.impressions(None, 1_000).await.expect("impressions"));
        for viewer in &everybody {
            self.read_one(store, *viewer, &mut read).await;
        }
        for before in [None, Some(Before { at: at(2), id: self.next / 2 })] {
            read.add(&store.flagged(Page { before, limit: 5 }).await.expect("findings"));
        }
        for room in self.rooms.keys().map(|room| room_id(*room)) {
            read.add(&store.room(room).await.expect("room"));
            for range in [MessageRange::After(2), MessageRange::Before(6), MessageRange::Before(u64::MAX)] {
                read.add(&store.messages(room, range, 4, None).await.expect("messages"));
            }
        }
        let known: Vec<_> = self.rooms.keys().map(|room| (room_id(*room), 0)).collect();
        let mut states = store.rooms_moved(&known).await.expect("rooms");
        states.sort_by_key(|state| state.room.id);
        read.add(&states);
        let since: Vec<_> = known.iter().map(|(room, _)| Since { room: *room, seq: 5, revision: Some(1) }).collect();
        read.add(&store.news(&since, 4).await.expect("news"));
        read.add(&store.due_jobs(&KINDS, at(self.next - 50), 3).await.expect("jobs"));
        let events = store.events(0, 1000).await.expect("events");
        read.add(&events.iter().map(|stored| &stored.event).collect::<Vec<_>>());
        read.0
    }

    /// What concerns one member.
    async fn read_one(&self, store: &dyn Store, viewer: MemberId, read: &mut Transcript) {
        read.add_lists(store, viewer.value()).await;
        read.add(&store.made(viewer, Errand::Order, None).await.expect("made"));
        read.add(&store.calls(viewer, 3).await.expect("calls"));
        for list in [PairList::Decided, PairList::Excluded] {
            let before = Before { at: at(2), id: self.next / 2 };
            let page = Page::after(before, 2);
            read.add(&store.list_pairs(viewer, list, page).await.expect("list"));
        }
        for page in [Page::first(2), Page::after(Before { at: at(2), id: self.next / 2 }, 2)] {
            read.add(&store.list_rooms(viewer, page).await.expect("rooms"));
        }
        for other in self.everybody.iter().filter(|other| **other != viewer) {
            let (a, b) = (viewer.value(), other.value());
            let pair = store.pair(key(a, b)).await.expect("pair");
            if let Some(waiting) = pair.as_ref().and_then(|row| row.value.friend_request.as_ref()) {
                read.add(&store.pair_by_request(waiting.id).await.expect("pair"));
            }
            let served = store.was_served(viewer, *other).await.expect("served");
            let report = store.open_report(viewer, *other).await.expect("report");
            read.add(&(a, b, served, pair, report));
        }
        let mut lately = store.served_since(viewer, at(2)).await.expect("served");
        lately.sort_unstable();
        read.add(&lately);
        read.add(&store.findings(viewer, Subject::Bio).await.expect("findings"));
        for room in self.rooms.keys().map(|room| room_id(*room)) {
            read.add(&store.findings(viewer, Subject::FirstMessage(room)).await.expect("findings"));
            read.add(&store.room_overview(viewer, room).await.expect("overview"));
            read.add(&store.messages(room, MessageRange::After(0), 9, Some(viewer)).await.expect("messages"));
        }
    }
}

/// Who is there and at which version, as the feed tells it from the start.
async fn present(store: &dyn Store) -> BTreeMap<MemberId, Version> {
    let mut told = BTreeMap::new();
    let mut cursor = FeedCursor::default();
    loop {
        let (entries, next) = store.members_changed(cursor, 7).await.expect("feed");
        if entries.is_empty() {
            return told;
        }
        cursor = next;
        for entry in entries {
            match entry {
                FeedEntry::Put(row) => told.insert(row.value.id, row.version),
                FeedEntry::Gone(id) => told.remove(&id),
            };
        }
    }
}

/// Which row a change is about.
fn row_of(change: &Change) -> String {
    match change {
        Change::PutMember(member, _) => format!("{:?}", member.id),
        Change::PutPair(pair, _) => format!("{:?}", pair.key),
        Change::PutRoom(room, _) => format!("{:?}", room.id),
        Change::Append(message) => format!("{:?}", message.room),
        Change::MarkRead { room, .. }
        | Change::Unsend { room, .. }
        | Change::Hide { room, .. }
        | Change::Mute { room, .. } => format!("{room:?}"),
        Change::PutReport(..) | Change::DropReports { .. } => "reports".to_owned(),
        Change::PutJob(job, _) => format!("{:?}", job.id),
        Change::DeleteJob(id, _) => format!("{id:?}"),
        Change::Take { .. } | Change::GiveBack(_) | Change::Sweep { .. } => "allowances".to_owned(),
        Change::PutPicks { .. } | Change::ClearPicks { .. } => "picks".to_owned(),
        Change::Require { member, .. } => format!("{member:?}"),
        Change::KeepMade(_) | Change::DropMade { .. } => "made".to_owned(),
        Change::PutFinding(_) | Change::DropFindings { .. } | Change::ForgetFindings { .. } => "findings".to_owned(),
        Change::NoteCall(call) => format!("{:?}", call.id),
        Change::Serve { .. }
        | Change::DropImpressions { .. }
        | Change::DropEvents(_)
        | Change::Erase { .. }
        | Change::LeaveMark(_)
        | Change::PutTicket(_)
        | Change::TakeTicket(_) => String::new(),
    }
}
