//! The secrets behind tokens, cursors and picture addresses: made on first start, read ever after.
//!
//! Called at start; calls the file system. Three files in one folder, each 32 random bytes in base64url:
//! `signing.seed` (access tokens), `refresh.secret` (refresh tokens), `url.key` (cursors and picture addresses). To
//! rotate the signing seed, rename `signing.seed` to `signing.<anything>.old` and restart: a new one is made, and tokens
//! of the old one are good until they run out. Invariants:
//!
//! - a file appears whole or not at all, and only once, however many processes start at the same time;
//! - a key that others on the machine can read is not used.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gpting_core::account::AccountKeys;
use gpting_core::{Rng, error};

/// A secret of 32 bytes.
type Secret = [u8; 32];

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// A file or folder could not be read or made.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Others than the owner can read or change it.
    #[error("{}: others can reach it (mode {mode:03o}); `chmod go-rwx` it, and replace the keys if anybody did", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not 32 random bytes in base64url.
    #[error("{}: expected 32 random bytes in base64url", path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
    },
    /// The crypto library refuses a seed.
    #[error("a signing seed cannot be used")]
    Refused(#[from] error::Error),
}

/// Everything the server keeps secret by itself.
#[derive(Clone)]
pub(crate) struct Keys {
    signing: Secret,
    retired: Vec<Secret>,
    refresh: Secret,
    url: Secret,
}

impl std::fmt::Debug for Keys {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("retired", &self.retired.len()).finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys of a folder, making the folder and what is missing in it.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub(crate) fn open(folder: &Path, rng: &dyn Rng) -> Result<Self, KeyError> {
        make_private_folder(folder)?;
        // Reading names does no harm; putting another key in a key's place would.
        refuse(folder, 0o022)?;
        let mut retired = Vec::new();
        for path in retired_files(folder)? {
            retired.push(read(&path)?);
        }
        let key = |name: &str| read_or_make(&folder.join(name), rng);
        Ok(Self { signing: key("signing.seed")?, retired, refresh: key("refresh.secret")?, url: key("url.key")? })
    }

    /// The keys of accounts.
    ///
    /// # Errors
    /// [`KeyError::Refused`].
    pub(crate) fn account_keys(&self) -> Result<AccountKeys, KeyError> {
        let mut keys = AccountKeys::new(self.signing, self.refresh)?;
        for seed in &self.retired {
            keys = keys.also_accept(*seed)?;
        }
        Ok(keys)
    }

    /// The key of cursors and picture addresses.
    pub(crate) fn url_key(&self) -> Secret {
        self.url
    }
}

/// Makes a folder that only its owner can enter, with everything above it. One that is there already is left as its
/// owner wants it.
///
/// # Errors
/// When it cannot be made, or something else is there.
pub(crate) fn make_private_folder(folder: &Path) -> Result<(), KeyError> {
    let failed = |source| KeyError::File { path: folder.to_owned(), source };
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above).map_err(failed)?;
    }
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn retired_files(folder: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let failed = |source| KeyError::File { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("signing.") && path.extension().is_some_and(|extension| extension == "old") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Refuses a path that has one of these permissions.
fn refuse(path: &Path, forbidden: u32) -> Result<(), KeyError> {
    let meta = fs::metadata(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & forbidden == 0 { Ok(()) } else { Err(KeyError::Open { path: path.to_owned(), mode }) }
}

fn read_or_make(path: &Path, rng: &dyn Rng) -> Result<Secret, KeyError> {
    match read(path) {
        Err(KeyError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            make(path, rng).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
            read(path)
        }
        done => done,
    }
}

fn read(path: &Path) -> Result<Secret, KeyError> {
    let text = fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    refuse(path, 0o077)?;
    let malformed = || KeyError::Malformed { path: path.to_owned() };
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| malformed())?;
    let secret: Secret = bytes.try_into().map_err(|_| malformed())?;
    // A file of zeros or of one repeated letter is an example that somebody copied, not a key.
    let mut seen = secret.to_vec();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() < 8 { Err(malformed()) } else { Ok(secret) }
}

/// Writes a new key beside its place and links it there: whoever comes second finds the first one's key.
fn make(path: &Path, rng: &dyn Rng) -> io::Result<()> {
    let (mut secret, mut tag) = ([0; 32], [0; 8]);
    rng.fill(&mut secret);
    rng.fill(&mut tag);
    let draft = path.with_extension(format!("{:016x}.new", u64::from_le_bytes(tag)));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written =
        file.write_all(format!("{}\n", URL_SAFE_NO_PAD.encode(secret)).as_bytes()).and_then(|()| file.sync_all());
    let placed = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    fs::remove_file(&draft)?;
    placed?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::SystemRng;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn keys_are_made_once_and_for_the_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("data/keys");
        let made = Keys::open(&folder, &SystemRng).unwrap();
        assert_eq!(mode(&folder), 0o700);
        for name in ["signing.seed", "refresh.secret", "url.key"] {
            assert_eq!(mode(&folder.join(name)), 0o600, "{name}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3, "nothing else is left behind");
        let again = Keys::open(&folder, &SystemRng).unwrap();
        assert_eq!((made.signing, made.refresh, made.url), (again.signing, again.refresh, again.url));
        assert_ne!(made.signing, made.refresh);
        assert!(!format!("{made:?}").contains(&URL_SAFE_NO_PAD.encode(made.url)));
    }

    #[test]
    fn keys_that_others_can_reach_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("keys");
        Keys::open(&folder, &SystemRng).unwrap();
        for (path, open, closed) in [
            (folder.join("signing.seed"), 0o640, 0o600),
            (folder.join("url.key"), 0o604, 0o600),
            (folder.clone(), 0o770, 0o700),
        ] {
            chmod(&path, open);
            assert!(matches!(Keys::open(&folder, &SystemRng), Err(KeyError::Open { .. })), "{}", path.display());
            chmod(&path, closed);
        }
        Keys::open(&folder, &SystemRng).unwrap();
    }

    #[test]
    fn short_and_example_keys_are_refused() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("keys");
        Keys::open(&folder, &SystemRng).unwrap();
        for bad in
            [String::new(), "secret".to_owned(), URL_SAFE_NO_PAD.encode([0; 32]), URL_SAFE_NO_PAD.encode([1; 16])]
        {
            fs::write(folder.join("refresh.secret"), bad).unwrap();
            assert!(matches!(Keys::open(&folder, &SystemRng), Err(KeyError::Malformed { .. })));
        }
    }

    #[test]
    fn a_renamed_seed_is_still_accepted_beside_a_new_one() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("keys");
        let before = Keys::open(&folder, &SystemRng).unwrap();
        fs::rename(folder.join("signing.seed"), folder.join("signing.2026-11.old")).unwrap();
        let after = Keys::open(&folder, &SystemRng).unwrap();
        assert_ne!(after.signing, before.signing);
        assert_eq!(after.retired, [before.signing]);
        after.account_keys().unwrap();
    }

    #[test]
    fn processes_that_start_together_agree() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("keys");
        let keys: Vec<Secret> = std::thread::scope(|scope| {
            let starts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Keys::open(&folder, &SystemRng).unwrap().signing)).collect();
            starts.into_iter().map(|start| start.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }
}
