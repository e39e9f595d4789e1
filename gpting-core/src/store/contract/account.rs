//! What a store promises about accounts: unique names and addresses, sign-ups that are used once, and one commit for
//! account and member together.

use std::sync::Arc;

use jiff::civil::date;

use super::samples::{
    KINDS, TEXTS, all_at_once, assert_conflict, assert_stale, at, joined, member, member_id, put_member, winners, work,
};
use crate::account::sign_up::CodeHash;
use crate::account::{Account, AccountChange, AccountStore, AccountWork, PendingSignUp, Session};
use crate::id::{PendingId, SessionId};
use crate::safety::{Consent, Purpose};
use crate::store::{Change, Expect, StoreError, StoreResult, Unique, Versioned};

fn account(n: i64) -> Account {
    Account {
        member: member_id(n),
        username: format!("user{n}"),
        email: format!("User.{n}@Example.com"),
        email_canonical: format!("user.{n}@example.com"),
        password_hash: format!("$argon2id$v=19$m=1,t=1,p=1$c2FsdA${n}"),
        created_at: at(n),
    }
}

fn session(n: i64, of: i64) -> Session {
    Session {
        id: SessionId::new(n).expect("a small positive number"),
        member: member_id(of),
        device: TEXTS[0].to_owned(),
        network: "2001:db8:1::/48".to_owned(),
        created_at: at(n),
        last_seen: at(n + 1),
        expires_at: at(n + 1000),
        idle_until: at(n + 100),
        refresh_hash: format!("refresh {n}"),
        previous_hash: None,
        rotated_at: at(n),
    }
}

fn pending(n: i64, email: &str) -> PendingSignUp {
    PendingSignUp {
        id: PendingId::new(n).expect("a small positive number"),
        email: email.to_uppercase(),
        email_canonical: email.to_owned(),
        username: "wished-for".to_owned(),
        password_hash: "$argon2id$".to_owned(),
        nickname: TEXTS[0].to_owned(),
        gender: "O".to_owned(),
        birth_date: None,
        bio: String::new(),
        consents: Vec::new(),
        language: "ko".to_owned(),
        code: None,
        mails: Vec::new(),
        created_at: at(n),
    }
}

fn put_account(account: Account, expect: Expect) -> AccountChange {
    AccountChange::PutAccount(Box::new(account), expect)
}

fn put_session(session: Session, expect: Expect) -> AccountChange {
    AccountChange::PutSession(Box::new(session), expect)
}

fn put_pending(pending: PendingSignUp, expect: Expect) -> AccountChange {
    AccountChange::PutPending(Box::new(pending), expect)
}

fn account_work(changes: impl IntoIterator<Item = AccountChange>) -> AccountWork {
    changes.into_iter().fold(AccountWork::new(), AccountWork::change)
}

/// Commits changes that nothing stands in the way of.
async fn commit(store: &dyn AccountStore, changes: impl IntoIterator<Item = AccountChange>) {
    store.commit_account(account_work(changes)).await.expect("this work can be committed");
}

/// Commits changes that something stands in the way of.
async fn refused(store: &dyn AccountStore, change: AccountChange) -> StoreResult<()> {
    store.commit_account(account_work([change])).await.map(drop)
}

/// Puts members with these numbers, and their accounts.
async fn sign_up(store: &dyn AccountStore, numbers: impl IntoIterator<Item = i64>) {
    for n in numbers {
        let member = work([put_member(member(n), Expect::New)]);
        let both = account_work([put_account(account(n), Expect::New)]).with(member);
        store.commit_account(both).await.expect("account and member are new");
    }
}

async fn read(store: &dyn AccountStore, n: i64) -> Option<Versioned<Account>> {
    store.account(member_id(n)).await.expect("account")
}

