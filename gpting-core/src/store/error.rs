//! What a store can answer instead of doing what it was asked.

/// An error of a store. Absence is not one: reads answer `Ok(None)` or an empty list.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A row is not in the state that the work expects; nothing was changed. Load again and decide again.
    #[error("a row has changed since it was read")]
    Stale,
    /// A value that must be unique is taken; nothing was changed.
    #[error("{what} is taken")]
    Conflict {
        /// Which unique value: `username`, `email`, `host` or `source`.
        what: Unique,
    },
    /// An allowance does not have what was claimed; nothing was changed.
    #[error("an allowance is used up")]
    Spent {
        /// How long until the claim that could not be met can be.
        wait: std::time::Duration,
    },
    /// A stored value cannot be read.
    #[error("{table} {id}: stored {column} cannot be read")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// Which column.
        column: &'static str,
        /// Which row.
        id: String,
    },
    /// The database is overloaded or out of reach; the same call may work later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("the database failed")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Values of which there is at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unique {
    /// A login name.
    Username,
    /// An e-mail address in its canonical form.
    Email,
    /// A host's id.
    Host,
    /// Where an imported person came from.
    Source,
}

impl std::fmt::Display for Unique {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Host => "host",
            Self::Source => "source",
        })
    }
}
