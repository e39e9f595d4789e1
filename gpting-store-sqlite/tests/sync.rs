//! A commit is seen to sync: the system calls of a process that commits are counted from outside.
//!
//! The test runs itself again under `strace` (Debian's package of that name). A store that only says
//! `synchronous=FULL`, or that answers before the disk has, makes fewer calls than commits and fails here.

use std::process::Command;

use gpting_core::id::MemberId;
use gpting_core::profile::{Member, Preferences, Profile, Standing};
use gpting_core::store::{Change, Expect, Store as _, Work};
use gpting_store_sqlite::SqliteStore;

/// Set in the process that is watched: the file to commit to.
const WATCHED: &str = "GPTING_WATCHED_COMMITS";
const COMMITS: usize = 20;

#[test]
fn every_commit_reaches_the_disk_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("calls");
    let run = Command::new("strace")
        .args(["--follow-forks", "--trace=fsync,fdatasync", "--output"])
        .arg(&calls)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "commits_one_after_another", "--include-ignored"])
        .env(WATCHED, folder.path().join("watched.db"))
        .output()
        .expect("install the strace package");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    let calls = std::fs::read_to_string(calls).unwrap();
    let synced = calls.lines().filter(|line| line.contains("sync(") && line.ends_with("= 0")).count();
    assert!(synced >= COMMITS, "{COMMITS} commits, one after another, synced {synced} times:\n{calls}");
}

/// Not a test of its own: what the test above watches.
#[tokio::test]
#[ignore = "run by the test that watches it"]
async fn commits_one_after_another() {
    let Some(path) = std::env::var_os(WATCHED) else { return };
    let store = SqliteStore::open(std::path::PathBuf::from(path)).await.unwrap();
    for number in 1..=COMMITS {
        let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let member = Member {
            id: MemberId::new(i64::try_from(number).unwrap()).unwrap(),
            host: None,
            source: None,
            standing: Standing::Active,
            verified: false,
            created_at: at,
            last_active: at,
            profile: Profile::default(),
            preferences: Preferences::default(),
            answers: std::collections::BTreeMap::new(),
            consents: Vec::new(),
            derived: gpting_core::assist::Derived::default(),
            visibility: gpting_core::profile::Visibility::default(),
        };
        store.commit(Work::new().change(Change::PutMember(Box::new(member), Expect::New))).await.unwrap();
    }
}
