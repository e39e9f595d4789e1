//! What a store promises about what was found of texts, pictures and first messages.

use std::sync::Arc;

use super::samples::{all_at_once, assert_stale, at, commit, finding, key, member_id, put_members, room_id, winners};
use crate::assist::{Aspect, Finding, Judge, Subject};
use crate::chat::Room;
use crate::id::{MAX_ID, PhotoId};
use crate::store::{Before, Change, Expect, Page, Store, Work};

fn put(found: Finding) -> Change {
    Change::PutFinding(Box::new(found))
}

fn photo(n: i64) -> Subject {
    Subject::Photo(PhotoId::new(n).expect("a small positive number"))
}

/// Opens a room between two who are there.
async fn open(store: &dyn Store, room: i64, a: i64, b: i64) {
    commit(store, [Change::PutRoom(Room::open(room_id(room), key(a, b), at(0)), Expect::New)]).await;
}

async fn found(store: &dyn Store, n: i64, subject: Subject) -> Vec<Finding> {
    store.findings(member_id(n), subject).await.expect("findings")
}

/// A finding is found by whose and of what, the judges in the order of their numbers; one of another content or name takes the place
/// of the same judge's.
pub async fn findings_are_read_back_as_put(store: &dyn Store) {
    put_members(store, 1..=2).await;
    let by = |id: i64, by| Finding { by, ..finding(id, 1, 5) };
    let rows = [by(1, Judge::Moderator), by(2, Judge::Rules), by(3, Judge::Model)];
    let of_photo = Finding { subject: photo(MAX_ID), flags: [].into(), by_consent: false, ..finding(4, 1, 6) };
    commit(store, rows.clone().map(put)).await;
    commit(store, [put(of_photo.clone()), put(finding(5, 2, 5))]).await;
    let [moderator, rules, model] = rows;
    assert_eq!(found(store, 1, Subject::Bio).await, [rules.clone(), model.clone(), moderator]);
    assert_eq!(found(store, 1, photo(MAX_ID)).await, [of_photo]);
    assert!(found(store, 1, photo(2)).await.is_empty() && found(store, 2, photo(MAX_ID)).await.is_empty());
    let newer = [
        Finding { content: "other".to_owned(), ..by(6, Judge::Moderator) },
        Finding { name: "other".to_owned(), flags: [].into(), by_consent: false, ..by(7, Judge::Model) },
    ];
    commit(store, newer.clone().map(put)).await;
    let [moderator, model] = newer;
    assert_eq!(found(store, 1, Subject::Bio).await, [rules, model, moderator]);
    assert_eq!(found(store, 2, Subject::Bio).await, [finding(5, 2, 5)]);
}

/// The same judge of the same name who finds something of the same content again makes the work stale, and nothing of it is done.
pub async fn nobody_finds_anything_twice(store: &dyn Store) {
    put_members(store, 1..=2).await;
    commit(store, [put(finding(1, 1, 5))]).await;
    let again = Finding { flags: [].into(), ..finding(2, 1, 9) };
    assert_stale(&store.commit(Work::new().change(put(finding(3, 2, 5))).change(put(again))).await);
    assert_eq!(found(store, 1, Subject::Bio).await, [finding(1, 1, 5)]);
    assert!(found(store, 2, Subject::Bio).await.is_empty());
}

/// What is flagged comes newest first, ties by id descending, in pages without gaps; what is not flagged does not come.
pub async fn the_flagged_are_told_newest_first(store: &dyn Store) {
    put_members(store, 1..=4).await;
    let clean = Finding { flags: [].into(), ..finding(9, 4, 9) };
    let of_photo = Finding { subject: photo(1), ..finding(4, 1, 3) };
    let rows = [finding(1, 1, 5), finding(2, 2, 7), finding(3, 3, 5), of_photo.clone()];
    commit(store, rows.into_iter().chain([clean]).map(put)).await;
    let expected = [finding(2, 2, 7), finding(3, 3, 5), finding(1, 1, 5), of_photo];
    assert_eq!(store.flagged(Page::first(9)).await.expect("findings"), expected);
    let (mut page, mut all) = (Page::first(1), Vec::new());
    while let Some(row) = store.flagged(page).await.expect("findings").pop() {
        page = Page::after(Before { at: row.at, id: row.id.value() }, 1);
        all.push(row);
    }
    assert_eq!(all, expected);
}

