//! The schema that all tables of a store live in, and the SQL that names it.
//!
//! Every statement of this crate is a constant that says `gpting.member`, so it is right on any connection, whatever
//! its search path, and one statement stays one round trip on a pool that belongs to the host. For a schema of another
//! name the constants are rewritten once each and kept.
//!
//! Invariant: the only text that ever enters SQL is a name that [`Schema::new`] has accepted.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// What the tables live in unless the host says otherwise.
pub(crate) const DEFAULT: &str = "gpting";

/// What the constants put before each table's name.
const PREFIX: &str = "gpting.";

/// Not a name that a store takes for its schema.
///
/// A name has 1 to 63 characters out of `a`–`z`, `0`–`9` and `_`, does not begin with a digit, nor with `pg_`, which
/// PostgreSQL keeps for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSchema;

impl std::fmt::Display for InvalidSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a schema name: 1 to 63 of a-z, 0-9 and _, not beginning with a digit or pg_")
    }
}

impl std::error::Error for InvalidSchema {}

/// A schema's name and the statements that mention it.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    name: Arc<str>,
    /// None when the name is the one in the constants.
    rewritten: Option<Arc<Rewritten>>,
}

/// Rewritten statements by their constants.
type Rewritten = RwLock<HashMap<&'static str, Arc<str>>>;

impl Default for Schema {
    fn default() -> Self {
        Self { name: DEFAULT.into(), rewritten: None }
    }
}

impl Schema {
    /// A schema of this name.
    pub(crate) fn new(name: &str) -> Result<Self, InvalidSchema> {
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let fits = (1..=63).contains(&name.len())
            && name.starts_with(letter)
            && name.chars().all(|c| letter(c) || c.is_ascii_digit())
            && !name.starts_with("pg_");
        if !fits {
            return Err(InvalidSchema);
        }
        Ok(Self { name: name.into(), rewritten: (name != DEFAULT).then(Arc::default) })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A statement of this crate, in this schema.
    pub(crate) fn sql(&self, statement: &'static str) -> SqlStr {
        let Some(rewritten) = &self.rewritten else {
            return statement.into_sql_str();
        };
        let known = rewritten.read().unwrap_or_else(PoisonError::into_inner).get(statement).cloned();
        let text = known.unwrap_or_else(|| {
            // Quoted, because a valid name may be a reserved word.
            let text: Arc<str> = statement.replace(PREFIX, &format!("\"{}\".", self.name)).into();
            let mut all = rewritten.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(statement).or_insert(text))
        });
        AssertSqlSafe(text).into_sql_str()
    }

    /// A statement that was made out of this crate's names, in this schema. Not kept: such are run seldom.
    pub(crate) fn made(&self, statement: &str) -> SqlStr {
        let statement = statement.replace(PREFIX, &format!("\"{}\".", self.name));
        AssertSqlSafe(statement).into_sql_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_become_sql() {
        for name in ["gpting", "a", "dating_2", "_x", "user", &"s".repeat(63)] {
            assert!(Schema::new(name).is_ok(), "{name}");
        }
        for name in ["", "2nd", "Dating", "a-b", "a.b", "a\"b", "데이트", "pg_own", "a b", "x;", &"s".repeat(64)] {
            assert_eq!(Schema::new(name).err(), Some(InvalidSchema), "{name}");
        }
    }

    #[test]
    fn every_mention_of_the_schema_is_rewritten() {
        const STATEMENT: &str = "SELECT 1 FROM gpting.room JOIN gpting.message USING (id)";
        let other = Schema::new("user").unwrap();
        let expected = "SELECT 1 FROM \"user\".room JOIN \"user\".message USING (id)";
        assert_eq!(other.sql(STATEMENT).as_str(), expected);
        assert_eq!(other.sql(STATEMENT).as_str(), expected, "the kept one is the same");
        assert_eq!(Schema::default().sql(STATEMENT).as_str(), STATEMENT);
    }
}
