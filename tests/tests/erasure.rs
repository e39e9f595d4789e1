//! Nothing is left of somebody who was erased: not in a row, not in a file, not in a picture.
//!
//! A member fills every field of every table with texts that are nowhere else. Each is seen in the tables and in the raw
//! files before, so that none can be looked for in vain; then the member deletes the account, the term passes, and
//! nothing is found but what is documented to stay: the id in `erased`, for readers of the feed, and reports about them
//! with their evidence, until their own term ends. PostgreSQL's write-ahead log and backups are out of reach.

#![expect(clippy::unwrap_used, reason = "these functions are the bodies of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gpting_core::account::{Device, SignUp};
use gpting_core::assist::{Call, Errand, Finding, Flag, Judge, Learned, Made, Outcome, Subject, Traits};
use gpting_core::chat::Draft;
use gpting_core::id::{CallId, FindingId, HostId, MemberId, RoomId};
use gpting_core::lang::Lang;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::profile::catalogue::AttributeValue;
use gpting_core::profile::{Answer, AttributeWish, Importance, LocateInput, Member, WishStrength};
use gpting_core::safety::{Consent, ConsentInput, Purpose, ReportInput, ReportReason};
use gpting_core::store::{Change, MessageRange, Page, Work};
use gpting_tests::canary::Canaries;
use gpting_tests::on_store;
use gpting_tests::town::{PASSWORD, Town};
use jiff::SignedDuration;
use uuid::Uuid;

on_store!(memory, Memory, what_is_erased_is_gone_for_those_who_stay);
on_store!(
    sqlite,
    Sqlite,
    what_is_erased_is_gone_for_those_who_stay,
    nothing_is_left_of_an_erased_member,
    no_file_names_an_erased_member
);
on_store!(postgres, Postgres, what_is_erased_is_gone_for_those_who_stay, nothing_is_left_of_an_erased_member);

/// What a report copies, and therefore stays for as long as the report.
const EVIDENCE: [&str; 4] = ["bio", "nickname", "photokey", "said"];

/// What the sign-up leaves that begins while the erasure waits.
const LATE: [&str; 5] = ["pendingnick", "pendingbio", "pendingconsent", "pendingname", "address as written"];

/// The person who is erased, and somebody who knew them.
struct Planted {
    gone: MemberId,
    left: MemberId,
    room: RoomId,
    canaries: Canaries,
}

fn consent(version: String) -> Vec<ConsentInput> {
    vec![ConsentInput { purpose: Purpose::Terms, version, granted: true }]
}

/// Plants a canary in whatever a member can leave behind.
async fn plant(town: &Town) -> Planted {
    let mut canaries = Canaries::default();
    let gone = sign_up(town, &mut canaries).await;
    town.wish(gone, &["M"]).await;
    let place = LocateInput { location: None, coordinates: Some((33.4996, 126.5312)) };
    town.g(0).profiles().locate(gone, place).await.unwrap();
    let photo = format!("{} as bytes", canaries.plant("photo"));
    for _ in 0..2 {
        town.g(0).profiles().add_photo(gone, photo.clone().into_bytes()).await.unwrap();
    }
    overfill(town, gone, &mut canaries).await;

    let left = town.person("준호", "M", &["F"]).await;
    let shown = town.g(0).matching().slate(left, SlateRequest::first(10)).await.unwrap();
    assert!(shown.cards.iter().any(|card| card.card.id == gone));
    town.g(1).matching().slate(gone, SlateRequest::first(10)).await.unwrap();
    let room = converse(town, gone, left, &mut canaries).await;
    derive(town, (gone, left), room, &mut canaries).await;
    let liked = town.person("현우", "M", &["F"]).await;
    town.g(0).matching().like(gone, liked, Some(canaries.plant("like"))).await.unwrap();
    let liking = town.person("서준", "M", &["F"]).await;
    town.g(0).matching().like(liking, gone, Some(canaries.plant("liked"))).await.unwrap();
    town.g(0).matching().request_friend(liking, gone).await.unwrap();
    let passed = town.person("도윤", "M", &["F"]).await;
    town.g(0).matching().pass(gone, passed).await.unwrap();
    town.g(0).safety().block(passed, gone).await.unwrap();
    Planted { gone, left, room, canaries }
}

