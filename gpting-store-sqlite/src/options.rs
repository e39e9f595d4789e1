//! How a database is opened: where, how many readers, how durable, by which clock.
//!
//! Every connection, of the writer and of the readers, gets the same settings from here when it is opened, so that
//! none can be without foreign keys or full durability.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gpting_core::{Clock, SystemClock};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

/// How long a connection waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Page caches, in KiB (a negative `cache_size`). A reader's is small since it stays allocated while idle; the
/// writer's holds the inner pages of every index, which random ids need.
const READER_CACHE: &str = "-2000";
const WRITER_CACHE: &str = "-8000";

/// Rows that a reader's thread may be ahead of whoever takes them, so that it need not sleep between them.
const ROWS_READY: usize = 1_024;

/// The write-ahead log is cut back to this many bytes after a checkpoint.
const LOG_BYTES: &str = "16777216";

/// When an acknowledged commit is on the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Before it is acknowledged: it survives the loss of power (`synchronous=FULL`).
    #[default]
    Full,
    /// Some moments later: it survives the death of the process, but not the loss of power (`synchronous=NORMAL`).
    /// Nothing is ever half written. For imports that can be repeated.
    Process,
}

/// How to open a [`SqliteStore`](crate::SqliteStore).
///
/// ```
/// use gpting_store_sqlite::{Durability, Options};
///
/// let options = Options::new("people.db").readers(2).durability(Durability::Process);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) path: PathBuf,
    pub(crate) readers: u32,
    pub(crate) durability: Durability,
    pub(crate) migrate: bool,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Options {
    /// The defaults for a database in this file: created when it is not there (its folder must be), migrated when
    /// opened, four readers, full durability, the system's clock.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            readers: 4,
            durability: Durability::Full,
            migrate: true,
            clock: Arc::new(SystemClock),
        }
    }

    /// At most how many reads run at the same time, at least 1; more wait. Each costs a thread and up to 2 MB.
    #[must_use]
    pub fn readers(mut self, readers: u32) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// When an acknowledged commit is on the disk.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Whether opening brings the schema up to date (default), or leaves that to
    /// [`SqliteStore::migrate`](crate::SqliteStore::migrate).
    #[must_use]
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// The clock that tells when a member was erased, for the day that the feed remembers it.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The writer's connection.
    pub(crate) fn writer(&self) -> SqliteConnectOptions {
        self.connection()
            .create_if_missing(true)
            .pragma("cache_size", WRITER_CACHE)
            .thread_name(|_| "gpting-sqlite-w".to_owned())
    }

    /// A reader's connection.
    pub(crate) fn reader(&self) -> SqliteConnectOptions {
        self.connection()
            .pragma("cache_size", READER_CACHE)
            .pragma("query_only", "ON")
            .row_buffer_size(ROWS_READY)
            .thread_name(|_| "gpting-sqlite-r".to_owned())
    }

    fn connection(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match self.durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Process => SqliteSynchronous::Normal,
            })
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "ON")
            .pragma("journal_size_limit", LOG_BYTES)
    }
}
