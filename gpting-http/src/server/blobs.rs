//! Photos as files in a folder, or as objects in a bucket ([`bucket`]).
//!
//! Called by the core with random names it made itself; calls `object_store`, which writes beside the place and moves
//! the whole file in, or puts an object in one request. Invariants: `Ok` of a put means that the bytes survive a power cut, a
//! name is used once, and none reaches outside the folder or the prefix, whoever made it.

mod bucket;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use gpting_core::port::{BlobStore, PortError};
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, path};

pub(crate) use self::bucket::{Bucket, BucketError};
use super::keys::{KeyError, make_private_folder};

/// Longest name.
const NAME_BYTES: usize = 128;
/// After this time nobody is writing a draft any more.
const DRAFTS_AFTER: Duration = Duration::from_hours(1);

/// Keeps photos.
#[derive(Debug)]
pub(crate) struct Blobs {
    store: Box<dyn ObjectStore>,
    /// What every name begins with; empty for a folder.
    prefix: path::Path,
}

impl Blobs {
    /// Photos in `folder`, which is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, KeyError> {
        make_private_folder(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| KeyError::File { path: folder.to_owned(), source: std::io::Error::other(error) })?
            .with_fsync(true);
        forget_drafts(folder);
        Ok(Self { store: Box::new(store), prefix: path::Path::default() })
    }

    /// Photos in a bucket, with credentials and endpoint by the usual `AWS_*` variables. Nothing is connected yet.
    ///
    /// # Errors
    /// When the variables cannot be used.
    pub(crate) fn in_bucket(
        bucket: &Bucket,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, BucketError> {
        Ok(Self { store: Box::new(bucket.open(variables)?), prefix: bucket.prefix() })
    }

    /// The place of a name: letters, digits, `-` and `_` only, so that it is one file of the folder, or right below the prefix.
    fn place(&self, key: &str) -> Result<path::Path, PortError> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if key.is_empty() || key.len() > NAME_BYTES || !key.chars().all(is_plain) {
            return Err(PortError::new("naming a photo", "a name is letters, digits, `-` and `_`"));
        }
        Ok(self.prefix.clone().join(key))
    }
}

/// Deletes what was being written when a process died: such files have a `#` in their name, which no picture has. Those of
/// the last hour may be another instance's, in the middle of it.
fn forget_drafts(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_old = entry.metadata().and_then(|file| file.modified());
        let is_old = is_old.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DRAFTS_AFTER));
        if is_old && entry.file_name().to_string_lossy().contains('#') {
            // One that cannot be deleted now is found at the next start.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[async_trait]
impl BlobStore for Blobs {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), PortError> {
        // Names are never used again: overwriting would show one member's photo as another's.
        self.store
            .put_opts(&self.place(key)?, PutPayload::from(bytes), PutMode::Create.into())
            .await
            .map_err(|error| PortError::new("keeping a photo", error))?;
        Ok(())
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, PortError> {
        let found = match self.store.get(&self.place(key)?).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        match found {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(PortError::new("fetching a photo", error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), PortError> {
        match self.store.delete(&self.place(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(PortError::new("deleting a photo", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_photo_is_kept_until_it_is_deleted() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("photos");
        let blobs = Blobs::in_folder(&folder).unwrap();
        blobs.put("a1", b"pixels".to_vec()).await.unwrap();
        assert!(blobs.put("a1", b"others".to_vec()).await.is_err(), "names are used once");
        let reopened = Blobs::in_folder(&folder).unwrap();
        assert_eq!(reopened.get("a1").await.unwrap().as_deref(), Some(b"pixels".as_slice()));
        blobs.delete("a1").await.unwrap();
        blobs.delete("a1").await.unwrap();
        assert_eq!(blobs.get("a1").await.unwrap(), None);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn old_drafts_are_forgotten_at_the_start_and_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("photos");
        Blobs::in_folder(&folder).unwrap().put("whole", b"pixels".to_vec()).await.unwrap();
        let age = |name: &str, by: Duration| {
            let file =
                std::fs::File::options().write(true).create(true).truncate(false).open(folder.join(name)).unwrap();
            let now = file.metadata().unwrap().modified().unwrap();
            file.set_modified(now - by).unwrap();
        };
        age("whole", DRAFTS_AFTER * 9);
        age("old#1", DRAFTS_AFTER * 2);
        age("young#1", DRAFTS_AFTER / 2);
        Blobs::in_folder(&folder).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort_unstable();
        assert_eq!(left, ["whole", "young#1"]);
    }

    #[tokio::test]
    async fn no_name_leads_out_of_the_folder() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join("secret"), "x").unwrap();
        let blobs = Blobs::in_folder(&data.path().join("photos")).unwrap();
        for key in ["", "../secret", "a/b", ".", "..", "a.b", "%2e%2e", "가", "a\0b", &"a".repeat(129)] {
            assert!(blobs.get(key).await.is_err(), "{key:?}");
            assert!(blobs.put(key, Vec::new()).await.is_err(), "{key:?}");
            assert!(blobs.delete(key).await.is_err(), "{key:?}");
        }
    }
}