/// An account, and a session that has been refreshed once.
async fn sign_up(town: &Town, canaries: &mut Canaries) -> MemberId {
    let form = SignUp {
        email: format!("{}@example.com", canaries.plant("email")),
        nickname: canaries.plant("nickname"),
        birth_date: Some("1987-02-17".to_owned()),
        bio: Some(canaries.plant("bio")),
        consents: consent(canaries.plant("consent")),
        ..Town::form(&canaries.plant("username"))
    };
    canaries.add("birth date", [b"1987-02-17".as_slice()]);
    let device = Device { agent: canaries.plant("device"), ip: Some([203, 0, 113, 7].into()) };
    canaries.add("network", [b"203.0.113.0/24".as_slice()]);
    let signed_in = town.signed_in(form, device).await;
    town.g(1).accounts().refresh(&signed_in.tokens.refresh).await.unwrap();
    let account = town.store().account(signed_in.member).await.unwrap().unwrap().value;
    canaries.add("password", [account.password_hash.as_bytes()]);
    let session = town.store().list_sessions(signed_in.member).await.unwrap().remove(0);
    canaries.add("refresh", [session.refresh_hash.as_bytes()]);
    canaries.add("spent refresh", [session.previous_hash.unwrap().as_bytes()]);
    signed_in.member
}

/// Fields that hold codes, or belong to members of other kinds: filled past the service, as a store would keep them.
async fn overfill(town: &Town, gone: MemberId, canaries: &mut Canaries) {
    let row = town.store().members(&[gone]).await.unwrap().remove(0);
    let expect = row.expect();
    let mut member: Member = row.value;
    let cell = format!("{:x}", member.profile.location.as_ref().unwrap().cell());
    canaries.add("cell", [cell.as_bytes()]);
    let keys: Vec<String> = member.profile.photos.iter().map(|photo| photo.key.clone()).collect();
    canaries.add("photokey", keys.iter().map(String::as_bytes));
    member.host = Some(HostId::from(canaries.plant("host")));
    member.source = Some(canaries.plant("source"));
    member.profile.interests.push(canaries.plant("interest"));
    let value = AttributeValue::Choice(canaries.plant("value"));
    member.profile.attributes.insert(canaries.plant("attribute"), value);
    member.preferences.attributes.push(AttributeWish {
        attribute: canaries.plant("wish"),
        values: vec![canaries.plant("wished")],
        strength: WishStrength::Prefer,
    });
    let choice = canaries.plant("choice");
    let accepts = vec![canaries.plant("accepted")];
    let answer = Answer { choice, accepts, importance: Importance::Very, dealbreaker: true };
    member.answers.insert(canaries.plant("question"), answer);
    member.consents[0].source = canaries.plant("consentsource");
    let put = Change::PutMember(Box::new(member), expect);
    town.store().commit(Work::new().change(put)).await.unwrap();
}

/// A match, messages in both directions, and a report in both.
async fn converse(town: &Town, gone: MemberId, left: MemberId, canaries: &mut Canaries) -> RoomId {
    let room = town.matched(left, gone).await;
    let client = Uuid::new_v4();
    let (dashed, plain) = (client.to_string(), client.simple().to_string());
    canaries.add("client id", [dashed.as_bytes(), plain.as_bytes(), client.as_bytes().as_slice()]);
    town.g(0).chat().send(gone, room, Draft::text(canaries.plant("said")).id(client)).await.unwrap();
    town.g(1).chat().send(left, room, Draft::text("남는 말")).await.unwrap();
    town.g(2).chat().read(gone, room, 2).await.unwrap();
    let report = |subject, detail| ReportInput { subject, reason: ReportReason::Other, detail, seq: Some(1) };
    town.g(0).safety().report(gone, report(left, canaries.plant("detail"))).await.unwrap();
    town.g(0).safety().report(left, report(gone, "남는 신고".to_owned())).await.unwrap();
    room
}

