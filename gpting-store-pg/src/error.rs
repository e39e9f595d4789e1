//! From the driver's errors to the port's: what a caller can act upon is told apart, the rest keeps its source.
//!
//! A taken value is recognised by the name of the violated index, a lost race by PostgreSQL's own codes, never by
//! looking before writing.

use gpting_core::store::{StoreError, Unique};
use sqlx::migrate::MigrateError;

/// The unique index that recognises a message sent again.
pub(crate) const MESSAGE_RESEND: &str = "message_resend";

/// The transaction was given up for another's: nothing was done, and done over it may go through.
#[derive(Debug)]
struct LostRace(sqlx::Error);

impl std::fmt::Display for LostRace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the transaction was given up for another")
    }
}

impl std::error::Error for LostRace {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// The error of a statement of a commit: as [`store_error`], but a lost race can be told from a row that has changed.
/// [`again`](crate::again) lets no such error out.
pub(crate) fn commit_error(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if code.is_some_and(|code| is_race(&code)) {
        StoreError::Unavailable(Box::new(LostRace(error)))
    } else {
        store_error(error)
    }
}

/// Whether an error of [`commit_error`] is a lost race.
pub(crate) fn is_lost_race(error: &StoreError) -> bool {
    matches!(error, StoreError::Unavailable(source) if source.is::<LostRace>())
}

/// `serialization_failure`, `deadlock_detected`.
fn is_race(code: &str) -> bool {
    matches!(code, "40001" | "40P01")
}

/// A lost race, for tests.
#[cfg(test)]
pub(crate) fn lost_race() -> StoreError {
    StoreError::Unavailable(Box::new(LostRace(sqlx::Error::RowNotFound)))
}

/// The port's error for a driver's.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    let Some(database) = error.as_database_error() else {
        return if is_out_of_reach(&error) {
            StoreError::Unavailable(Box::new(error))
        } else {
            StoreError::Internal(Box::new(error))
        };
    };
    let code = database.code().unwrap_or_default();
    match &*code {
        // Nothing was done, and doing it over may go well.
        code if is_race(code) => StoreError::Stale,
        "23505" => match database.constraint() {
            Some("member_host") => StoreError::Conflict { what: Unique::Host },
            Some("member_source") => StoreError::Conflict { what: Unique::Source },
            Some("account_username") => StoreError::Conflict { what: Unique::Username },
            Some("account_email") => StoreError::Conflict { what: Unique::Email },
            // Any other is a key: somebody else has made the row in the meantime.
            Some(_) | None => StoreError::Stale,
        },
        // lock_not_available, query_canceled (by a timeout that the host has set), read_only_sql_transaction (a
        // replica that took over but is not yet the first).
        "55P03" | "57014" | "25006" => StoreError::Unavailable(Box::new(error)),
        // Connection lost, out of resources, shut down by the operator.
        _ if ["08", "53", "57P"].iter().any(|class| code.starts_with(class)) => {
            StoreError::Unavailable(Box::new(error))
        }
        _ => StoreError::Internal(Box::new(error)),
    }
}

/// Whether the error is the violation of this unique index.
pub(crate) fn violates(error: &sqlx::Error, index: &str) -> bool {
    error
        .as_database_error()
        .is_some_and(|database| database.code().as_deref() == Some("23505") && database.constraint() == Some(index))
}

/// The port's error for one of a migration.
pub(crate) fn migrate_error(error: MigrateError) -> StoreError {
    if let MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) = error {
        store_error(error)
    } else {
        StoreError::Internal(Box::new(error))
    }
}

fn is_out_of_reach(error: &sqlx::Error) -> bool {
    matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_not_a_fault() {
        let lost = sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(matches!(store_error(lost), StoreError::Unavailable(_)));
        assert!(matches!(store_error(sqlx::Error::PoolTimedOut), StoreError::Unavailable(_)));
        assert!(matches!(store_error(sqlx::Error::RowNotFound), StoreError::Internal(_)));
    }
}