/// Accounts, sessions and pending sign-ups come back as they were put, with every field empty and filled.
pub async fn accounts_are_read_back_as_put(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    assert_eq!(read(store, 1).await, Some(Versioned { version: 1, value: account(1) }));
    assert_eq!(read(store, 2).await, None);
    let renamed = Account { username: "another".to_owned(), password_hash: TEXTS[3].to_owned(), ..account(1) };
    commit(store, [put_account(renamed.clone(), Expect::Version(1))]).await;
    assert_eq!(read(store, 1).await, Some(Versioned { version: 2, value: renamed }));

    let rotated = Session { previous_hash: Some("old".to_owned()), ..session(1, 1) };
    for (version, put) in (1..).zip([session(1, 1), rotated]) {
        let expect = if version == 1 { Expect::New } else { Expect::Version(version - 1) };
        commit(store, [put_session(put.clone(), expect)]).await;
        let found = store.session(put.id).await.expect("session");
        assert_eq!(found, Some(Versioned { version, value: put }));
    }

    let bare = pending(1, "new@example.com");
    let full = PendingSignUp {
        birth_date: Some(date(2000, 2, 29)),
        bio: TEXTS.concat(),
        consents: vec![Consent {
            purpose: Purpose::Terms,
            version: "1".to_owned(),
            granted: true,
            at: at(1),
            source: "sign_up".to_owned(),
        }],
        code: Some(CodeHash { hash: "$argon2id$".to_owned(), expires_at: at(600), tries: 3 }),
        mails: vec![at(1), at(2)],
        ..bare.clone()
    };
    for (version, put) in (1..).zip([bare, full]) {
        let expect = if version == 1 { Expect::New } else { Expect::Version(version - 1) };
        commit(store, [put_pending(put.clone(), expect)]).await;
        let found = store.pending(put.id).await.expect("pending");
        assert_eq!(found, Some(Versioned { version, value: put }));
    }
}

/// Account rows are created at version 1 and replaced at the version they have; anything else is stale.
pub async fn account_rows_have_versions(store: &dyn AccountStore) {
    sign_up(store, [9]).await;
    let member = work([put_member(member(1), Expect::New)]);
    store.commit_account(AccountWork::new().with(member)).await.expect("a new member");
    let puts: [fn(Expect) -> AccountChange; 3] = [
        |expect| put_account(account(1), expect),
        |expect| put_session(session(1, 9), expect),
        |expect| put_pending(pending(1, "new@example.com"), expect),
    ];
    for put in puts {
        assert_stale(&refused(store, put(Expect::Version(1))).await);
        commit(store, [put(Expect::New)]).await;
        assert_stale(&refused(store, put(Expect::New)).await);
        assert_stale(&refused(store, put(Expect::Version(2))).await);
        commit(store, [put(Expect::Version(1))]).await;
        assert_stale(&refused(store, put(Expect::Version(1))).await);
        commit(store, [put(Expect::Version(2))]).await;
    }
}

/// A user name and a canonical address belong to one account; taking another's is a conflict that names which, and
/// the whole work is not done.
pub async fn names_and_addresses_are_unique(store: &dyn AccountStore) {
    sign_up(store, [1, 2]).await;
    let same_name = |n| Account { username: account(1).username, ..account(n) };
    let same_address = |n| Account { email_canonical: account(1).email_canonical, ..account(n) };
    let attempts = [
        (same_name(3), Expect::New, Unique::Username),
        (same_address(3), Expect::New, Unique::Email),
        (same_name(2), Expect::Version(1), Unique::Username),
        (same_address(2), Expect::Version(1), Unique::Email),
    ];
    for (attempt, expect, what) in attempts {
        let mut domain = work([Change::PutJob(super::samples::job(1, 1), Expect::New)]);
        if expect == Expect::New {
            domain = domain.change(put_member(member(3), Expect::New));
        }
        let both = account_work([put_account(attempt, expect)]).with(domain.event(joined(3)));
        assert_conflict(&store.commit_account(both).await, what);
    }
    assert!(store.members(&[member_id(3)]).await.expect("members").is_empty());
    assert!(store.due_jobs(&KINDS, at(9), 9).await.expect("jobs").is_empty());
    assert!(store.events(0, 9).await.expect("events").is_empty());
    assert_eq!(read(store, 2).await, Some(Versioned { version: 1, value: account(2) }));
    // The address as written is not what is unique, and one's own name is not taken.
    let written_alike = Account { email: account(1).email, ..account(2) };
    commit(store, [put_account(written_alike, Expect::Version(1))]).await;
}

/// An account is found by its user name and by its canonical address, and by nothing else.
pub async fn accounts_are_found_by_login(store: &dyn AccountStore) {
    sign_up(store, [1, 2]).await;
    for login in [account(2).username, account(2).email_canonical] {
        let found = store.account_by_login(&login).await.expect("account");
        assert_eq!(found, Some(Versioned { version: 1, value: account(2) }));
    }
    for login in ["", "user", "USER2", "user.2@example.co", "User.2@Example.com", "user_", "%"] {
        assert_eq!(store.account_by_login(login).await.expect("account"), None, "{login:?}");
    }
}