/// What was derived of both, in both rows, and what models made for and about the member.
async fn derive(town: &Town, (gone, left): (MemberId, MemberId), room: RoomId, canaries: &mut Canaries) {
    let at = town.g(0).profiles().own(gone).await.unwrap().value.created_at;
    let topics = |code: String| [(code, 70)].into();
    for (member, code) in [(gone, canaries.plant("learned")), (left, canaries.plant("learnedofboth"))] {
        let row = town.store().members(&[member]).await.unwrap().remove(0);
        let expect = row.expect();
        let mut value = row.value;
        for purpose in [Purpose::ProfileAnalysis, Purpose::ConversationAnalysis, Purpose::TransferAbroad] {
            let entry = Consent { purpose, version: "1".to_owned(), granted: true, at, source: "settings".to_owned() };
            value.consents.push(entry);
        }
        value.derived.rooms.insert(room, Learned { through: 2, at, values: topics(code) });
        if member == gone {
            let traits = Traits { content: canaries.plant("traits"), at, topics: topics(canaries.plant("topic")) };
            value.derived.profile = Some(traits);
        }
        town.store().commit(Work::new().change(Change::PutMember(Box::new(value), expect))).await.unwrap();
    }
    let keep_until = at + SignedDuration::from_hours(24 * 365);
    for (member, other, line) in [(gone, left, "linefor"), (left, gone, "lineabout")] {
        let made = Made {
            member,
            errand: Errand::Words,
            other: Some(other),
            content: "00ff".to_owned(),
            document: serde_json::json!({ "ko": { "openers": [canaries.plant(line)] } }),
            keep_until,
        };
        town.store().commit(Work::new().change(Change::KeepMade(Box::new(made)))).await.unwrap();
    }
    for (id, subject, name) in [(78, Subject::Bio, "judge"), (79, Subject::FirstMessage(room), "judgeoffirst")] {
        let found = Finding {
            id: FindingId::new(id).unwrap(),
            member: gone,
            subject,
            by: Judge::Moderator,
            name: canaries.plant(name),
            content: canaries.plant(&format!("contentof{name}")),
            flags: [(Flag::Scam, 90)].into(),
            by_consent: true,
            at,
            keep_until,
        };
        town.store().commit(Work::new().change(Change::PutFinding(Box::new(found)))).await.unwrap();
    }
    let call = Call {
        id: CallId::new(77).unwrap(),
        at,
        member: gone,
        errand: Errand::Words,
        model: "small".to_owned(),
        input_tokens: 1,
        output_tokens: 1,
        outcome: Outcome::Answered,
        keep_until,
    };
    town.store().commit(Work::new().change(Change::NoteCall(call))).await.unwrap();
}

/// The member deletes the account; near the end of the term somebody signs up with the address; the term passes.
async fn purge(town: &Town, planted: &mut Planted) {
    town.g(0).accounts().delete(planted.gone, Some(PASSWORD)).await.unwrap();
    let hour = SignedDuration::from_hours(1);
    town.clock.advance(town.g(0).config().safety.erase_after - hour);
    let again = &mut planted.canaries;
    let form = SignUp {
        email: "ZQ7emailX9v@Example.com".to_owned(),
        nickname: again.plant("pendingnick"),
        bio: Some(again.plant("pendingbio")),
        consents: consent(again.plant("pendingconsent")),
        ..Town::form(&again.plant("pendingname"))
    };
    again.add("address as written", [b"ZQ7emailX9v".as_slice()]);
    town.g(1).accounts().sign_up(form, Lang::Ko).await.unwrap();
    let waiting = town.store().pendings_by_email("zq7emailx9v@example.com").await.unwrap().remove(0).value;
    again.add("pending password", [waiting.password_hash.as_bytes()]);
    let seen = in_tables(town, &planted.canaries).await;
    assert!(LATE.iter().all(|name| seen.contains_key(*name)), "{seen:?}");
    town.clock.advance(hour + hour);
    town.work_off().await;
    town.tell_all().await;
}

/// Where the canaries stand: their names and the tables.
async fn in_tables(town: &Town, canaries: &Canaries) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (table, row) in town.dump().await {
        // SQLite writes bytes in capital hexadecimal.
        let lower = row.to_lowercase();
        for name in canaries.found_in(row.as_bytes()).union(&canaries.found_in(lower.as_bytes())) {
            found.entry(name.clone()).or_default().insert(table.clone());
        }
    }
    found
}

/// Which canaries stand in which file. PostgreSQL first lets go of what is dead and writes the rest.
async fn in_files(town: &Town, canaries: &Canaries) -> BTreeMap<String, String> {
    let data = match town.data_directory().await {
        None => town.data(),
        Some(data) => {
            for statement in ["VACUUM (FULL, ANALYZE)", "CHECKPOINT"] {
                town.ask(statement.to_owned()).await;
            }
            data.join("base")
        }
    };
    let below = |folder: PathBuf| canaries.found_below(&folder);
    below(data).into_iter().chain(below(town.albums())).collect()
}

