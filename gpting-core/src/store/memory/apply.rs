//! Applying one unit of work.

use jiff::Timestamp;

use super::super::{Appended, Change, Committed, StoreError, StoreResult, Unique, Versioned, Work};
use super::{State, put};
use crate::assist::{Aspect, Finding, Subject};
use crate::chat::ticket::TICKET_TTL;
use crate::chat::{NewMessage, Room};
use crate::id::{MemberId, RoomId};
use crate::interaction::{Pair, PairKey};
use crate::matching::exposure::{Impression, Shown};
use crate::profile::Member;
use crate::safety::Report;
use crate::store::Expect;

impl State {
    /// Does all of the work; the caller drops the state when a change fails.
    pub(super) fn apply(&mut self, work: Work) -> StoreResult<Committed> {
        let mut committed = Committed::default();
        for change in work.changes {
            match change {
                Change::PutMember(member, expect) => self.put_member(*member, expect)?,
                Change::PutPair(pair, expect) => self.put_pair(*pair, expect)?,
                Change::PutRoom(room, expect) => self.put_room(room, expect)?,
                Change::Append(message) => committed.appended.push(self.append(message)?),
                Change::MarkRead { room, member, seq, shown } => self.mark_read(room, member, seq, shown),
                Change::Unsend { room, sender, seq } => self.unsend(room, sender, seq)?,
                Change::Hide { room, member, seq } => {
                    if self.rooms.get(&room).is_some_and(|row| row.value.has(member) && seq <= row.value.last_seq) {
                        self.hidden.insert((room, member, seq));
                    }
                }
                Change::Mute { room, member, muted } => self.mute(room, member, muted),
                Change::PutTicket(ticket) => {
                    let made = ticket.expires_at - TICKET_TTL;
                    self.tickets.retain(|_, other| other.expires_at > made);
                    self.tickets.insert(ticket.hash.clone(), ticket);
                }
                Change::TakeTicket(hash) => {
                    self.tickets.remove(&hash).ok_or(StoreError::Stale)?;
                }
                Change::Serve { viewer, candidates, at } => {
                    for shown in Shown::each_once(&candidates) {
                        self.show(viewer, shown, at);
                    }
                }
                Change::DropImpressions { from, to, before } => {
                    let is_kept = |viewer: MemberId, last_at| viewer < from || viewer > to || last_at >= before;
                    self.served.retain(|(viewer, _), row| is_kept(*viewer, row.last_at));
                }
                Change::PutPicks { day, pairs } => {
                    self.picks
                        .extend(pairs.iter().flat_map(|key| [(key.low, day, key.high), (key.high, day, key.low)]));
                }
                Change::ClearPicks { day } => self.picks.retain(|(_, of, _)| *of > day || *of == day - 1),
                Change::PutReport(report, expect) => self.put_report(*report, expect)?,
                Change::PutJob(job, expect) => {
                    put(&mut self.jobs, job.id, job, expect)?;
                }
                Change::DeleteJob(id, version) => {
                    if self.jobs.remove(&id).is_none_or(|row| row.version != version) {
                        return Err(StoreError::Stale);
                    }
                }
                Change::Take { claims, now } => {
                    for claim in claims {
                        let full_at = claim.take(self.allowances.get(&claim.key()).copied(), now);
                        let full_at = full_at.map_err(|wait| StoreError::Spent { wait })?;
                        self.allowances.insert(claim.key(), full_at);
                        let left = claim.left(full_at, now);
                        committed.left = Some(committed.left.map_or(left, |before: u64| before.min(left)));
                    }
                }
                Change::GiveBack(claims) => {
                    for claim in claims {
                        if let Some(full_at) = self.allowances.get_mut(&claim.key()) {
                            *full_at = full_at.saturating_sub(claim.cost_micros());
                        }
                    }
                }
                Change::Sweep { now } => self.sweep(now),
                Change::Require { member, version } => {
                    if self.members.get(&member).is_none_or(|row| row.version != version) {
                        return Err(StoreError::Stale);
                    }
                }
                Change::KeepMade(made) => {
                    self.made.insert((made.member, made.errand, made.other), *made);
                }
                Change::DropMade { member } => self.drop_made(member),
                Change::NoteCall(call) => {
                    self.calls.insert(call.id, call);
                }
                Change::PutFinding(found) => self.put_finding(*found)?,
                Change::DropFindings { member, subject } => {
                    self.findings.retain(|(whose, of, _), _| (*whose, *of) != (member, subject));
                }
                Change::ForgetFindings { member, aspect } => self.forget_findings(member, aspect),
                Change::DropEvents(numbers) => self.events.retain(|number, _| !numbers.contains(number)),
                Change::Erase { member, tombstone } => self.erase(member, tombstone),
                Change::DropReports { before } => self.reports.retain(|_, row| row.value.keep_until >= before),
                Change::LeaveMark(mark) => {
                    self.marks.insert(mark);
                }
            }
        }
        for event in work.events {
            self.event_number += 1;
            self.events.insert(self.event_number, event);
        }
        Ok(committed)
    }