/// A changed name is found, the old one is not and can be taken.
pub async fn names_can_change(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    let renamed =
        Account { username: "renamed".to_owned(), email_canonical: "moved@example.com".to_owned(), ..account(1) };
    commit(store, [put_account(renamed, Expect::Version(1))]).await;
    for (login, found) in
        [("renamed", true), ("moved@example.com", true), ("user1", false), ("user.1@example.com", false)]
    {
        assert_eq!(store.account_by_login(login).await.expect("account").is_some(), found, "{login}");
    }
    let heir = Account { member: member_id(2), ..account(1) };
    let both = account_work([put_account(heir, Expect::New)]).with(work([put_member(member(2), Expect::New)]));
    store.commit_account(both).await.expect("name and address are free");
}

/// A member's sessions are listed newest first, ties by id descending, and nobody else's.
pub async fn sessions_are_listed_newest_first(store: &dyn AccountStore) {
    sign_up(store, [1, 2]).await;
    let mut tied = session(7, 1);
    tied.created_at = at(3);
    let newest = Session { created_at: at(20), ..session(2, 1) };
    let sessions = [session(3, 1), session(9, 1), session(5, 2), tied, session(1, 1), newest.clone()];
    commit(store, sessions.map(|session| put_session(session, Expect::New))).await;
    let listed = store.list_sessions(member_id(1)).await.expect("sessions");
    let ids: Vec<_> = listed.iter().map(|session| session.id.value()).collect();
    assert_eq!(ids, [2, 9, 7, 3, 1]);
    assert_eq!(listed[0], newest);
    assert!(store.list_sessions(member_id(3)).await.expect("sessions").is_empty());
}

/// A deleted session is gone; deleting what is not there is no error.
pub async fn sessions_are_deleted(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    commit(store, [1, 2].map(|n| put_session(session(n, 1), Expect::New))).await;
    commit(store, [AccountChange::DeleteSession(session(1, 1).id)]).await;
    assert_eq!(store.session(session(1, 1).id).await.expect("session"), None);
    assert_eq!(store.list_sessions(member_id(1)).await.expect("sessions"), [session(2, 1)]);
    commit(store, [AccountChange::DeleteSession(session(1, 1).id)]).await;
    assert_stale(&refused(store, put_session(session(1, 1), Expect::Version(1))).await);
}

/// A session has ended when it was deleted, never was, or its time is over: the earlier of its two.
pub async fn ended_sessions_are_told(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    let until = |n, seconds, idle| Session { expires_at: at(seconds), idle_until: at(idle), ..session(n, 1) };
    let sessions = [until(1, 100, 50), until(2, 40, 60), until(3, 100, 100)];
    commit(store, sessions.map(|session| put_session(session, Expect::New))).await;
    let ended = async |seconds: i64| -> Vec<i64> {
        let asked = [3, 1, 4, 2].map(|n| session(n, 1).id);
        let ended = store.ended_sessions(&asked, at(seconds)).await.expect("sessions");
        let mut ended: Vec<i64> = ended.iter().map(|id| id.value()).collect();
        ended.sort_unstable();
        ended
    };
    let four = session(4, 1).id.value();
    assert_eq!(ended(39).await, [four]);
    assert_eq!(ended(40).await, [2, four], "at its last instant it is over");
    assert_eq!(ended(50).await, [1, 2, four]);
    commit(store, [put_session(until(1, 100, 90), Expect::Version(1))]).await;
    assert_eq!(ended(50).await, [2, four], "a refresh prolongs it");
    commit(store, [AccountChange::DeleteSession(session(3, 1).id)]).await;
    assert_eq!(ended(0).await, [3, four]);
    assert!(store.ended_sessions(&[], at(0)).await.expect("sessions").is_empty());
}

