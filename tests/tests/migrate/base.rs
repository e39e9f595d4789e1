//! A database at a version of its schema: made by the migration files up to it, filled with the rows of that time, looked at
//! past the store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gpting_core::account::AccountStore;
use gpting_core::store::StoreResult;
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use gpting_tests::Postgres;
use gpting_tests::postgres::Database;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "pg",
        }
    }

    fn migrations(self) -> PathBuf {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        root.join(format!("gpting-store-{}/migrations", self.name()))
    }

    async fn migrator(self) -> Migrator {
        Migrator::new(self.migrations()).await.unwrap()
    }

    /// The versions that there are, the oldest first.
    pub(crate) async fn versions(self) -> Vec<i64> {
        self.migrator().await.iter().map(|migration| migration.version).collect()
    }

    /// Whether a version says of itself that older builds cannot go on.
    pub(crate) fn is_breaking(self, version: i64) -> bool {
        let files = std::fs::read_dir(self.migrations()).unwrap();
        let mut names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.any(|name| name.starts_with(&format!("{version:04}_breaking_")))
    }

    /// Where the rows that a version adds are written down.
    pub(crate) fn rows_file(self, version: i64) -> PathBuf {
        let file = format!("tests/migrate/rows/{}-{version:04}.sql", self.name());
        Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
    }
}

/// A connection past the store.
enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A database of one test.
pub(crate) struct Base {
    pub(crate) engine: Engine,
    folder: TempDir,
    database: Option<Database>,
}

impl Base {
    /// With nothing in it.
    pub(crate) async fn empty(engine: Engine) -> Self {
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(Postgres::shared().database("migrate").await),
        };
        Self { engine, folder: tempfile::tempdir().unwrap(), database }
    }

    /// On a version of the schema.
    pub(crate) async fn at(engine: Engine, version: i64) -> Self {
        let base = Self::empty(engine).await;
        let migrator = engine.migrator().await;
        match base.connect().await {
            Connection::Sqlite(mut connection) => migrator.run_to(version, &mut connection).await.unwrap(),
            Connection::Postgres(mut connection) => {
                sqlx::raw_sql("CREATE SCHEMA gpting").execute(&mut connection).await.unwrap();
                migrator.run_to(version, &mut connection).await.unwrap();
            }
        }
        base
    }

    /// On a version of the schema, with rows of it and of those before.
    pub(crate) async fn filled(engine: Engine, version: i64) -> Self {
        let base = Self::at(engine, version).await;
        for earlier in engine.versions().await.into_iter().filter(|earlier| *earlier <= version) {
            base.run_rows(earlier).await;
        }
        base
    }

    /// Adds the rows that a version is known to have, if it has any of its own.
    pub(crate) async fn run_rows(&self, version: i64) {
        let file = self.engine.rows_file(version);
        if let Ok(rows) = std::fs::read_to_string(&file) {
            self.run(rows).await.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
    }

    /// The program of today on it: it migrates first.
    pub(crate) async fn program(&self) -> StoreResult<Arc<dyn AccountStore>> {
        match self.engine {
            Engine::Sqlite => Ok(Arc::new(SqliteStore::open(self.file()).await?)),
            Engine::Postgres => {
                let store = PgStore::connect(&self.database.as_ref().unwrap().url).await?;
                store.migrate().await?;
                Ok(Arc::new(store))
            }
        }
    }

    /// Says that a migration of a build that is not written yet has been here.
    pub(crate) async fn pretend_newer(&self, version: i64, description: &str) {
        let applied = format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             SELECT {version}, '{description}', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1"
        );
        self.run(applied).await.unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("gpting.db")
    }

    async fn connect(&self) -> Connection {
        match self.engine {
            Engine::Sqlite => {
                let options = SqliteConnectOptions::new().filename(self.file()).create_if_missing(true);
                Connection::Sqlite(options.connect().await.unwrap())
            }
            Engine::Postgres => {
                let options: PgConnectOptions = self.database.as_ref().unwrap().url.parse().unwrap();
                Connection::Postgres(options.options([("search_path", "gpting")]).connect().await.unwrap())
            }
        }
    }

    async fn run(&self, sql: String) -> Result<(), sqlx::Error> {
        match self.connect().await {
            Connection::Sqlite(mut connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }
            Connection::Postgres(mut connection) => {
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
                connection.close().await
            }
        }
    }

    /// The only column of what is asked for, as text.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.connect().await {
            Connection::Sqlite(mut connection) => sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap(),
            Connection::Postgres(mut connection) => sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap(),
        }
    }
}
