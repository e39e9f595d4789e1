//! The index between two starts, as one file of the data folder.
//!
//! Called by the core, from threads where waiting is allowed. A new file is written beside the old one, put on the disk
//! and moved into its place, so that there is always a whole one or none; several instances on one data folder replace
//! each other's. Only its owner can read it.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gpting_core::port::SnapshotStore;

use super::keys::{KeyError, make_private_folder};

const NAME: &str = "people";
const PART: &str = ".part";

/// Half a file that has not grown for so long belongs to a process that is gone.
const ABANDONED_AFTER: Duration = Duration::from_mins(10);

/// Keeps the index in a folder of its own.
#[derive(Debug)]
pub(crate) struct IndexFile {
    folder: PathBuf,
}

impl IndexFile {
    /// In `folder`, which is made. Halves that were left behind are removed.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub(crate) fn open(folder: &Path) -> Result<Self, KeyError> {
        make_private_folder(folder)?;
        let failed = |source| KeyError::File { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if is_abandoned(&entry) {
                // Gone already, by another instance that starts too.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(Self { folder: folder.to_owned() })
    }

    fn place(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

fn is_abandoned(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let Some(pid) = name.to_str().and_then(|name| name.strip_suffix(PART)?.rsplit('.').next()) else { return false };
    let old = || entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
    pid == std::process::id().to_string() || old().is_some_and(|age| age > ABANDONED_AFTER)
}

impl SnapshotStore for IndexFile {
    fn open(&self) -> io::Result<Option<Box<dyn Read + Send>>> {
        match File::open(self.place()) {
            Ok(file) => Ok(Some(Box::new(BufReader::with_capacity(1 << 20, file)))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace(&self, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let part = self.folder.join(format!("{NAME}.{}{PART}", std::process::id()));
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            write(&mut file)?;
            file.sync_all()?;
            fs::rename(&part, self.place())
        })();
        if let Err(error) = written {
            // What is left of it is of no use to anybody.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
        File::open(&self.folder)?.sync_all()
    }

    fn remove(&self) -> io::Result<()> {
        match fs::remove_file(self.place()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn said(index: &IndexFile) -> Option<String> {
        let mut text = String::new();
        index.open().unwrap().map(|mut file| file.read_to_string(&mut text).map(|_| text).unwrap())
    }

    #[test]
    fn there_is_a_whole_file_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("index");
        let index = IndexFile::open(&folder).unwrap();
        assert_eq!(said(&index), None);
        index.replace(&mut |out| out.write_all(b"one")).unwrap();
        let half = index.replace(&mut |out| {
            out.write_all(b"tw")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(half.is_err());
        assert_eq!(said(&index).unwrap(), "one");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no half is left");
        assert_eq!(fs::metadata(folder.join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        index.remove().unwrap();
        index.remove().unwrap();
        assert_eq!(said(&index), None);
    }

    #[test]
    fn halves_of_processes_that_are_gone_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (mine, fresh, old) = (format!("people.{}.part", std::process::id()), "people.1.part", "people.2.part");
        for name in [mine.as_str(), fresh, old] {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        let long_ago = std::time::UNIX_EPOCH + Duration::from_hours(1);
        File::options().write(true).open(folder.path().join(old)).unwrap().set_modified(long_ago).unwrap();
        IndexFile::open(folder.path()).unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [fresh], "another instance may be writing it");
    }
}