/// Any number of pending sign-ups may share an address and a name, also those of an account; they are listed newest
/// first.
pub async fn pending_sign_ups_claim_nothing(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    let taken = account(1).email_canonical;
    let begun = |n, seconds| PendingSignUp { created_at: at(seconds), ..pending(n, &taken) };
    let pendings = [begun(1, 9), begun(5, 2), begun(2, 2), pending(3, "other@example.com")];
    let named = pendings.map(|pending| PendingSignUp { username: account(1).username, ..pending });
    commit(store, named.map(|pending| put_pending(pending, Expect::New))).await;
    let found = store.pendings_by_email(&taken).await.expect("pendings");
    let ids: Vec<_> = found.iter().map(|row| (row.value.id.value(), row.version)).collect();
    assert_eq!(ids, [(1, 1), (5, 1), (2, 1)]);
    assert!(store.pendings_by_email("nobody@example.com").await.expect("pendings").is_empty());
    assert_eq!(store.account_by_login("other@example.com").await.expect("account"), None);
}

/// Dropping by address takes every pending sign-up with it, and no other.
pub async fn pending_sign_ups_are_dropped(store: &dyn AccountStore) {
    let pendings = [(1, "a@example.com"), (2, "b@example.com"), (3, "a@example.com")];
    commit(store, pendings.map(|(n, email)| put_pending(pending(n, email), Expect::New))).await;
    commit(store, [AccountChange::DropPendings { email: "a@example.com".to_owned() }]).await;
    assert!(store.pendings_by_email("a@example.com").await.expect("pendings").is_empty());
    assert_eq!(store.pending(pending(3, "").id).await.expect("pending"), None);
    assert_eq!(store.pendings_by_email("b@example.com").await.expect("pendings").len(), 1);
    commit(store, [AccountChange::DropPendings { email: "a@example.com".to_owned() }]).await;
}

/// Sign-ups begun before the given time go; one begun just then stays.
pub async fn old_pending_sign_ups_are_dropped(store: &dyn AccountStore) {
    commit(store, (1..=4).map(|n| put_pending(pending(n, "a@example.com"), Expect::New))).await;
    commit(store, [AccountChange::DropOldPendings { before: at(3) }]).await;
    let left = store.pendings_by_email("a@example.com").await.expect("pendings");
    let ids: Vec<_> = left.iter().map(|row| row.value.id.value()).collect();
    assert_eq!(ids, [4, 3]);
}

/// Sessions that have ended before the given time go, by their life or by their idleness; the others stay, also those that
/// were refreshed in the meantime.
pub async fn ended_sessions_are_dropped(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    let ends =
        |n: i64, expires: i64, idle: i64| Session { expires_at: at(expires), idle_until: at(idle), ..session(n, 1) };
    let sessions = [ends(1, 50, 90), ends(2, 90, 49), ends(3, 49, 49), ends(4, 90, 90)];
    commit(store, sessions.map(|session| put_session(session, Expect::New))).await;
    commit(store, [put_session(ends(3, 90, 60), Expect::Version(1))]).await;
    commit(store, [AccountChange::DropEndedSessions { before: at(50) }]).await;
    let left = store.list_sessions(member_id(1)).await.expect("sessions");
    assert_eq!(left.iter().map(|session| session.id.value()).collect::<Vec<_>>(), [4, 3, 1]);
    assert_eq!(store.session(ends(2, 0, 0).id).await.expect("session"), None);
    commit(store, [AccountChange::DropEndedSessions { before: at(1_000) }]).await;
    assert!(store.list_sessions(member_id(1)).await.expect("sessions").is_empty());
}

/// Erasing an account takes its sessions and the pending sign-ups with its address; name and address are free
/// afterwards. Who has no account is passed over.
pub async fn accounts_are_erased(store: &dyn AccountStore) {
    sign_up(store, [1, 2]).await;
    let pendings = [(1, account(1).email_canonical), (2, account(2).email_canonical)];
    commit(store, pendings.map(|(n, email)| put_pending(pending(n, &email), Expect::New))).await;
    commit(store, [(1, 1), (2, 1), (3, 2)].map(|(n, of)| put_session(session(n, of), Expect::New))).await;
    let erase = Change::Erase { member: member_id(1), tombstone: member_id(99) };
    let both = account_work([AccountChange::EraseAccount(member_id(1))]).with(work([erase]));
    store.commit_account(both).await.expect("the account is there");
    assert_eq!(read(store, 1).await, None);
    for login in [account(1).username, account(1).email_canonical] {
        assert_eq!(store.account_by_login(&login).await.expect("account"), None);
    }
    assert!(store.list_sessions(member_id(1)).await.expect("sessions").is_empty());
    assert_eq!(store.session(session(1, 1).id).await.expect("session"), None);
    assert!(store.pendings_by_email(&account(1).email_canonical).await.expect("pendings").is_empty());
    assert!(store.members(&[member_id(1)]).await.expect("members").is_empty());
    assert_eq!(read(store, 2).await, Some(Versioned { version: 1, value: account(2) }));
    assert_eq!(store.list_sessions(member_id(2)).await.expect("sessions").len(), 1);
    assert_eq!(store.pendings_by_email(&account(2).email_canonical).await.expect("pendings").len(), 1);
    commit(store, [AccountChange::EraseAccount(member_id(1)), AccountChange::EraseAccount(member_id(50))]).await;
    let heir = Account { member: member_id(3), ..account(1) };
    let both = account_work([put_account(heir, Expect::New)]).with(work([put_member(member(3), Expect::New)]));
    store.commit_account(both).await.expect("name and address are free");
}

