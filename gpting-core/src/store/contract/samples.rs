//! The people, pairs, rooms and works that the promises are tried on.
//!
//! Everything is a function of a small number, so that a failing test reads the same every time.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::assist::{Call, Derived, Embedding, Errand, Finding, Flag, Judge, Learned, Made, Outcome, Subject, Traits};
use crate::chat::{NewMessage, Room};
use crate::event::{Event, Fact};
use crate::id::{
    CallId, FindingId, FriendRequestId, HostId, JobId, MAX_ID, MemberId, MessageId, PhotoId, ReportId, RoomId,
};
use crate::interaction::{Decision, DecisionKind, FriendRequest, MatchState, Pair, PairKey, PairList, Side, Stance};
use crate::job::{Job, Task};
use crate::matching::Gender;
use crate::matching::exposure::{Exposure, Slot};
use crate::matching::ranker::Ranker;
use crate::profile::catalogue::AttributeValue;
use crate::profile::gazetteer::Gazetteer;
use crate::profile::place::Location;
use crate::profile::{
    Answer, AttributeWish, Importance, Member, Photo, PreferenceWeights, Preferences, Profile, Standing, WeightLevel,
    WishStrength,
};
use crate::safety::{Consent, Evidence, EvidenceMessage, Purpose, Report, ReportEntry, ReportReason};
use crate::store::{Appended, Change, Committed, Expect, Page, Store, StoreError, StoreResult, Unique, Work};

/// Texts that a careless store changes: emoji with joiners, Hangul composed and decomposed, quotes, odd spaces.
pub(super) const TEXTS: [&str; 8] = [
    "안녕하세요 👩‍👩‍👧‍👦🏳️‍🌈",
    "\u{ac00}\u{b098}",
    "\u{1100}\u{1161}\u{1102}\u{1161}",
    "'; DROP TABLE member; --\\\"\u{2028}",
    "  \t spaces around\r\n ",
    "\u{10ffff}\u{feff}\u{200b}",
    "%_?$1{}[]null",
    "\u{1}\u{7f}",
];

/// An instant: seconds after the beginning of the tests' time, with microseconds that a store must not cut.
pub(super) fn at(seconds: i64) -> Timestamp {
    let start = Timestamp::from_microsecond(1_767_225_600_123_457).expect("in range");
    start + SignedDuration::from_secs(seconds)
}

pub(super) fn member_id(n: i64) -> MemberId {
    MemberId::new(n).expect("a small positive number")
}

pub(super) fn room_id(n: i64) -> RoomId {
    RoomId::new(n).expect("a small positive number")
}

pub(super) fn key(a: i64, b: i64) -> PairKey {
    PairKey::of(member_id(a), member_id(b)).expect("two different members")
}

/// A member who has said nothing yet.
pub(super) fn member(n: i64) -> Member {
    Member {
        id: member_id(n),
        host: None,
        source: None,
        standing: Standing::Active,
        verified: false,
        created_at: at(n % 1000),
        last_active: at(n % 1000),
        profile: Profile { nickname: format!("member {n}"), ..Profile::default() },
        preferences: Preferences::default(),
        answers: BTreeMap::new(),
        consents: Vec::new(),
        derived: Derived::default(),
        visibility: crate::profile::Visibility::default(),
    }
}