async fn nothing_is_left_of_an_erased_member(town: Town) {
    if town.data_directory().await.is_some() {
        // Long documents would be packed, and nothing in them could be found, neither before nor after.
        town.ask("ALTER TABLE gpting.member ALTER COLUMN document SET STORAGE EXTERNAL".to_owned()).await;
    }
    let mut planted = plant(&town).await;
    planted.canaries.add("id", [planted.gone.to_string().as_bytes()]);
    assert_everything_is_seen(&town, &planted.canaries).await;
    purge(&town, &mut planted).await;

    let tables = in_tables(&town, &planted.canaries).await;
    for (name, tables) in &tables {
        let allowed: &[&str] = match name.as_str() {
            "id" => &["erased", "report"],
            evidence if EVIDENCE.contains(&evidence) => &["report"],
            _ => &[],
        };
        assert!(tables.iter().all(|table| allowed.contains(&table.as_str())), "`{name}` is left in {tables:?}");
    }
    assert!(tables.contains_key("said"), "the report about them keeps its evidence");
    assert_eq!(town.rows("report").await, Some(1), "the report that they made is gone");
    let files = in_files(&town, &planted.canaries).await;
    assert!(files.keys().all(|name| name == "id" || EVIDENCE.contains(&name.as_str())), "{files:?}");
    assert_eq!(std::fs::read_dir(town.albums()).unwrap().count(), 0, "the pictures are gone");

    // When the term of the evidence ends too, only the feed is left to tell of them.
    town.clock.advance(town.g(0).config().safety.keep_reports);
    town.work_off().await;
    let tables = in_tables(&town, &planted.canaries).await;
    assert!(tables.keys().all(|name| name == "id"), "{tables:?}");
    assert!(tables.values().flatten().all(|table| table == "erased"), "{tables:?}");
    let files = in_files(&town, &planted.canaries).await;
    assert!(files.is_empty(), "{files:?}");
    // What others said stays.
    let history = town.store().messages(planted.room, MessageRange::After(0), 10, None).await.unwrap();
    assert_eq!(history.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["", "남는 말"]);
    assert_eq!(history[1].sender, planted.left);
}

/// A canary that is not found while everything is there would prove nothing afterwards.
async fn assert_everything_is_seen(town: &Town, canaries: &Canaries) {
    let all = canaries.names();
    let tables = in_tables(town, canaries).await;
    let unseen: Vec<_> = all.iter().filter(|name| !tables.contains_key(*name)).collect();
    assert_eq!(unseen, ["photo"], "every canary but the picture's own bytes stands in a table");
    let named: BTreeSet<&str> = tables.values().flatten().map(String::as_str).collect();
    let expected = [
        "account",
        "assist_call",
        "finding",
        "impression",
        "job",
        "made",
        "member",
        "message",
        "outbox",
        "pair",
        "pair_list",
        "read_mark",
        "report",
        "room",
        "session",
    ];
    assert_eq!(named, BTreeSet::from(expected));
    let files = in_files(town, canaries).await;
    // PostgreSQL keeps ids as integers; every text stands in its files as it is.
    let unseen: Vec<_> = all.iter().filter(|name| *name != "id" && !files.contains_key(*name)).collect();
    assert!(unseen.is_empty(), "{unseen:?} in no file");
}

/// Jobs and events name members in their text; what is left of a row that was crossed off must not.
async fn no_file_names_an_erased_member(town: Town) {
    let (gone, left) = (town.person("민지", "F", &["M"]).await, town.person("준호", "M", &["F"]).await);
    town.matched(gone, left).await;
    let mut canaries = Canaries::default();
    canaries.add("id", [gone.to_string().as_bytes()]);
    assert!(!in_files(&town, &canaries).await.is_empty());
    town.g(0).safety().erase(gone).await.unwrap();
    town.clock.advance(town.g(0).config().safety.erase_after);
    town.work_off().await;
    town.tell_all().await;
    // The job and the event are crossed off after the erasure; the file is rid of their text by upkeep, ten seconds
    // later. The feed's own entry is an integer, and no text.
    let since = Instant::now();
    loop {
        let found = in_files(&town, &canaries).await;
        if found.is_empty() {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{found:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn what_is_erased_is_gone_for_those_who_stay(town: Town) {
    let gone = town.signed_in(Town::form("minji"), Device::default()).await.member;
    town.wish(gone, &["M"]).await;
    let left = town.person("준호", "M", &["F"]).await;
    let room = town.matched(left, gone).await;
    town.g(0).accounts().delete(gone, None).await.unwrap();
    for past_term in [false, true] {
        if past_term {
            town.clock.advance(town.g(0).config().safety.erase_after);
            town.work_off().await;
        }
        for g in &town.instances {
            let page = Page::first(10);
            assert!(g.chat().rooms(left, page).await.unwrap().is_empty());
            assert!(g.chat().history(left, room, MessageRange::After(0), 10).await.is_err());
            assert!(g.matching().matches(left, page).await.unwrap().is_empty());
            assert!(g.matching().likes_received(left, page).await.unwrap().is_empty());
            assert!(g.matching().like(left, gone, None).await.is_err());
            assert!(g.profiles().card(left, gone).await.is_err());
            assert!(g.profiles().own(gone).await.is_err());
            assert!(g.matching().slate(left, SlateRequest::first(10)).await.unwrap().cards.is_empty());
        }
    }
    // The address and the name are free again.
    let again = town.signed_in(Town::form("minji"), Device::default()).await;
    assert_ne!(again.member, gone);
}
