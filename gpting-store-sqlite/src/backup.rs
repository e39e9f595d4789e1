//! A copy of the database while it is in use.
//!
//! `VACUUM INTO` reads one snapshot and writes a compact file: writers go on meanwhile, nothing erased is in it, and no
//! log has to be copied with it. It does not wait for the disk, so that is done here before the file gets its name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gpting_core::store::{StoreError, StoreResult};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::error::from_sqlx;

/// Copies the database file `from`, which other processes may be using, to a new file `to` that only its owner can read;
/// answers its size in bytes. The copy is as the database was at one instant, is checked, and is on the disk when this
/// returns; until then it is called `<to>.part`. Opening a store on it restores it.
///
/// Takes about as long as writing the file does, and as much room as what is in it.
///
/// # Errors
/// [`StoreError::Unavailable`] when `from` is not there or `to` is, or one of them cannot be used;
/// [`StoreError::Internal`] when the copy is not sound.
pub async fn backup(from: impl AsRef<Path>, to: impl AsRef<Path>) -> StoreResult<u64> {
    let (from, to) = (from.as_ref(), to.as_ref());
    if to.try_exists().map_err(unusable)? {
        return Err(unusable(io::Error::new(
            io::ErrorKind::AlreadyExists,
            format!("{} is there already", to.display()),
        )));
    }
    let part = PathBuf::from(format!("{}.part", to.display()));
    // Made beforehand, because it would be readable by others otherwise. SQLite takes an empty file for a new one.
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(unusable)?;
    let copied = copy(from, &part).await;
    if copied.is_err() {
        // What is left of it is of no use; that it stays would hide the cause.
        let _ = fs::remove_file(&part);
    }
    copied?;
    let (part, to) = (part.clone(), to.to_owned());
    tokio::task::spawn_blocking(move || settle(&part, &to))
        .await
        .map_err(|error| StoreError::Internal(Box::new(error)))?
        .map_err(unusable)
}

async fn copy(from: &Path, part: &Path) -> StoreResult<()> {
    let options =
        SqliteConnectOptions::new().filename(from).create_if_missing(false).busy_timeout(Duration::from_secs(30));
    let mut connection = options.connect().await.map_err(from_sqlx)?;
    let target = part.to_str().ok_or_else(|| unusable(io::Error::from(io::ErrorKind::InvalidFilename)))?;
    sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await.map_err(from_sqlx)?;
    connection.close().await.map_err(from_sqlx)?;

    let mut copy = SqliteConnectOptions::new().filename(part).read_only(true).connect().await.map_err(from_sqlx)?;
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await.map_err(from_sqlx)?;
    copy.close().await.map_err(from_sqlx)?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Internal(format!("the copy is not sound: {verdict}").into())) }
}

/// Puts the file on the disk, gives it its name, and puts that on the disk too.
fn settle(part: &Path, to: &Path) -> io::Result<u64> {
    let file = File::open(part)?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    // A name that has been taken meanwhile is left alone.
    fs::hard_link(part, to)?;
    fs::remove_file(part)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(bytes)
}

fn unusable(error: io::Error) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use gpting_core::id::MemberId;
    use gpting_core::profile::{Member, Preferences, Profile, Standing};
    use gpting_core::store::{Change, Expect, Store as _, Work};

    use super::*;
    use crate::SqliteStore;

    fn put(id: i64) -> Work {
        let at = jiff::Timestamp::UNIX_EPOCH;
        let member = Member {
            id: MemberId::new(id).unwrap(),
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
        Work::new().change(Change::PutMember(Box::new(member), Expect::New))
    }

    #[tokio::test]
    async fn a_copy_is_whole_private_and_never_over_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("gpting.db"), folder.path().join("copy.db"));
        assert!(matches!(backup(&from, &to).await, Err(StoreError::Unavailable(_))), "nothing to copy");
        assert!(!to.exists() && !folder.path().join("copy.db.part").exists());
        let store = SqliteStore::open(&from).await.unwrap();
        store.commit(put(1)).await.unwrap();
        // The store is open, and what it has acknowledged may still be in its log alone.
        let bytes = backup(&from, &to).await.unwrap();
        store.commit(put(2)).await.unwrap();
        let meta = fs::metadata(&to).unwrap();
        assert_eq!((meta.len(), meta.permissions().mode() & 0o777), (bytes, 0o600));
        assert!(matches!(backup(&from, &to).await, Err(StoreError::Unavailable(_))), "it is there already");
        let copy = SqliteStore::open(&to).await.unwrap();
        let ids = [1, 2].map(|id| MemberId::new(id).unwrap());
        assert_eq!(copy.members(&ids).await.unwrap().len(), 1, "as it was then");
        assert_eq!(store.members(&ids).await.unwrap().len(), 2);
    }
}