/// A member with every field filled, at the edges of what the types hold.
pub(super) fn full_member(n: i64) -> Member {
    let last = Timestamp::from_microsecond(253_402_207_199_999_999).expect("the end of the year 9999");
    Member {
        id: member_id(n),
        host: Some(HostId::new(format!("host/{n}/{}", TEXTS[3]))),
        source: Some(format!("okcupid:{n}:{}", TEXTS[2])),
        standing: Standing::Erasing { since: at(7) },
        verified: true,
        created_at: Timestamp::from_microsecond(-1).expect("in range"),
        last_active: last,
        profile: Profile {
            nickname: TEXTS[0].to_owned(),
            gender: Some(Gender::O),
            birth_date: Some(date(1904, 2, 29)),
            bio: TEXTS.concat().repeat(200),
            photos: [1, MAX_ID].map(photo).to_vec(),
            interests: TEXTS.map(str::to_owned).to_vec(),
            attributes: [
                ("choice", AttributeValue::Choice(TEXTS[4].to_owned())),
                ("choices", AttributeValue::Choices(TEXTS.map(str::to_owned).to_vec())),
                ("no choice", AttributeValue::Choices(Vec::new())),
                ("least", AttributeValue::Number(i32::MIN)),
                ("most", AttributeValue::Number(i32::MAX)),
                ("digits", AttributeValue::Choice("7".to_owned())),
            ]
            .map(|(code, value)| (code.to_owned(), value))
            .into(),
            location: Some(location()),
        },
        preferences: Preferences {
            genders: vec!["F".to_owned(), "M".to_owned()],
            age_min: 18,
            age_max: 120,
            max_distance_km: Some(u16::MAX),
            attributes: [WishStrength::Must, WishStrength::Prefer, WishStrength::Avoid, WishStrength::Never]
                .map(|strength| AttributeWish {
                    attribute: "smoking".to_owned(),
                    values: vec!["never".to_owned(), "150..170".to_owned()],
                    strength,
                })
                .to_vec(),
            weights: PreferenceWeights {
                distance: WeightLevel::High,
                age: WeightLevel::Off,
                interests: WeightLevel::Low,
                questions: WeightLevel::High,
                attributes: WeightLevel::Normal,
            },
        },
        answers: Importance::ALL
            .map(|importance| Answer {
                choice: TEXTS[4].to_owned(),
                accepts: TEXTS.map(str::to_owned).to_vec(),
                importance,
                dealbreaker: importance == Importance::Very,
            })
            .into_iter()
            .zip(TEXTS.into_iter().cycle())
            .map(|(answer, text)| (format!("{text}{}", answer.importance.as_str()), answer))
            .collect(),
        consents: Purpose::ALL
            .map(|purpose| Consent {
                purpose,
                version: "2026-01".to_owned(),
                granted: purpose == Purpose::Terms,
                at: at(3),
                source: "sign_up".to_owned(),
            })
            .to_vec(),
        derived: derived(),
        visibility: crate::profile::Visibility::default(),
    }
}

/// Something of everything that can be derived of somebody.
pub(super) fn derived() -> Derived {
    let strengths =
        |codes: &[&str]| codes.iter().zip([-100, 100, 1]).map(|(code, n)| ((*code).to_owned(), n)).collect();
    let learned = |through| Learned { through, at: at(4), values: strengths(&["hiking", "style.calm", TEXTS[2]]) };
    Derived {
        profile: Some(Traits { content: "00ff".to_owned(), at: at(3), topics: strengths(&["wine"]) }),
        rooms: [(room_id(1), learned(0)), (room_id(MAX_ID), learned(u64::from(u32::MAX)))].into(),
        learner: JobId::new(MAX_ID),
        embedding: Some(Embedding {
            model: TEXTS[1].to_owned(),
            content: "00aa".to_owned(),
            at: at(5),
            numbers: (-127..=127).collect(),
        }),
    }
}

/// What a model made for a member on the errand of an order.
pub(super) fn made(member: i64, other: Option<i64>, seconds: i64) -> Made {
    Made {
        member: member_id(member),
        errand: Errand::Order,
        other: other.map(member_id),
        content: format!("content {seconds}"),
        document: serde_json::json!({ "text": TEXTS[3], "numbers": [1, -1, 0.5], "nothing": null }),
        keep_until: at(seconds),
    }
}