    fn mute(&mut self, room: RoomId, member: MemberId, muted: bool) {
        let key = (room, member);
        if !self.rooms.get(&room).is_some_and(|row| row.value.has(member)) {
            return;
        }
        if muted {
            self.muted.insert(key);
        } else {
            self.muted.remove(&key);
        }
    }

    fn put_report(&mut self, report: Report, expect: Expect) -> StoreResult<()> {
        let same = |other: &Report| (other.reporter, other.subject) == (report.reporter, report.subject);
        let open = |other: &Report| other.closed_at.is_none() && other.id != report.id && same(other);
        if report.closed_at.is_none() && self.reports.values().any(|row| open(&row.value)) {
            return Err(StoreError::Stale);
        }
        put(&mut self.reports, report.id, report, expect).map(drop)
    }

    fn put_member(&mut self, member: Member, expect: Expect) -> StoreResult<()> {
        let taken = |what: Unique, same: &dyn Fn(&Member) -> bool| {
            let other = self.members.values().any(|row| row.value.id != member.id && same(&row.value));
            if other { Err(StoreError::Conflict { what }) } else { Ok(()) }
        };
        if member.host.is_some() {
            taken(Unique::Host, &|other| other.host == member.host)?;
        }
        if member.source.is_some() {
            taken(Unique::Source, &|other| other.source == member.source)?;
        }
        let id = member.id;
        put(&mut self.members, id, member, expect)?;
        self.note(id);
        Ok(())
    }

    /// Moves a member to the end of the feed.
    fn note(&mut self, id: MemberId) {
        self.position += 1;
        if let Some(old) = self.changed.insert(id, self.position) {
            self.feed.remove(&old);
        }
        self.feed.insert(self.position, id);
    }

    fn put_pair(&mut self, pair: Pair, expect: Expect) -> StoreResult<()> {
        let key = pair.key;
        put(&mut self.pairs, key, pair, expect)?;
        self.position += 1;
        if let Some(old) = self.pair_changed.insert(key, self.position) {
            self.pair_feed.remove(&old);
        }
        self.pair_feed.insert(self.position, key);
        self.neighbours.insert((key.low, key.high));
        self.neighbours.insert((key.high, key.low));
        Ok(())
    }

    fn show(&mut self, viewer: MemberId, shown: Shown, at: Timestamp) {
        let Shown { candidate, exposure } = shown;
        let first = Impression { viewer, candidate, first_at: at, last_at: at, shows: 0, exposure };
        let row = self.served.entry((viewer, candidate)).or_insert(first);
        row.last_at = row.last_at.max(at);
        row.shows += 1;
        row.exposure = exposure;
    }

    fn put_room(&mut self, mut room: Room, expect: Expect) -> StoreResult<()> {
        let present = self.rooms.get(&room.id).map(|row| &row.value);
        let was_open = present.is_some_and(|present| present.closed_at.is_none());
        (room.last_seq, room.revision) = present.map_or((0, 0), |present| (present.last_seq, present.revision));
        let (id, is_open) = (room.id, room.closed_at.is_none());
        put(&mut self.rooms, id, room, expect)?;
        if is_open && !was_open {
            self.openings += 1;
            self.opened.insert(id, self.openings);
        }
        Ok(())
    }

    fn append(&mut self, message: NewMessage) -> StoreResult<Appended> {
        let (id, sender) = (message.room, message.sender);
        let open = |room: &&mut Versioned<Room>| room.value.closed_at.is_none() && room.value.has(sender);
        let room = self.rooms.get_mut(&id).filter(open).ok_or(StoreError::Stale)?;
        let key = message.client_msg_id.map(|client| (id, sender, client));
        if let Some(seq) = key.and_then(|key| self.sent.get(&key)) {
            let old = self.messages.get(&(id, *seq)).ok_or(StoreError::Stale)?;
            return Ok(Appended { message: old.clone(), replayed: true });
        }
        room.value.last_seq += 1;
        room.version += 1;
        let seq = room.value.last_seq;
        let stored = message.at_seq(seq);
        self.messages.insert((id, seq), stored.clone());
        if let Some(key) = key {
            self.sent.insert(key, seq);
        }
        self.mark_read(id, sender, seq, true);
        Ok(Appended { message: stored, replayed: false })
    }

