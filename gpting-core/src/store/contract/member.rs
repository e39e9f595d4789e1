//! What a store promises about members: documents come back as they were put, and names are unique.

use std::sync::Arc;

use super::samples::{
    TEXTS, all_at_once, assert_conflict, assert_stale, commit, full_member, member, member_id, put_member, put_members,
    work,
};
use crate::id::{HostId, MAX_ID};
use crate::matching::Gender;
use crate::profile::{Member, Standing};
use crate::store::{Expect, Store, Unique};

async fn read(store: &dyn Store, n: i64) -> Member {
    let mut rows = store.members(&[member_id(n)]).await.expect("members");
    assert_eq!(rows.len(), 1, "member {n} is there once");
    rows.remove(0).value
}

/// Every field of a member comes back as it was put, from the emptiest document to the fullest, new and replaced.
pub async fn documents_are_read_back_as_put(store: &dyn Store) {
    let mut bare = member(1);
    bare.profile.nickname = String::new();
    let mut put = vec![bare, full_member(2), full_member(MAX_ID)];
    for (n, text) in (10..).zip(TEXTS) {
        let mut written = member(n);
        text.clone_into(&mut written.profile.nickname);
        text.clone_into(&mut written.profile.bio);
        written.host = Some(HostId::new(text));
        written.source = Some(text.to_owned());
        put.push(written);
    }
    for (n, gender) in (30..).zip([None, Some(Gender::M), Some(Gender::F), Some(Gender::O)]) {
        let mut gendered = member(n);
        gendered.profile.gender = gender;
        gendered.standing = Standing::Deactivated;
        put.push(gendered);
    }
    for document in &put {
        commit(store, [put_member(document.clone(), Expect::New)]).await;
    }
    for document in &put {
        assert_eq!(&read(store, document.id.value()).await, document);
    }
    for text in TEXTS {
        let host = store.member_by_host(&HostId::new(text)).await.expect("member");
        assert_eq!(host.expect("put with this host").value.profile.bio, text);
    }
    let mut filled = full_member(1);
    filled.host = None;
    filled.source = None;
    commit(store, [put_member(filled.clone(), Expect::Version(1))]).await;
    assert_eq!(read(store, 1).await, filled);
    let emptied = member(2);
    commit(store, [put_member(emptied.clone(), Expect::Version(1))]).await;
    assert_eq!(read(store, 2).await, emptied);
}

/// `members` answers those that exist, each once, however often and among however many others they are asked for.
pub async fn members_are_found_once(store: &dyn Store) {
    put_members(store, [1, 2, 3]).await;
    assert!(store.members(&[]).await.expect("members").is_empty());
    let many: Vec<_> = (2..2000).chain([2, 3]).map(member_id).collect();
    let mut found: Vec<_> = store.members(&many).await.expect("members");
    found.sort_by_key(|row| row.value.id);
    let ids: Vec<_> = found.iter().map(|row| row.value.id).collect();
    assert_eq!(ids, [2, 3].map(member_id));
}

/// A member is found by the host's id, and only by exactly it.
pub async fn members_are_found_by_host(store: &dyn Store) {
    let mut hosted = member(1);
    hosted.host = Some(HostId::new("Host-1"));
    commit(store, [put_member(hosted.clone(), Expect::New)]).await;
    let found = store.member_by_host(&HostId::new("Host-1")).await.expect("member");
    assert_eq!(found.map(|row| (row.version, row.value)), Some((1, hosted)));
    for other in ["host-1", "Host-1 ", "", "Host-", "Host%"] {
        let found = store.member_by_host(&HostId::new(other)).await.expect("member");
        assert!(found.is_none(), "{other:?} is another host's id");
    }
}

/// Members are found by their source keys: those that exist, each once.
pub async fn members_are_found_by_source(store: &dyn Store) {
    let sourced = |n: i64| {
        let mut sourced = member(n);
        sourced.source = Some(format!("import:{n}"));
        put_member(sourced, Expect::New)
    };
    commit(store, [sourced(1), sourced(2), sourced(3), put_member(member(4), Expect::New)]).await;
    assert!(store.members_by_source(&[]).await.expect("members").is_empty());
    let asked = ["import:3", "import:1", "import:3", "import:4", "IMPORT:2", ""].map(str::to_owned);
    let mut found: Vec<_> = store.members_by_source(&asked).await.expect("members");
    found.sort_by_key(|row| row.value.id);
    let ids: Vec<_> = found.iter().map(|row| row.value.id).collect();
    assert_eq!(ids, [1, 3].map(member_id));
}