/// What a moderator outside has found of a member's text.
pub(super) fn finding(id: i64, member: i64, seconds: i64) -> Finding {
    Finding {
        id: FindingId::new(id).expect("a small positive number"),
        member: member_id(member),
        subject: Subject::Bio,
        by: Judge::Moderator,
        name: TEXTS[1].to_owned(),
        content: "00cc".to_owned(),
        flags: [(Flag::Scam, 100), (Flag::Minor, 1)].into(),
        by_consent: true,
        at: at(seconds),
        keep_until: at(seconds + 100),
    }
}

/// The record of a call about a member.
pub(super) fn call(id: i64, member: i64, seconds: i64) -> Call {
    Call {
        id: CallId::new(id).expect("a small positive number"),
        at: at(seconds),
        member: member_id(member),
        errand: Errand::Conversation,
        model: TEXTS[1].to_owned(),
        input_tokens: 1 << 40,
        output_tokens: 0,
        outcome: Outcome::Unbelievable,
        keep_until: at(seconds + 100),
    }
}

fn location() -> Location {
    Location::from_place_name("부산 해운대구", Gazetteer::built_in()).expect("a place of the built-in gazetteer")
}

fn photo(n: i64) -> Photo {
    Photo {
        id: PhotoId::new(n).expect("a small positive number"),
        key: format!("photo/{n}"),
        width: u32::MAX,
        height: 1,
    }
}

pub(super) fn decision(kind: DecisionKind, seconds: i64) -> Stance {
    Stance {
        decision: Some(Decision {
            kind,
            at: at(seconds),
            message: (kind == DecisionKind::Like).then(|| TEXTS[0].to_owned()),
        }),
        blocked_at: None,
    }
}

pub(super) fn matched(pair: PairKey, seconds: i64) -> Pair {
    Pair {
        low: decision(DecisionKind::Like, seconds),
        high: decision(DecisionKind::Like, seconds),
        match_state: MatchState::Matched { at: at(seconds) },
        ..Pair::strangers(pair)
    }
}

/// A showing at a place, with numbers that follow from it.
pub(super) fn exposure(position: u32) -> Exposure {
    let ranker = Ranker::ALL[position as usize % Ranker::ALL.len()];
    let slot = Slot::ALL[position as usize % Slot::ALL.len()];
    let score = position * 40_000 % 1_000_001;
    Exposure { position, ranker, slot, score, there: score / 2, back: score / 3 }
}

pub(super) fn request(n: i64, from: Side, seconds: i64) -> FriendRequest {
    FriendRequest { id: FriendRequestId::new(n).expect("a small positive number"), from, at: at(seconds) }
}

/// A message that a member says in a room; its id follows from when it is said.
pub(super) fn message(room: i64, sender: i64, seconds: i64, text: &str) -> NewMessage {
    NewMessage {
        id: MessageId::new(room * 1_000_000 + sender * 10_000 + seconds + 1).expect("a small positive number"),
        room: room_id(room),
        sender: member_id(sender),
        text: text.to_owned(),
        at: at(seconds),
        client_msg_id: None,
    }
}

pub(super) fn resend_id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(super) fn report(n: i64, reporter: i64, subject: i64) -> Report {
    Report {
        id: ReportId::new(n).expect("a small positive number"),
        reporter: member_id(reporter),
        subject: member_id(subject),
        entries: vec![ReportEntry {
            reason: ReportReason::Scam,
            detail: TEXTS[0].to_owned(),
            at: at(n),
            evidence: Evidence {
                nickname: format!("member {subject}"),
                bio: TEXTS.concat(),
                photos: vec!["photo/1".to_owned()],
                messages: vec![EvidenceMessage {
                    seq: u64::from(u32::MAX),
                    by_subject: true,
                    text: TEXTS[3].to_owned(),
                    at: at(n),
                }],
            },
        }],
        opened_at: at(n),
        closed_at: None,
        keep_until: at(1000 + n),
    }
}

/// The kinds of jobs that are asked for.
pub(super) const KINDS: [&str; Task::KINDS.len()] = Task::KINDS;

pub(super) fn job(n: i64, due: i64) -> Job {
    let id = JobId::new(n).expect("a small positive number");
    Job::new(id, Task::DeleteBlobs { keys: TEXTS.map(str::to_owned).to_vec() }, at(due))
}