    fn mark_read(&mut self, room: RoomId, member: MemberId, seq: u64, shown: bool) {
        let Some(found) = self.rooms.get(&room).filter(|found| found.value.has(member)) else { return };
        let mark = self.reads.entry((room, member)).or_default();
        let seq = seq.min(found.value.last_seq);
        mark.seq = mark.seq.max(seq);
        if shown {
            mark.shown = mark.shown.max(seq);
        }
    }

    fn unsend(&mut self, id: RoomId, sender: MemberId, seq: u64) -> StoreResult<()> {
        let message = self.messages.get_mut(&(id, seq)).filter(|message| message.sender == sender);
        let message = message.ok_or(StoreError::Stale)?;
        if message.unsent.is_none() {
            let room = self.rooms.get_mut(&id).ok_or(StoreError::Stale)?;
            room.version += 1;
            room.value.revision += 1;
            message.unsent = Some(room.value.revision);
            message.text.clear();
        }
        Ok(())
    }

    fn sweep(&mut self, now: Timestamp) {
        self.allowances.retain(|_, full_at| *full_at > now.as_microsecond());
        self.made.retain(|_, made| made.keep_until > now);
        self.calls.retain(|_, call| call.keep_until > now);
        self.findings.retain(|_, found| found.keep_until > now);
    }

    fn put_finding(&mut self, found: Finding) -> StoreResult<()> {
        let key = (found.member, found.subject, found.by);
        let same = |known: &Finding| (&known.name, &known.content) == (&found.name, &found.content);
        if self.findings.get(&key).is_some_and(same) {
            return Err(StoreError::Stale);
        }
        self.findings.insert(key, found);
        Ok(())
    }

    fn forget_findings(&mut self, member: MemberId, aspect: Aspect) {
        let rooms = &self.rooms;
        let is_theirs = |whose: MemberId, of: Subject| match of {
            Subject::FirstMessage(room) => rooms.get(&room).is_some_and(|row| row.value.has(member)),
            Subject::Bio | Subject::Photo(_) => whose == member,
        };
        self.findings
            .retain(|(whose, of, _), found| !(found.by_consent && of.aspect() == aspect && is_theirs(*whose, *of)));
    }

    fn drop_made(&mut self, member: MemberId) {
        self.made.retain(|(whose, _, other), _| *whose != member && *other != Some(member));
    }

    fn erase(&mut self, member: MemberId, tombstone: MemberId) {
        self.drop_made(member);
        self.findings.retain(|(whose, ..), _| *whose != member);
        for call in self.calls.values_mut().filter(|call| call.member == member) {
            call.member = tombstone;
        }
        if self.members.remove(&member).is_some() {
            self.note(member);
        }
        self.pairs.retain(|key, _| key.side(member).is_none());
        self.pair_feed.retain(|_, key| key.side(member).is_none());
        self.pair_changed.retain(|key, _| key.side(member).is_none());
        self.neighbours.retain(|(a, b)| *a != member && *b != member);
        self.served.retain(|(a, b), _| *a != member && *b != member);
        self.picks.retain(|(a, _, b)| *a != member && *b != member);
        self.reports.retain(|_, row| row.value.reporter != member);
        self.reads.retain(|(_, reader), _| *reader != member);
        self.muted.retain(|(_, who)| *who != member);
        self.hidden.retain(|(_, who, _)| *who != member);
        self.tickets.retain(|_, ticket| ticket.member != member);
        self.sent.retain(|(_, sender, _), _| *sender != member);
        let mut abandoned = Vec::new();
        for row in self.rooms.values_mut() {
            let room = &mut row.value;
            if !room.has(member) {
                continue;
            }
            let partner = room.pair.other(member);
            if self.members.contains_key(&partner) {
                // A pair of equal ids cannot be: the tombstone is drawn fresh.
                room.pair = PairKey::of(partner, tombstone).unwrap_or(room.pair);
                row.version += 1;
            } else {
                abandoned.push(room.id);
            }
        }
        for message in self.messages.values_mut().filter(|message| message.sender == member) {
            message.sender = tombstone;
            message.text.clear();
            message.client_msg_id = None;
        }
        for id in abandoned {
            self.rooms.remove(&id);
            self.messages.retain(|(room, _), _| *room != id);
            self.reads.retain(|(room, _), _| *room != id);
            self.muted.retain(|(room, _)| *room != id);
            self.hidden.retain(|(room, ..)| *room != id);
            self.opened.remove(&id);
            self.sent.retain(|(room, ..), _| *room != id);
        }
    }
}
