//! The plans of every statement of the PostgreSQL store on a filled database: none reads a large table from end to end.
//!
//! The server itself tells the plans, by its module `auto_explain`: those of the statements as the store sends them, with
//! their real parameters, planned anew each time and once for all values. Which statements there are is read from the
//! sources of the store, so one that is added and not exercised here fails the test too.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

use std::collections::BTreeSet;
use std::path::Path;

use gpting_core::account::{Account, AccountChange, AccountStore as _, AccountWork, PendingSignUp, Session};
use gpting_core::assist::{Aspect, Call, Errand, Finding, Flag, Judge, Made, Outcome, Subject};
use gpting_core::chat::{NewMessage, Room, Since, Ticket};
use gpting_core::event::{Event, Fact};
use gpting_core::id::{
    CallId, FindingId, FriendRequestId, HostId, JobId, MemberId, MessageId, PendingId, ReportId, RoomId, SessionId,
};
use gpting_core::interaction::{FriendRequest, MatchState, Pair, PairKey, PairList, Side};
use gpting_core::job::{Job, Task};
use gpting_core::limit::{Claim, LimitKey, Quota};
use gpting_core::profile::{Member, Preferences, Profile, Standing};
use gpting_core::safety::Report;
use gpting_core::store::{Change, Expect, FeedCursor, MessageRange, Page, PairCursor, Store as _, Work};
use gpting_store_pg::{Options, PgStore};
use gpting_tests::Postgres;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// Tables that grow with use.
const LARGE: [&str; 21] = [
    "made",
    "finding",
    "assist_call",
    "member",
    "erased",
    "pair",
    "pair_list",
    "room",
    "message",
    "message_hidden",
    "read_mark",
    "ticket",
    "impression",
    "daily_pick",
    "report",
    "job",
    "allowance",
    "outbox",
    "account",
    "session",
    "pending",
];

/// What runs once an hour and takes whatever is older than a time. A plan for all times at once must reckon with a third
/// of the table; the server makes such a plan only when it is no dearer than one for the time at hand, so it never does.
const BY_TERM: [&str; 7] = [
    "keep_until < $1",
    "keep_until <= $1",
    "created_at < $1",
    "2592000000000) < $1",
    "full_at <= $1",
    "day < $1 - 1",
    "viewer BETWEEN $1 AND $2 AND last_at < $3",
];

/// Finding a few rows by an index costs less than ten of the planner's units, reading one of these indexes whole more.
const DEAR: f64 = 200.0;