pub(super) fn joined(n: i64) -> Event {
    Event { at: at(n), fact: Fact::Joined { member: member_id(n) } }
}

pub(super) fn put_member(member: Member, expect: Expect) -> Change {
    Change::PutMember(Box::new(member), expect)
}

pub(super) fn put_pair(pair: Pair, expect: Expect) -> Change {
    Change::PutPair(Box::new(pair), expect)
}

pub(super) fn put_report(report: Report, expect: Expect) -> Change {
    Change::PutReport(Box::new(report), expect)
}

/// Work of these changes.
pub(super) fn work(changes: impl IntoIterator<Item = Change>) -> Work {
    changes.into_iter().fold(Work::new(), Work::change)
}

/// Commits changes that nothing stands in the way of.
pub(super) async fn commit(store: &dyn Store, changes: impl IntoIterator<Item = Change>) -> Committed {
    store.commit(work(changes)).await.expect("this work can be committed")
}

/// Puts new members with these numbers.
pub(super) async fn put_members(store: &dyn Store, numbers: impl IntoIterator<Item = i64>) {
    commit(store, numbers.into_iter().map(|n| put_member(member(n), Expect::New))).await;
}

/// Puts two new members and their room.
pub(super) async fn open_room(store: &dyn Store, room: i64, a: i64, b: i64) {
    put_members(store, [a, b]).await;
    let opened = Room::open(room_id(room), key(a, b), at(0));
    commit(store, [Change::PutRoom(opened, Expect::New)]).await;
}

/// Appends a message that nothing stands in the way of.
pub(super) async fn append(store: &dyn Store, message: NewMessage) -> Appended {
    let mut committed = commit(store, [Change::Append(message)]).await;
    assert_eq!(committed.appended.len(), 1, "one answer per append");
    committed.appended.remove(0)
}

/// Runs all of these as tasks and waits for them.
pub(super) async fn all_at_once<Task>(tasks: impl IntoIterator<Item = Task>) -> Vec<Task::Output>
where
    Task: Future<Output: Send + 'static> + Send + 'static,
{
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::new();
    for task in running {
        results.push(task.await.expect("no task panics"));
    }
    results
}

#[track_caller]
pub(super) fn assert_stale<T: std::fmt::Debug>(result: &StoreResult<T>) {
    assert!(matches!(result, Err(StoreError::Stale)), "expected Stale, got {result:?}");
}

#[track_caller]
pub(super) fn assert_conflict<T: std::fmt::Debug>(result: &StoreResult<T>, unique: Unique) {
    assert!(
        matches!(result, Err(StoreError::Conflict { what }) if *what == unique),
        "expected a conflict of {unique}, got {result:?}"
    );
}

/// How many are `Ok`, after making sure that all others are `Stale`.
#[track_caller]
pub(super) fn winners<T: std::fmt::Debug>(results: &[StoreResult<T>]) -> usize {
    for lost in results.iter().filter(|result| result.is_err()) {
        assert_stale(lost);
    }
    results.iter().filter(|result| result.is_ok()).count()
}

/// Everything that was read, a line per read, to be compared as a whole.
#[derive(Default)]
pub(super) struct Transcript(pub(super) String);

impl Transcript {
    /// Adds what was read.
    pub(super) fn add(&mut self, read: &(dyn std::fmt::Debug + Sync)) {
        writeln!(self.0, "{read:?}").expect("a string takes everything");
    }

    /// Reads and adds all of a member's lists.
    pub(super) async fn add_lists(&mut self, store: &dyn Store, n: i64) {
        for list in PairList::ALL {
            let pairs = store.list_pairs(member_id(n), list, Page::first(1000)).await.expect("list");
            let mut listed = store.listed(member_id(n), list).await.expect("listed");
            listed.sort_unstable();
            self.add(&(list, listed, pairs));
        }
    }
}
