//! The schema: embedded migrations, and whether a file has all of them.

use std::time::Duration;

use gpting_core::store::{StoreError, StoreResult};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool, query_as, query_scalar};

use crate::error::{from_migrate, from_sqlx, is_busy, unavailable};

static MIGRATIONS: Migrator = sqlx::migrate!();

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations WHERE success ORDER BY version";

/// How a migration that older builds cannot work with begins its name: `0009_breaking_….sql`. All others only add.
const BREAKING: &str = "breaking ";

const IS_HALF: &str = "SELECT EXISTS (SELECT 1 FROM copying)";

const HAS_MIGRATIONS: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";

/// How often connecting to a file that another process is just creating is tried, and how long apart.
const CONNECT_TRIES: u32 = 50;
const CONNECT_AGAIN: Duration = Duration::from_millis(100);

/// Connects to a file. Switching a new file to the write-ahead log takes a lock that SQLite does not wait for.
pub(crate) async fn connect(options: &SqliteConnectOptions) -> StoreResult<SqliteConnection> {
    let mut tries = 1;
    loop {
        match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) if is_busy(&error) && tries < CONNECT_TRIES => tries += 1,
            Err(error) => return Err(from_sqlx(error)),
        }
        tokio::time::sleep(CONNECT_AGAIN).await;
    }
}

/// Brings a file up to the schema of this build. All in one transaction that begins with the write lock, so that of
/// several processes that start together one does it and the others find it done.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> StoreResult<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(from_sqlx)?;
    let mut migrator = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    migrator.set_ignore_missing(true);
    migrator.run(&mut *transaction).await.map_err(from_migrate)?;
    let applied = query_as(APPLIED).fetch_all(&mut *transaction).await.map_err(from_sqlx)?;
    fits(&applied)?;
    transaction.commit().await.map_err(from_sqlx)
}

/// Whether this build can work with a file to which these migrations, by version and description, have been applied.
fn fits(applied: &[(i64, String)]) -> StoreResult<()> {
    let is_known = |version: i64| MIGRATIONS.iter().any(|migration| migration.version == version);
    if let Some((version, _)) = applied.iter().find(|(version, what)| !is_known(*version) && what.starts_with(BREAKING))
    {
        let reason = format!("schema {version} of a newer build is one that this build cannot work with");
        return Err(StoreError::Unavailable(reason.into()));
    }
    let is_applied = |version: i64| applied.iter().any(|(known, _)| *known == version);
    match MIGRATIONS.iter().map(|migration| migration.version).find(|version| !is_applied(*version)) {
        Some(missing) => {
            let reason = format!("the database is not yet on schema {missing}, which this build needs: migrate it");
            Err(StoreError::Unavailable(reason.into()))
        }
        None => Ok(()),
    }
}

/// Whether the file is on the schema that this build expects, or on one that newer builds have added to, and whole.
pub(crate) async fn check(readers: &SqlitePool) -> StoreResult<()> {
    check_on(&mut *readers.acquire().await.map_err(from_sqlx)?).await
}

/// The same, on this connection.
pub(crate) async fn check_on(connection: &mut SqliteConnection) -> StoreResult<()> {
    let begun: bool = query_scalar(HAS_MIGRATIONS).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    if !begun {
        return Err(unavailable("the database has no schema yet: migrate it"));
    }
    let applied: Vec<(i64, String)> = query_as(APPLIED).fetch_all(&mut *connection).await.map_err(from_sqlx)?;
    fits(&applied)?;
    let half: bool = query_scalar(IS_HALF).fetch_one(connection).await.map_err(from_sqlx)?;
    if half { Err(unavailable("the database holds half of a copy: run the copy again")) } else { Ok(()) }
}