/// Rows like those that the store has put (numbers 1 and 2), many times over, with numbers from 100,000 on.
const FILL: &str = "
    INSERT INTO gpting.member (id, version, host, source, document)
    SELECT 100000 + n, 1, 'host' || n, 'source' || n, document
    FROM generate_series(1, 20000) n, gpting.member WHERE id = 1;
    INSERT INTO gpting.erased (member, at) SELECT 900000 + n, (extract(epoch FROM now()) * 1000000)::bigint
    FROM generate_series(1, 10000) n;
    INSERT INTO gpting.pair (low, high, version, friend_request, document)
    SELECT 100000 + n, 100000 + n + k, 1, CASE WHEN n % 4 = 0 THEN n * 10 + k END, document
    FROM generate_series(1, 20000) n, generate_series(1, 3) k, gpting.pair WHERE low = 1;
    INSERT INTO gpting.pair_list (member, other, list, at)
    SELECT 100000 + n, 100000 + n + k, 1 + k % 6, n FROM generate_series(1, 20000) n, generate_series(1, 6) k;
    INSERT INTO gpting.room (id, version, low, high, created_at, last_seq, hidden_through, activity, opened_at)
    SELECT 100000 + n, 1, 100000 + n, 100001 + n, n, 10, 0, n, n FROM generate_series(1, 20000) n;
    INSERT INTO gpting.message (room, seq, id, sender, text, at, client_msg_id, unsent)
    SELECT 100000 + n, seq, n * 100 + seq, 100000 + n + seq % 2, 'text ' || n, n,
           CASE WHEN seq % 2 = 0 THEN gen_random_uuid() END, CASE WHEN seq = 3 THEN 1 END
    FROM generate_series(1, 20000) n, generate_series(1, 10) seq;
    INSERT INTO gpting.read_mark (room, member, seq)
    SELECT 100000 + n, 100000 + n + side, 5 FROM generate_series(1, 20000) n, generate_series(0, 1) side;
    INSERT INTO gpting.message_hidden (room, member, seq)
    SELECT 100000 + n, 100000 + n, seq FROM generate_series(1, 20000) n, generate_series(1, 2) seq;
    INSERT INTO gpting.ticket (hash, member, session, expires_at)
    SELECT 'hash' || n, 100000 + n % 20000, NULL, 1900000000000000 + n FROM generate_series(1, 20000) n;
    INSERT INTO gpting.impression (viewer, candidate, first_at, last_at, shows)
    SELECT 100000 + n, 100000 + (n * 7 + k) % 20000, n, n, 1 FROM generate_series(1, 20000) n, generate_series(1, 8) k;
    INSERT INTO gpting.daily_pick (member, day, other)
    SELECT 100000 + n, 20000 + k, 100000 + (n * 7 + k) % 20000 FROM generate_series(1, 20000) n, generate_series(1, 2) k;
    INSERT INTO gpting.made (member, errand, other, keep_until, document)
    SELECT 100000 + n, 4, 100000 + (n * 7 + k) % 20000, 1900000000000000 + n, document
    FROM generate_series(1, 20000) n, generate_series(1, 3) k, gpting.made WHERE made.member = 1;
    INSERT INTO gpting.assist_call (id, member, at, keep_until, document)
    SELECT 100000 + n * 3 + k, 100000 + n, n, 1900000000000000 + n, document
    FROM generate_series(1, 20000) n, generate_series(0, 2) k, gpting.assist_call WHERE id = 1;
    INSERT INTO gpting.finding
        (member, aspect, about, judge, id, by_consent, is_flagged, at, keep_until, name, content, document)
    SELECT 100000 + n, 1 + k % 3, n * 3 + k, 3, 100000 + n * 3 + k, 1, CASE WHEN n % 3 = 0 THEN 1 ELSE 0 END, n,
           1900000000000000 + n, name, content, document
    FROM generate_series(1, 20000) n, generate_series(0, 2) k, gpting.finding WHERE member = 1;
    INSERT INTO gpting.report (id, version, reporter, subject, closed_at, keep_until, document)
    SELECT 100000 + n, 1, 100000 + n, 100000 + n / 3, CASE WHEN n % 2 = 0 THEN n END, keep_until + 1 + n, document
    FROM generate_series(1, 10000) n, gpting.report WHERE id = 1;
    INSERT INTO gpting.job (id, version, run_at, document)
    SELECT 100000 + n, 1, run_at + n, document FROM generate_series(1, 10000) n, gpting.job WHERE id = 1;
    UPDATE gpting.job SET dead_at = run_at, run_at = 9223372036854775807 WHERE id > 100000 AND id % 5 = 0;
    INSERT INTO gpting.allowance (key, full_at)
    SELECT decode(md5(n::text), 'hex'), 1800000100000000 + n FROM generate_series(1, 20000) n;
    INSERT INTO gpting.outbox (document)
    SELECT document FROM generate_series(1, 20000) n, (SELECT document FROM gpting.outbox LIMIT 1) one;
    INSERT INTO gpting.account (member, version, username, email, document)
    SELECT 100000 + n, 1, 'user' || n, 'user' || n || '@example.com', document
    FROM generate_series(1, 20000) n, gpting.account WHERE member = 1;
    INSERT INTO gpting.session (id, version, member, created_at, document, ends_at)
    SELECT 100000 + n * 2 + k, 1, 100000 + n, n, document, ends_at + n
    FROM generate_series(1, 20000) n, generate_series(0, 1) k, gpting.session WHERE id = 1;
    INSERT INTO gpting.pending (id, version, email, created_at, document)
    SELECT 100000 + n, 1, 'new' || n / 2 || '@example.com', created_at + n, document
    FROM generate_series(1, 10000) n, gpting.pending WHERE id = 1;
    ANALYZE";

