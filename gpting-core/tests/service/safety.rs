//! Blocks, reports, erasure, consent.

use gpting_core::Code;
use gpting_core::chat::Draft;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::safety::{ConsentInput, Purpose, ReportInput, ReportReason};
use gpting_core::store::{Page, Store as _};
use jiff::SignedDuration;

use crate::people::town;

#[tokio::test]
async fn a_block_makes_two_people_vanish_for_each_other() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    town.g.chat().send(a, room, Draft::text("하나")).await.unwrap();
    assert!(!town.g.safety().block(a, b).await.unwrap());
    assert!(town.g.safety().block(a, b).await.unwrap());
    for (me, other) in [(a, b), (b, a)] {
        assert_eq!(town.g.profiles().card(me, other).await.unwrap_err().code(), Code::MemberNotFound);
        assert_eq!(town.g.matching().like(me, other, None).await.unwrap_err().code(), Code::MemberNotFound);
        assert!(town.g.chat().rooms(me, Page::first(5)).await.unwrap().is_empty());
        assert!(town.g.matching().matches(me, Page::first(5)).await.unwrap().is_empty());
        assert!(town.g.matching().slate(me, SlateRequest::first(5)).await.unwrap().cards.is_empty());
        let said = town.g.chat().send(me, room, Draft::text("둘")).await;
        assert_eq!(said.unwrap_err().code(), Code::RoomNotFound);
    }
    assert_eq!(town.g.safety().blocks(a, Page::first(5)).await.unwrap()[0].id, b);
    assert!(town.g.safety().blocks(b, Page::first(5)).await.unwrap().is_empty(), "the blocked never learns of it");
    assert_eq!(town.g.safety().unblock(b, a).await.unwrap_err().code(), Code::MemberNotFound);
    town.g.safety().unblock(a, b).await.unwrap();
    assert!(town.g.matching().matches(a, Page::first(5)).await.unwrap().is_empty(), "the match does not come back");
    assert_eq!(town.g.chat().read(a, room, 1).await.unwrap_err().code(), Code::RoomNotFound);
}

#[tokio::test]
async fn a_report_copies_the_evidence_and_adds_to_the_open_case() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    for n in 0..30 {
        let sender = if n % 2 == 0 { a } else { b };
        town.g.chat().send(sender, room, Draft::text(format!("말 {n}"))).await.unwrap();
    }
    let input =
        ReportInput { subject: b, reason: ReportReason::Harassment, detail: "무서워요".to_owned(), seq: Some(16) };
    let id = town.g.safety().report(a, input.clone()).await.unwrap();
    assert_eq!(town.g.safety().report(a, input).await.unwrap(), id);
    let case = town.store.open_report(a, b).await.unwrap().unwrap().value;
    assert_eq!((case.id, case.entries.len()), (id, 2));
    let evidence = &case.entries[0].evidence;
    let seqs: Vec<u64> = evidence.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (6..=26).collect::<Vec<_>>());
    assert!(evidence.messages.iter().all(|message| message.by_subject == (message.seq % 2 == 0)));
    assert_eq!(evidence.bio, "준호입니다");
    let input = ReportInput { subject: b, reason: ReportReason::Spam, detail: String::new(), seq: Some(2) };
    town.g.safety().report(a, input).await.unwrap();
    let case = town.store.open_report(a, b).await.unwrap().unwrap().value;
    let seqs: Vec<u64> = case.entries[2].evidence.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=12).collect::<Vec<_>>(), "ten neighbours on each side, no more");
    let eve = town.person("이브", "F", &["F"]).await;
    let input = ReportInput { subject: b, reason: ReportReason::Spam, detail: String::new(), seq: None };
    assert_eq!(town.g.safety().report(eve, input).await.unwrap_err().code(), Code::MemberNotFound);
}

#[tokio::test]
async fn erasure_hides_at_once_and_erases_when_the_term_ends() {
    let town = town().await;
    let (a, b, room) = town.couple().await;
    town.g.chat().send(a, room, Draft::text("비밀")).await.unwrap();
    town.g.safety().erase(a).await.unwrap();
    town.g.safety().erase(a).await.unwrap();
    assert_eq!(town.g.profiles().card(b, a).await.unwrap_err().code(), Code::MemberNotFound);
    assert!(town.g.chat().rooms(b, Page::first(5)).await.unwrap().is_empty());
    assert_eq!(town.g.profiles().own(a).await.unwrap_err().code(), Code::AccountErased);
    town.clock.advance(SignedDuration::from_hours(13 * 24));
    assert_eq!(
        town.g.run_due_jobs().await.unwrap(),
        2,
        "a look at the match and one at a first message, and no erasure"
    );
    town.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(town.g.run_due_jobs().await.unwrap(), 2);
    assert!(town.store.members(&[a]).await.unwrap().is_empty());
    assert!(!format!("{:?}", town.store).contains("비밀"));
    assert!(only_the_feed_names(&town.store, a));
    assert_eq!(town.g.profiles().own(a).await.unwrap_err().code(), Code::TokenInvalid);
}

/// The feed of changes has to tell other instances whom to forget; nothing else may name who is gone.
pub fn only_the_feed_names(store: &gpting_core::store::MemoryStore, gone: gpting_core::id::MemberId) -> bool {
    format!("{store:?}").matches(&gone.to_string()).count() == 2
}

#[tokio::test]
async fn withdrawing_a_consent_erases_what_stood_on_it() {
    let town = town().await;
    let a = town.person("민지", "F", &["M"]).await;
    let consent = |granted| vec![ConsentInput { purpose: Purpose::Location, version: "2026-01".to_owned(), granted }];
    assert_eq!(town.g.profiles().set_consents(a, consent(true)).await.unwrap().len(), 1);
    assert_eq!(town.g.profiles().set_consents(a, consent(true)).await.unwrap().len(), 1, "the same again is no news");
    assert!(town.g.profiles().location(a).await.unwrap().is_some());
    assert_eq!(town.g.profiles().set_consents(a, consent(false)).await.unwrap().len(), 2);
    assert!(town.g.profiles().location(a).await.unwrap().is_none());
}
