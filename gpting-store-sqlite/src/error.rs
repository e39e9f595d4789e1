//! What went wrong in the driver, as what a caller of the port can act on.
//!
//! Called by every file of the crate. A taken unique value is recognised by SQLite's code and column, never by a
//! look before the write; overload, a full disk and a lost file are [`StoreError::Unavailable`]. The texts name tables
//! and columns, never values.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use gpting_core::store::{StoreError, Unique};
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// Extended result codes, <https://www.sqlite.org/rescode.html>.
const CONSTRAINT_UNIQUE: i32 = 2067;
const CONSTRAINT_PRIMARY_KEY: i32 = 1555;

/// Primary result codes: the lower eight bits of the extended one.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const NO_MEMORY: i32 = 7;
const READ_ONLY: i32 = 8;
const IO: i32 = 10;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;

/// The port's error for one of the driver.
pub(crate) fn from_sqlx(error: sqlx::Error) -> StoreError {
    if let sqlx::Error::Database(database) = &error {
        return match code(database.as_ref()) {
            CONSTRAINT_UNIQUE => match unique(database.message()) {
                Some(what) => StoreError::Conflict { what },
                // A waiting friend request or an open report that another writer was quicker to put.
                None => StoreError::Stale,
            },
            CONSTRAINT_PRIMARY_KEY => StoreError::Stale,
            code if is_passing(code) => StoreError::Unavailable(Box::new(error)),
            _ => StoreError::Internal(Box::new(error)),
        };
    }
    let out_of_reach = matches!(
        error,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed
    );
    if out_of_reach { StoreError::Unavailable(Box::new(error)) } else { StoreError::Internal(Box::new(error)) }
}

/// The port's error for one of the migrations.
pub(crate) fn from_migrate(error: MigrateError) -> StoreError {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        return from_sqlx(error);
    }
    StoreError::Internal(Box::new(error))
}

/// Whether somebody else holds the lock, so that trying again helps.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().map(code);
    code.is_some_and(|code| matches!(code & 0xff, BUSY | LOCKED))
}

/// The database is out of reach for a reason that is not the driver's.
pub(crate) fn unavailable(reason: &'static str) -> StoreError {
    StoreError::Unavailable(reason.into())
}

/// Why everybody whose work was in one transaction got nothing.
#[derive(Clone, Debug)]
pub(crate) struct GroupFailed(Arc<StoreError>);

impl GroupFailed {
    pub(crate) fn new(cause: StoreError) -> Self {
        Self(Arc::new(cause))
    }

    /// The answer for one of them.
    pub(crate) fn answer(&self) -> StoreError {
        StoreError::Unavailable(Box::new(self.clone()))
    }
}

impl fmt::Display for GroupFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the transaction could not be committed")
    }
}

impl Error for GroupFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn code(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn is_passing(code: i32) -> bool {
    matches!(code & 0xff, BUSY | LOCKED | NO_MEMORY | READ_ONLY | IO | FULL | CANNOT_OPEN)
}

/// Which value `UNIQUE constraint failed: table.column` is about.
fn unique(message: &str) -> Option<Unique> {
    match message.rsplit(": ").next()? {
        "account.username" => Some(Unique::Username),
        "account.email" => Some(Unique::Email),
        "member.host" => Some(Unique::Host),
        "member.source" => Some(Unique::Source),
        _ => None,
    }
}