fn at(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn id(value: i64) -> MemberId {
    MemberId::new(value).unwrap()
}

fn member(value: i64, host: bool) -> Member {
    Member {
        id: id(value),
        host: host.then(|| HostId::from(format!("own{value}"))),
        source: None,
        standing: Standing::Active,
        verified: false,
        created_at: at(0),
        last_active: at(0),
        profile: Profile::default(),
        preferences: Preferences::default(),
        answers: std::collections::BTreeMap::new(),
        consents: Vec::new(),
        derived: gpting_core::assist::Derived::default(),
        visibility: gpting_core::profile::Visibility::default(),
    }
}

/// Matched, with a friend request under way.
fn pair(a: i64, b: i64) -> Pair {
    let mut pair = Pair::strangers(PairKey::of(id(a), id(b)).unwrap());
    pair.match_state = MatchState::Matched { at: at(1) };
    pair.friend_request = Some(FriendRequest { id: FriendRequestId::new(a).unwrap(), from: Side::Low, at: at(1) });
    pair
}

fn room(value: i64, a: i64, b: i64) -> Room {
    Room::open(RoomId::new(value).unwrap(), PairKey::of(id(a), id(b)).unwrap(), at(0))
}

fn message(room: i64, sender: i64, number: i64) -> NewMessage {
    NewMessage {
        id: MessageId::new(number).unwrap(),
        room: RoomId::new(room).unwrap(),
        sender: id(sender),
        text: "말".to_owned(),
        at: at(number),
        client_msg_id: Some(Uuid::from_u128(u128::try_from(number).unwrap())),
    }
}

fn report(value: i64, reporter: i64, subject: i64) -> Report {
    Report {
        id: ReportId::new(value).unwrap(),
        reporter: id(reporter),
        subject: id(subject),
        entries: Vec::new(),
        opened_at: at(0),
        closed_at: None,
        keep_until: at(100),
    }
}

fn job(value: i64) -> Job {
    let task = Task::Erase { member: id(value) };
    Job::new(JobId::new(value).unwrap(), task, at(value))
}

fn event() -> Event {
    Event { at: at(0), fact: Fact::Joined { member: id(1) } }
}

fn account(member: i64) -> Account {
    Account {
        member: id(member),
        username: format!("own{member}"),
        email: format!("own{member}@example.com"),
        email_canonical: format!("own{member}@example.com"),
        password_hash: String::new(),
        created_at: at(0),
    }
}

fn session(value: i64, member: i64) -> Session {
    Session {
        id: SessionId::new(value).unwrap(),
        member: id(member),
        device: String::new(),
        network: String::new(),
        created_at: at(value),
        last_seen: at(0),
        expires_at: at(1_000),
        idle_until: at(1_000),
        refresh_hash: String::new(),
        previous_hash: None,
        rotated_at: at(0),
    }
}

fn pending(value: i64) -> PendingSignUp {
    PendingSignUp {
        id: PendingId::new(value).unwrap(),
        email: format!("pending{value}@example.com"),
        email_canonical: format!("pending{value}@example.com"),
        username: format!("pending{value}"),
        password_hash: String::new(),
        nickname: String::new(),
        gender: "F".to_owned(),
        birth_date: None,
        bio: String::new(),
        consents: Vec::new(),
        language: "ko".to_owned(),
        code: None,
        mails: Vec::new(),
        created_at: at(value),
    }
}

fn made(value: i64, other: i64) -> Made {
    Made {
        member: id(value),
        errand: Errand::Order,
        other: Some(id(other)),
        content: "00ff".to_owned(),
        document: serde_json::json!({ "score": 7 }),
        keep_until: at(value),
    }
}

fn call(value: i64) -> Call {
    Call {
        id: CallId::new(value).unwrap(),
        at: at(value),
        member: id(value),
        errand: Errand::Order,
        model: "small".to_owned(),
        input_tokens: 1,
        output_tokens: 1,
        outcome: Outcome::Answered,
        keep_until: at(value),
    }
}

fn found(value: i64) -> Finding {
    Finding {
        id: FindingId::new(value).unwrap(),
        member: id(value),
        subject: Subject::Bio,
        by: Judge::Moderator,
        name: "seen".to_owned(),
        content: "00ff".to_owned(),
        flags: [(Flag::Scam, 90)].into(),
        by_consent: true,
        at: at(value),
        keep_until: at(value),
    }
}

async fn commit(store: &PgStore, changes: impl IntoIterator<Item = Change>, events: usize) {
    let mut work = changes.into_iter().fold(Work::new(), Work::change);
    work.events = vec![event(); events];
    store.commit(work).await.unwrap();
}

async fn commit_account(store: &PgStore, changes: impl IntoIterator<Item = AccountChange>) {
    store.commit_account(changes.into_iter().fold(AccountWork::new(), AccountWork::change)).await.unwrap();
}

/// Puts a row into every table: the members `n` and `n + 1` and what is between them.
async fn settle(store: &PgStore, n: i64) {
    let m = n + 1;
    commit(store, [put_member(n, Expect::New)], 0).await;
    commit(store, [put_member(m, Expect::New), put_member(n + 2, Expect::New), put_member(n + 3, Expect::New)], 1)
        .await;
    commit(store, [Change::PutPair(Box::new(pair(n, m)), Expect::New)], 1).await;
    commit(store, [Change::PutRoom(room(n, n, m), Expect::New)], 0).await;
    commit(store, [Change::Append(message(n, n, n))], 1).await;
    // Those that come while another is on its way go together.
    let more = (1..=4).map(|k| commit(store, [Change::Append(message(n, m, 900_000 + 10 * n + k))], 1));
    futures_util::future::join_all(more).await;
    commit(store, [Change::PutReport(Box::new(report(n, n, m)), Expect::New)], 0).await;
    commit(store, [Change::PutJob(job(n), Expect::New)], 0).await;
    commit(store, [Change::KeepMade(Box::new(made(n, m))), Change::NoteCall(call(n))], 0).await;
    commit(store, [Change::PutFinding(Box::new(found(n)))], 0).await;
    let account = AccountChange::PutAccount(Box::new(account(n)), Expect::New);
    let session = AccountChange::PutSession(Box::new(session(n, n)), Expect::New);
    commit_account(store, [account, session, AccountChange::PutPending(Box::new(pending(n)), Expect::New)]).await;
}

fn put_member(value: i64, expect: Expect) -> Change {
    Change::PutMember(Box::new(member(value, true)), expect)
}

/// Calls every read of the store about somebody who has much.
async fn read(store: &PgStore, n: i64) {
    let (me, key) = (id(n), PairKey::of(id(n), id(n + 1)).unwrap());
    let room = RoomId::new(n).unwrap();
    let page = || Page::first(20);
    store.members(&[me, id(n + 1)]).await.unwrap();
    store.member_by_host(&HostId::from(format!("own{n}"))).await.unwrap();
    store.members_by_source(&["source1".to_owned(), "source7".to_owned()]).await.unwrap();
    let (_, cursor) = store.members_changed(FeedCursor::default(), 50).await.unwrap();
    store.members_changed(cursor, 50).await.unwrap();
    let (_, cursor) = store.pairs_changed(PairCursor::default(), 50).await.unwrap();
    store.pairs_changed(cursor, 50).await.unwrap();
    store.pair(key).await.unwrap();
    store.pair_by_request(FriendRequestId::new(n).unwrap()).await.unwrap();
    store.list_pairs(me, PairList::Matches, page()).await.unwrap();
    store.listed(me, PairList::Decided).await.unwrap();
    store.was_served(me, id(n + 1)).await.unwrap();
    store.served_since(me, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    store.impressions(Some((me, id(n + 1))), 50).await.unwrap();
    store.shown_to(&[me, id(n + 1)], 30).await.unwrap();
    store.picks(me, 20_001).await.unwrap();
    store.picked(&[me], 20_001).await.unwrap();
    store.made(me, Errand::Order, None).await.unwrap();
    store.made(me, Errand::Order, Some(id(n + 1))).await.unwrap();
    store.calls(me, 20).await.unwrap();
    store.findings(me, Subject::Bio).await.unwrap();
    store.flagged(page()).await.unwrap();
    store.room(room).await.unwrap();
    store.room_overview(me, room).await.unwrap();
    store.list_rooms(me, page()).await.unwrap();
    store.messages(room, MessageRange::After(0), 100, None).await.unwrap();
    store.messages(room, MessageRange::Before(9), 100, None).await.unwrap();
    store.rooms_moved(&[(room, 0)]).await.unwrap();
    for revision in [None, Some(0)] {
        store.news(&[Since { room, seq: 0, revision }], 9).await.unwrap();
    }
    let (_, cursor) = store.rooms_opened(0).await.unwrap();
    store.rooms_opened(cursor).await.unwrap();
    store.ticket("hash1").await.unwrap();
    store.epoch().await.unwrap();
    store.ended_sessions(&[SessionId::new(n).unwrap()], at(0)).await.unwrap();
    store.open_report(me, id(n + 1)).await.unwrap();
    store.due_jobs(&Task::KINDS, at(10_000), 32).await.unwrap();
    store.job(JobId::new(n).unwrap()).await.unwrap();
    store.dead_jobs(JobId::new(100_100), 32).await.unwrap();
    store.events(100, 100).await.unwrap();
    store.health().await.unwrap();
    store.account(me).await.unwrap();
    store.account_by_login(&format!("own{n}")).await.unwrap();
    store.session(SessionId::new(n).unwrap()).await.unwrap();
    store.list_sessions(me).await.unwrap();
    store.pending(PendingId::new(n).unwrap()).await.unwrap();
    store.pendings_by_email(&format!("pending{n}@example.com")).await.unwrap();
}

/// Changes everything that [`settle`] has put, in each of the ways there are, and erases it.
async fn change(store: &PgStore, n: i64) {
    let m = n + 1;
    let room_id = RoomId::new(n).unwrap();
    commit(store, [put_member(n, Expect::Version(1))], 0).await;
    commit(store, [Change::PutPair(Box::new(pair(n, m)), Expect::Version(1))], 1).await;
    commit(store, [Change::MarkRead { room: room_id, member: id(m), seq: 1, shown: true }], 0).await;
    commit(store, [Change::Unsend { room: room_id, sender: id(n), seq: 1 }], 0).await;
    commit(store, [Change::Hide { room: room_id, member: id(m), seq: 1 }], 0).await;
    commit(store, [Change::Mute { room: room_id, member: id(m), muted: true }], 0).await;
    let (hash, expires_at) = (format!("own{n}"), at(n));
    let ticket = Ticket { hash: hash.clone(), member: id(n), session: None, expires_at };
    commit(store, [Change::PutTicket(ticket)], 0).await;
    commit(store, [Change::TakeTicket(hash)], 0).await;
    commit(
        store,
        [Change::Serve { viewer: id(n), candidates: [m, n + 2].map(|n| id(n).into()).to_vec(), at: at(1) }],
        0,
    )
    .await;
    commit(store, [Change::DropImpressions { from: id(n), to: id(n + 2), before: at(-5) }], 0).await;
    commit(store, [Change::PutReport(Box::new(report(n, n, m)), Expect::Version(1))], 0).await;
    commit(store, [Change::PutJob(job(n), Expect::Version(1))], 0).await;
    // In an order that is not the canonical one: every kind of row is locked beforehand.
    let reversed = [
        Change::PutJob(job(n), Expect::Version(2)),
        Change::PutReport(Box::new(report(n, n, m)), Expect::Version(2)),
        Change::PutPair(Box::new(pair(n, m)), Expect::Version(2)),
        Change::MarkRead { room: room_id, member: id(m), seq: 1, shown: true },
        Change::Append(message(n, m, 700_000 + n)),
        put_member(n, Expect::Version(2)),
    ];
    let mut work = reversed.into_iter().fold(Work::new(), Work::change);
    work.events = vec![event()];
    let mut both = [
        AccountChange::DropPendings { email: format!("pending{n}@example.com") },
        AccountChange::TakePending(PendingId::new(n + 1).unwrap()),
        AccountChange::PutSession(Box::new(session(n, n)), Expect::Version(1)),
        AccountChange::PutAccount(Box::new(account(n)), Expect::Version(1)),
    ]
    .into_iter()
    .fold(AccountWork::new(), AccountWork::change);
    both.work = work;
    commit_account(store, [AccountChange::PutPending(Box::new(pending(n + 1)), Expect::New)]).await;
    commit_account(store, [AccountChange::PutPending(Box::new(pending(n + 1)), Expect::Version(1))]).await;
    store.commit_account(both).await.unwrap();
    let opened = store.room(room_id).await.unwrap().unwrap();
    commit(store, [Change::PutRoom(opened.value, Expect::Version(opened.version))], 0).await;
    commit(store, [Change::DeleteJob(JobId::new(n).unwrap(), 3)], 0).await;
    let oldest = store.events(0, 10).await.unwrap();
    commit(store, [Change::DropEvents(oldest.iter().map(|stored| stored.number).collect())], 0).await;
    commit(store, [Change::DropReports { before: at(1) }], 0).await;
    commit(store, [Change::Require { member: id(m), version: 1 }], 0).await;
    commit(store, [Change::KeepMade(Box::new(made(n, m)))], 0).await;
    let again = Finding { content: "00cc".to_owned(), ..found(n) };
    commit(store, [Change::PutFinding(Box::new(again))], 0).await;
    commit(store, [Change::DropFindings { member: id(n), subject: Subject::Bio }], 0).await;
    for aspect in [Aspect::Bio, Aspect::FirstMessage] {
        commit(store, [Change::ForgetFindings { member: id(n), aspect }], 0).await;
    }
    commit(store, [Change::NoteCall(call(n))], 0).await;
    commit(store, [Change::DropMade { member: id(n) }], 0).await;
    commit(store, [Change::PutPicks { day: 30_000, pairs: vec![PairKey::of(id(n), id(n + 1)).unwrap()] }], 0).await;
    commit(store, [Change::ClearPicks { day: 20_000 }], 0).await;
    commit(store, [Change::LeaveMark(u128::from(n.unsigned_abs()))], 0).await;
    assert!(store.has_mark(u128::from(n.unsigned_abs())).await.unwrap());
    commit_account(store, [AccountChange::DropOldPendings { before: at(1) }]).await;
    commit_account(store, [AccountChange::DropEndedSessions { before: at(1) }]).await;
    let one = Claim::one(LimitKey::new([7; 16]), Quota::new(2, jiff::SignedDuration::from_secs(100)));
    commit(store, [Change::Take { claims: vec![one], now: at(1) }], 0).await;
    // Refused: asks how long to wait.
    let refused = Change::Take { claims: vec![one.all()], now: at(1) };
    store.commit(Work::new().change(refused)).await.unwrap_err();
    commit(store, [Change::GiveBack(vec![one])], 0).await;
    commit(store, [Change::Sweep { now: at(1) }], 0).await;
    commit_account(store, [AccountChange::DeleteSession(SessionId::new(n + 7).unwrap())]).await;
    commit_account(store, [AccountChange::EraseAccount(id(n))]).await;
    for gone in [n, m] {
        commit(store, [Change::Erase { member: id(gone), tombstone: id(800_000 + gone) }], 0).await;
    }
}

/// A statement and its plan, as the server has logged them.
struct Planned {
    query: String,
    plan: Value,
}

fn logged(log: &str) -> Vec<Planned> {
    let mut found = Vec::new();
    for entry in log.split("  plan:\n").skip(1) {
        let lines = entry.lines().map_while(|line| line.strip_prefix('\t'));
        let document: Value = serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).expect("a plan is JSON");
        let query = document["Query Text"].as_str().expect("a plan has its statement").to_owned();
        found.push(Planned { query, plan: document["Plan"].clone() });
    }
    found
}

/// What a plan reads from end to end.
fn whole_reads(node: &Value, limited: bool, found: &mut Vec<String>) {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    if let Some(table) = node["Relation Name"].as_str().filter(|table| LARGE.contains(table)) {
        let by_index = kind.starts_with("Index") && (limited || !node["Index Cond"].is_null());
        let by_bitmap = kind.starts_with("Bitmap");
        if !(by_index || by_bitmap || kind == "ModifyTable") {
            found.push(format!("{kind} of {table}"));
        }
    }
    // An index whose first column is not asked for is read whole too: much is paid and little is found.
    let few = node["Plan Rows"].as_f64().is_some_and(|rows| rows < 100.0);
    if kind.contains("Index") && few && node["Total Cost"].as_f64().is_some_and(|cost| cost > DEAR) {
        found.push(format!("{kind} of all of {}", node["Index Name"]));
    }
    // A limit stops what stands below it, unless something in between has to see all of it first.
    let limited = match kind {
        "Limit" => true,
        "Sort" | "Hash" | "Aggregate" | "Hash Join" | "Merge Join" => false,
        _ => limited,
    };
    for below in node["Plans"].as_array().into_iter().flatten() {
        whole_reads(below, limited, found);
    }
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every text in the sources of the store that is a statement about its tables, with where it stands.
fn statements() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("gpting-store-pg/src");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // A copy reads every table whole, once, and on purpose.
        if path.ends_with("transfer.rs") {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let code: Vec<&str> = source
            .split("#[cfg(test)]")
            .next()
            .unwrap()
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        // No text of these sources holds an escaped quote.
        for text in code.join("\n").split('"').skip(1).step_by(2) {
            let is_statement = text.contains("gpting.") && text.trim_start().contains(' ');
            // Utilities are not planned.
            if is_statement && !text.contains("LOCK TABLE") {
                found.push((path.file_name().unwrap().to_string_lossy().into_owned(), squeezed(text)));
            }
        }
    }
    found
}

/// A setting of the database, for connections from now on.
async fn set(admin: &PgPool, setting: &str) {
    let setting = setting.replace('\'', "''");
    let statement =
        format!("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', current_database()); END $$");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(admin).await.unwrap();
}

#[test]
fn a_whole_read_is_recognised() {
    let reads = |plan: &str| {
        let mut found = Vec::new();
        whole_reads(&serde_json::from_str(plan).unwrap(), false, &mut found);
        found
    };
    let scan = r#"{"Node Type": "Seq Scan", "Relation Name": "message"}"#;
    assert_eq!(reads(scan), ["Seq Scan of message"]);
    assert_eq!(reads(&format!(r#"{{"Node Type": "Limit", "Plans": [{scan}]}}"#)), ["Seq Scan of message"]);
    let index = r#"{"Node Type": "Index Scan", "Relation Name": "outbox"}"#;
    assert_eq!(reads(index), ["Index Scan of outbox"]);
    assert!(reads(&format!(r#"{{"Node Type": "Limit", "Plans": [{index}]}}"#)).is_empty());
    let sorted = format!(r#"{{"Node Type": "Sort", "Plans": [{index}]}}"#);
    assert_eq!(reads(&format!(r#"{{"Node Type": "Limit", "Plans": [{sorted}]}}"#)), ["Index Scan of outbox"]);
    let whole =
        r#"{"Node Type": "Bitmap Index Scan", "Index Name": "pair_pkey", "Plan Rows": 3, "Total Cost": 1083.3}"#;
    assert_eq!(reads(whole), ["Bitmap Index Scan of all of \"pair_pkey\""]);
    assert!(reads(r#"{"Node Type": "Index Scan", "Relation Name": "job", "Index Cond": "(id = 1)"}"#).is_empty());
    assert!(reads(r#"{"Node Type": "Seq Scan", "Relation Name": "_sqlx_migrations"}"#).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_statement_reads_a_large_table_whole() {
    let cluster = Postgres::start(gpting_tests::postgres::Options::default());
    let database = cluster.database("plans").await;
    let store = PgStore::connect(&database.url).await.unwrap();
    store.migrate().await.unwrap();
    settle(&store, 1).await;
    store.close().await;
    let admin = PgPool::connect(&database.url).await.unwrap();
    sqlx::raw_sql(FILL).execute(&admin).await.unwrap();

    let mut first = 1;
    let mut planned = Vec::new();
    // Left alone, the server plans a statement anew five times and then decides.
    for (mode, rounds) in [("force_custom_plan", 1), ("force_generic_plan", 1), ("auto", 8)] {
        let so_far = cluster.log().len();
        for setting in [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_format = 'json'",
            &format!("plan_cache_mode = '{mode}'"),
        ] {
            set(&admin, setting).await;
        }
        let store = Options::new().max_connections(1).connect(&database.url).await.unwrap();
        store.migrate().await.unwrap();
        for _ in 0..rounds {
            first += 10;
            settle(&store, first).await;
            read(&store, first).await;
            read(&store, 100_000 + first).await;
            change(&store, first).await;
        }
        store.close().await;
        let told = logged(&cluster.log()[so_far..]);
        let is_exempt =
            |one: &Planned| mode == "force_generic_plan" && BY_TERM.iter().any(|term| one.query.contains(term));
        planned.extend(told.into_iter().filter(|one| !is_exempt(one)));
    }

    let told: BTreeSet<String> = planned.iter().map(|one| squeezed(&one.query)).collect();
    let statements = statements();
    assert!(statements.len() > 70, "the sources are read: {}", statements.len());
    let unseen: Vec<_> = statements.iter().filter(|(_, text)| !told.iter().any(|query| query.contains(text))).collect();
    assert!(unseen.is_empty(), "never exercised: {unseen:#?}");
    let mut faults = BTreeSet::new();
    for Planned { query, plan } in &planned {
        let mut whole = Vec::new();
        whole_reads(plan, false, &mut whole);
        faults.extend(whole.into_iter().map(|what| format!("{what}: {}", squeezed(query))));
    }
    assert!(faults.is_empty(), "{} of {} statements: {faults:#?}", faults.len(), told.len());
}