/// What was found goes when it is dropped, with its member, and when its time is over; what others have written stays.
pub async fn findings_go_with_what_they_are_about(store: &dyn Store) {
    put_members(store, 1..=3).await;
    open(store, 1, 1, 2).await;
    let first = Subject::FirstMessage(room_id(1));
    let by = |by| Finding { by, subject: photo(1), ..finding(1, 1, 5) };
    let said = |id, n| Finding { subject: first, ..finding(id, n, 5) };
    commit(store, [put(by(Judge::Rules)), put(by(Judge::Moderator)), put(finding(2, 1, 5))]).await;
    commit(store, [put(said(3, 1)), put(said(4, 2)), put(finding(5, 3, -90))]).await;
    commit(store, [Change::DropFindings { member: member_id(1), subject: photo(1) }]).await;
    assert!(found(store, 1, photo(1)).await.is_empty());
    assert_eq!(found(store, 1, Subject::Bio).await.len(), 1);
    commit(store, [Change::Sweep { now: at(10) }]).await;
    assert!(found(store, 3, Subject::Bio).await.is_empty());
    commit(store, [Change::Erase { member: member_id(1), tombstone: member_id(99) }]).await;
    assert!(found(store, 1, Subject::Bio).await.is_empty() && found(store, 1, first).await.is_empty());
    assert!(found(store, 99, first).await.is_empty());
    assert_eq!(store.flagged(Page::first(9)).await.expect("findings"), [said(4, 2)]);
}

/// Forgetting takes what stands by a consent, of that kind alone: of one's own texts and pictures, and of both who talk in one's
/// rooms.
pub async fn what_stands_by_a_consent_is_forgotten_with_it(store: &dyn Store) {
    put_members(store, 1..=4).await;
    open(store, 1, 1, 2).await;
    open(store, 2, 2, 3).await;
    let said = |id, n, room| Finding { subject: Subject::FirstMessage(room_id(room)), ..finding(id, n, 5) };
    let rules = |found: Finding| Finding { by: Judge::Rules, by_consent: false, ..found };
    let bios = [finding(1, 1, 5), rules(finding(2, 1, 5)), finding(3, 2, 5)];
    let photos = [Finding { subject: photo(1), ..finding(4, 1, 5) }];
    let messages = [said(5, 1, 1), said(6, 2, 1), said(7, 2, 2), rules(said(8, 1, 1))];
    commit(store, bios.into_iter().chain(photos).chain(messages).map(put)).await;
    let ids = async || {
        let mut ids: Vec<i64> =
            store.flagged(Page::first(99)).await.expect("findings").iter().map(|found| found.id.value()).collect();
        ids.sort_unstable();
        ids
    };
    let forget = |aspect| [Change::ForgetFindings { member: member_id(1), aspect }];
    commit(store, forget(Aspect::Bio)).await;
    assert_eq!(ids().await, [2, 3, 4, 5, 6, 7, 8]);
    commit(store, forget(Aspect::FirstMessage)).await;
    assert_eq!(ids().await, [2, 3, 4, 7, 8]);
    commit(store, forget(Aspect::Photo)).await;
    assert_eq!(ids().await, [2, 3, 7, 8]);
}

/// Of many who find the same at once, one has found it.
pub async fn one_of_many_finders_wins(store: Arc<dyn Store>) {
    put_members(&*store, [1]).await;
    let acts = (1..=16).map(|n: i64| {
        let store = Arc::clone(&store);
        async move { store.commit(Work::new().change(put(finding(n, 1, 5)))).await }
    });
    assert_eq!(winners(&all_at_once(acts).await), 1);
    assert_eq!(found(&*store, 1, Subject::Bio).await.len(), 1);
}
