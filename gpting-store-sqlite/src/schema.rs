//! The schema: embedded migrations, and whether a file has all of them.

use std::time::Duration;

use gpting_core::store::{StoreError, StoreResult};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool, query_scalar};

use crate::error::{from_migrate, from_sqlx, is_busy, unavailable};

static MIGRATIONS: Migrator = sqlx::migrate!();

const VERSION: &str = "SELECT max(version) FROM _sqlx_migrations WHERE success";

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
    MIGRATIONS.run(&mut *transaction).await.map_err(from_migrate)?;
    transaction.commit().await.map_err(from_sqlx)
}

/// Whether the file is on the schema that this build expects, and whole.
pub(crate) async fn check(readers: &SqlitePool) -> StoreResult<()> {
    check_on(&mut *readers.acquire().await.map_err(from_sqlx)?).await
}

/// The same, on this connection.
pub(crate) async fn check_on(connection: &mut SqliteConnection) -> StoreResult<()> {
    let begun: bool = query_scalar(HAS_MIGRATIONS).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    if !begun {
        return Err(unavailable("the database has no schema yet: migrate it"));
    }
    let found: Option<i64> = query_scalar(VERSION).fetch_one(&mut *connection).await.map_err(from_sqlx)?;
    let expected = MIGRATIONS.iter().map(|migration| migration.version).max();
    if found != expected {
        let (found, expected) = (found.unwrap_or(0), expected.unwrap_or(0));
        let reason = format!("the database is on schema {found}, this build expects {expected}");
        return Err(StoreError::Unavailable(reason.into()));
    }
    let half: bool = query_scalar(IS_HALF).fetch_one(connection).await.map_err(from_sqlx)?;
    if half { Err(unavailable("the database holds half of a copy: run the copy again")) } else { Ok(()) }
}
