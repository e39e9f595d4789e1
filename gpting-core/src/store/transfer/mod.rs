//! Everything a store keeps, as rows that any other store can take: how a service moves house.
//!
//! Called by whoever moves (the server's `gpting copy`) through [`copy`]; implemented by stores that can be moved from
//! ([`Source`]) and into ([`Target`]). Rows are canonical: the same columns in the same order whatever the engine calls
//! them, documents compared by what they say and not by how they are written ([`Digest`]).
//! Invariants:
//!
//! - a source is read as it was at one instant, however long that takes;
//! - a target takes rows and the note of how far it is in one transaction, so a copy can be cut off anywhere;
//! - a target that holds half of a copy serves nobody: its `health` says so.

mod row;
mod run;

use async_trait::async_trait;

pub use self::row::{Cell, Digest, Row};
pub use self::run::{Advance, Copied, CopyError, copy};
use super::StoreResult;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number: an id, a version, a time in microseconds since 1970.
    Integer,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
    /// A document.
    Document,
}

/// A column that a copy carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name; a store may call it otherwise.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A table that a copy carries.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, the same in every store.
    pub name: &'static str,
    /// What is carried of it. Whatever else a store keeps in it follows from these.
    pub columns: &'static [Column],
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer }
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes }
}

const DOCUMENT: Column = Column { name: "document", kind: Kind::Document };

/// Everything that is copied, each table behind those it refers to.
///
/// The order of changes in the feeds is not carried: readers of the new store begin anew. Neither are allowances: whatever
/// is limited begins full; nor tickets, which are good for half a minute, nor the epoch of the log: clients of the old
/// store begin anew.
pub static TABLES: [Table; 19] = [
    Table { name: "member", columns: &[integer("id"), integer("version"), text("host"), text("source"), DOCUMENT] },
    Table { name: "erased", columns: &[integer("member"), integer("at")] },
    Table {
        name: "pair",
        columns: &[integer("low"), integer("high"), integer("version"), integer("friend_request"), DOCUMENT],
    },
    Table { name: "pair_list", columns: &[integer("member"), integer("other"), integer("list"), integer("at")] },
    Table {
        name: "impression",
        columns: &[
            integer("viewer"),
            integer("candidate"),
            integer("first_at"),
            integer("last_at"),
            integer("shows"),
            integer("position"),
            integer("ranker"),
            integer("slot"),
            integer("score"),
            integer("there"),
            integer("back"),
        ],
    },
    Table {
        name: "room",
        columns: &[
            integer("id"),
            integer("version"),
            integer("low"),
            integer("high"),
            integer("created_at"),
            integer("last_seq"),
            integer("closed_at"),
            integer("hidden_through"),
            integer("activity"),
            integer("revision"),
        ],
    },
    Table {
        name: "message",
        columns: &[
            integer("room"),
            integer("seq"),
            integer("id"),
            integer("sender"),
            text("text"),
            integer("at"),
            bytes("client_msg_id"),
            integer("unsent"),
        ],
    },
    Table { name: "message_hidden", columns: &[integer("room"), integer("member"), integer("seq")] },
    Table {
        name: "read_mark",
        columns: &[integer("room"), integer("member"), integer("seq"), integer("shown"), integer("muted")],
    },
    Table {
        name: "report",
        columns: &[
            integer("id"),
            integer("version"),
            integer("reporter"),
            integer("subject"),
            integer("closed_at"),
            integer("keep_until"),
            DOCUMENT,
        ],
    },
    Table { name: "daily_pick", columns: &[integer("member"), integer("day"), integer("other")] },
    Table {
        name: "made",
        columns: &[integer("member"), integer("errand"), integer("other"), integer("keep_until"), DOCUMENT],
    },
    Table {
        name: "assist_call",
        columns: &[integer("id"), integer("member"), integer("at"), integer("keep_until"), DOCUMENT],
    },
    Table {
        name: "finding",
        columns: &[
            integer("member"),
            integer("aspect"),
            integer("about"),
            integer("judge"),
            integer("id"),
            integer("by_consent"),
            integer("is_flagged"),
            integer("at"),
            integer("keep_until"),
            text("name"),
            text("content"),
            DOCUMENT,
        ],
    },
    Table {
        name: "job",
        columns: &[integer("id"), integer("version"), integer("run_at"), integer("dead_at"), DOCUMENT],
    },
    Table { name: "outbox", columns: &[integer("number"), DOCUMENT] },
    Table {
        name: "account",
        columns: &[integer("member"), integer("version"), text("username"), text("email"), DOCUMENT],
    },
    Table {
        name: "session",
        columns: &[
            integer("id"),
            integer("version"),
            integer("member"),
            integer("created_at"),
            integer("ends_at"),
            DOCUMENT,
        ],
    },
    Table {
        name: "pending",
        columns: &[integer("id"), integer("version"), text("email"), integer("created_at"), DOCUMENT],
    },
];

/// A row with its place in the order in which its store reads the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyed {
    /// The place: places are compared number by number.
    pub key: Vec<i64>,
    /// The row, in the order of [`Table::columns`].
    pub row: Row,
}

/// How far a copy into a table is.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// The source's place of the last row that was taken; none before the first.
    pub after: Option<Vec<i64>>,
    /// What was taken.
    pub taken: Digest,
    /// Whether that was all.
    pub whole: bool,
}

/// What a target holds before a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Empty,
    /// A part of a copy from this source, with how far each table is, in the order of [`TABLES`].
    Begun {
        /// [`Source::identity`] of that source.
        source: String,
        /// By table.
        progress: Vec<Progress>,
    },
    /// Something else.
    Used,
}

/// A store as it was at one instant, to be read whole.
#[async_trait]
pub trait Source: Send {
    /// What tells this store from others: the same as long as it lies where it lies. No secret, and no address.
    fn identity(&self) -> &str;

    /// How many rows a table has.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn count(&mut self, table: &'static Table) -> StoreResult<u64>;

    /// The rows of a table behind a place, in the order of places, at most `limit`.
    ///
    /// # Errors
    /// When the store cannot be read, or a row of it makes no sense.
    async fn rows(&mut self, table: &'static Table, after: Option<&[i64]>, limit: usize) -> StoreResult<Vec<Keyed>>;

    /// The highest number that was ever given to an event of the outbox; 0 before the first.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn last_event(&mut self) -> StoreResult<i64>;
}

/// A store that takes a copy. As a [`Source`] it reads what it has taken.
#[async_trait]
pub trait Target: Source {
    /// What it holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn standing(&mut self) -> StoreResult<Standing>;

    /// Notes that a copy from this source has begun. From here to [`Target::end`] the store is not healthy.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn begin(&mut self, source: &str) -> StoreResult<()>;

    /// Takes rows that are not there yet, together with the note of how far that is; all or nothing.
    ///
    /// # Errors
    /// [`Stale`](super::StoreError::Stale) when a row is there, or the table is not as far as `before`: somebody else is
    /// copying too.
    async fn put(
        &mut self,
        table: &'static Table,
        rows: &[Row],
        before: &Progress,
        progress: &Progress,
    ) -> StoreResult<()>;

    /// Empties tables, the last first, and notes that they are to be copied from their beginning.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn clear(&mut self, tables: &'static [Table]) -> StoreResult<()>;

    /// Gives later events higher numbers than `last_event`, and notes that the copy is whole.
    ///
    /// # Errors
    /// When the store cannot be written.
    async fn end(&mut self, last_event: i64) -> StoreResult<()>;
}