/// Account changes and domain changes are one work: whichever half fails, neither is done.
pub async fn both_halves_commit_as_one(store: &dyn AccountStore) {
    sign_up(store, [1]).await;
    commit(store, [put_pending(pending(1, "new@example.com"), Expect::New)]).await;
    let verified = |member_expect| {
        account_work([
            AccountChange::TakePending(pending(1, "").id),
            put_account(account(2), Expect::New),
            put_session(session(1, 2), Expect::New),
        ])
        .with(work([put_member(member(2), member_expect)]).event(joined(2)))
    };
    assert_stale(&store.commit_account(verified(Expect::Version(4))).await);
    assert_eq!(read(store, 2).await, None);
    assert_eq!(store.session(session(1, 2).id).await.expect("session"), None);
    assert!(store.pending(pending(1, "").id).await.expect("pending").is_some());
    assert!(store.events(0, 9).await.expect("events").is_empty());
    let mut twice = verified(Expect::New);
    twice.changes.push(AccountChange::TakePending(pending(1, "").id));
    assert_stale(&store.commit_account(twice).await);
    assert!(store.members(&[member_id(2)]).await.expect("members").is_empty());
    store.commit_account(verified(Expect::New)).await.expect("nothing stands in the way");
    assert_eq!(read(store, 2).await, Some(Versioned { version: 1, value: account(2) }));
    assert_eq!(store.members(&[member_id(2)]).await.expect("members").len(), 1);
    assert_eq!(store.pending(pending(1, "").id).await.expect("pending"), None);
    assert_eq!(store.events(0, 9).await.expect("events").len(), 1);
    store.commit_account(AccountWork::new()).await.expect("empty work is committed");
}

/// Of twenty who use the same pending sign-up at once exactly one gets through; afterwards it is stale for everybody.
pub async fn a_pending_sign_up_is_taken_once(store: Arc<dyn AccountStore>) {
    commit(&*store, [put_pending(pending(1, "new@example.com"), Expect::New)]).await;
    let take = |n| {
        account_work([AccountChange::TakePending(pending(1, "").id), put_account(account(n), Expect::New)])
            .with(work([put_member(member(n), Expect::New)]))
    };
    let results = all_at_once((1..=20).map(|n| {
        let store = Arc::clone(&store);
        async move { store.commit_account(take(n)).await }
    }))
    .await;
    assert_eq!(winners(&results), 1);
    let everybody: Vec<_> = (1..=20).map(member_id).collect();
    assert_eq!(store.members(&everybody).await.expect("members").len(), 1);
    assert_stale(&store.commit_account(take(30)).await);
}

/// Of twenty who take the same address at once exactly one gets it; to the others it is a conflict.
pub async fn one_of_many_claims_of_an_address_wins(store: Arc<dyn AccountStore>) {
    let results = all_at_once((1..=20).map(|n| {
        let store = Arc::clone(&store);
        let claimed = Account { email_canonical: "one@example.com".to_owned(), ..account(n) };
        let both = account_work([put_account(claimed, Expect::New)]).with(work([put_member(member(n), Expect::New)]));
        async move { store.commit_account(both).await }
    }))
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for lost in &results {
        assert!(matches!(lost, Ok(_) | Err(StoreError::Conflict { what: Unique::Email })), "{lost:?}");
    }
    let everybody: Vec<_> = (1..=20).map(member_id).collect();
    assert_eq!(store.members(&everybody).await.expect("members").len(), 1);
}