/// A host's id and a source belong to one member; taking another's is a conflict that names which, and changes
/// nothing. Keeping one's own is none.
pub async fn host_and_source_are_unique(store: &dyn Store) {
    let named = |n, host: &str, source: &str| {
        let mut named = member(n);
        named.host = Some(HostId::new(host));
        named.source = Some(source.to_owned());
        named
    };
    commit(store, [put_member(named(1, "h1", "s1"), Expect::New)]).await;
    commit(store, [put_member(named(2, "h2", "s2"), Expect::New)]).await;
    let attempts = [
        (named(3, "h1", "s3"), Expect::New, Unique::Host),
        (named(3, "h3", "s1"), Expect::New, Unique::Source),
        (named(2, "h1", "s2"), Expect::Version(1), Unique::Host),
        (named(2, "h2", "s1"), Expect::Version(1), Unique::Source),
    ];
    for (attempt, expect, what) in attempts {
        let result = store.commit(work([put_member(attempt, expect)])).await;
        assert_conflict(&result, what);
    }
    let twins = [named(3, "h3", "s3"), named(4, "h3", "s4")].map(|twin| put_member(twin, Expect::New));
    assert_conflict(&store.commit(work(twins)).await, Unique::Host);
    assert_eq!(store.members(&[member_id(3)]).await.expect("members").len(), 0);
    assert_eq!(read(store, 2).await, named(2, "h2", "s2"));
    commit(store, [put_member(named(2, "h2", "s2"), Expect::Version(1))]).await;
    put_members(store, [5, 6]).await;
}

/// A host's id and a source that a member has let go of can be taken by another.
pub async fn names_are_let_go(store: &dyn Store) {
    let named = |n, name: Option<&str>, expect| {
        let mut named = member(n);
        named.host = name.map(HostId::new);
        named.source = name.map(str::to_owned);
        put_member(named, expect)
    };
    commit(store, [named(1, Some("name"), Expect::New)]).await;
    commit(store, [named(1, Some("other"), Expect::Version(1))]).await;
    assert!(store.member_by_host(&HostId::new("name")).await.expect("member").is_none());
    commit(store, [named(2, Some("name"), Expect::New)]).await;
    commit(store, [named(1, None, Expect::Version(2))]).await;
    commit(store, [named(3, Some("other"), Expect::New)]).await;
    let owner = store.member_by_host(&HostId::new("other")).await.expect("member");
    assert_eq!(owner.map(|row| row.value.id), Some(member_id(3)));
}

/// One work may put a thousand members; one of them that exists already makes all of it stale.
pub async fn many_members_in_one_work(store: &dyn Store) {
    let thousand = |from: i64| {
        work((from..from + 1000).map(|n| {
            let mut imported = member(n);
            imported.source = Some(format!("import:{n}"));
            put_member(imported, Expect::New)
        }))
    };
    store.commit(thousand(1)).await.expect("a thousand members");
    let ids: Vec<_> = (1..=3000).map(member_id).collect();
    assert_eq!(store.members(&ids).await.expect("members").len(), 1000);
    assert_stale(&store.commit(thousand(1000)).await);
    assert_eq!(store.members(&ids).await.expect("members").len(), 1000);
}

/// Of many who take the same host's id at once exactly one succeeds; to the others it is a conflict.
pub async fn one_of_many_claims_of_a_host_wins(store: Arc<dyn Store>) {
    let results = all_at_once((1..=20).map(|n| {
        let store = Arc::clone(&store);
        let mut hosted = member(n);
        hosted.host = Some(HostId::new("one seat"));
        async move { store.commit(work([put_member(hosted, Expect::New)])).await }
    }))
    .await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for lost in results.iter().filter(|result| result.is_err()) {
        assert_conflict(lost, Unique::Host);
    }
    let ids: Vec<_> = (1..=20).map(member_id).collect();
    assert_eq!(store.members(&ids).await.expect("members").len(), 1);
}
