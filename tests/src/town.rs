//! A town: several instances of the service on one store, for proofs through the API of the library.
//!
//! Called by the tests of races, erasure, jobs and the feed. [`Town::on`] opens three instances the way three processes
//! of one deployment would have them: each with a handle, a pool and an engine replica of its own on the same database
//! (the store in memory is shared, it has no other way), all with the same keys. Nothing runs in the background until a
//! test calls `run`. [`Town::dump`] and [`Town::rows`] look into the database past the store.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gpting_core::account::{AccountKeys, AccountStore, Device, LoggedIn, SignUp};
use gpting_core::id::{HostId, MemberId, RoomId};
use gpting_core::lang::Lang;
use gpting_core::profile::parse_gender;
use gpting_core::profile::{LocateInput, Member, Preferences, PreferencesEdit, Profile, ProfileEdit, Standing};
use gpting_core::store::MemoryStore;
use gpting_core::{Gpting, ManualClock, SystemRng};
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::double::{AsTheyAre, Folder, Host, Letters, TownClock};
use crate::postgres::{Database, Postgres};

/// How many instances a town has.
const INSTANCES: usize = 3;

/// The password of everybody who signs up.
pub const PASSWORD: &str = "정말로 긴 비밀번호";

/// Which store a town is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// The twin for tests.
    Memory,
    /// One file.
    Sqlite,
    /// A database of a real cluster.
    Postgres,
}

/// Three instances of the service on one store.
#[derive(Debug)]
pub struct Town {
    /// The instances.
    pub instances: Vec<Gpting>,
    /// Each instance's own handle of the store.
    pub stores: Vec<Arc<dyn AccountStore>>,
    /// The clock of all.
    pub clock: Arc<ManualClock>,
    /// What all have mailed.
    pub letters: Letters,
    /// What all have told the host.
    pub host: Host,
    /// The pictures of all.
    pub pictures: Folder,
    folder: TempDir,
    database: Option<Database>,
    ground: Ground,
}

impl Town {
    /// An empty town on a store of its own.
    pub async fn on(ground: Ground) -> Self {
        let folder = tempfile::tempdir().expect("the temporary directory is writable");
        for inner in ["data", "pictures"] {
            std::fs::create_dir(folder.path().join(inner)).expect("a folder can be made");
        }
        let clock = Arc::new(ManualClock::at("2026-11-23T03:00:00Z".parse().expect("an instant")));
        let pictures = Folder::new(folder.path().join("pictures"));
        let mut town = Self {
            instances: Vec::new(),
            stores: Vec::new(),
            clock,
            letters: Letters::default(),
            host: Host::default(),
            pictures,
            folder,
            database: None,
            ground,
        };
        match ground {
            Ground::Memory => {
                let store = Arc::new(MemoryStore::default());
                town.settle(vec![store; INSTANCES]).await;
            }
            Ground::Sqlite => {
                let mut stores = Vec::new();
                for _ in 0..INSTANCES {
                    let options = gpting_store_sqlite::Options::new(town.file())
                        .clock(Arc::clone(&town.clock) as Arc<dyn gpting_core::Clock>);
                    stores.push(Arc::new(SqliteStore::open_with(options).await.expect("a file can be opened")));
                }
                town.settle(stores).await;
            }
            Ground::Postgres => {
                let database = Postgres::shared().database("town").await;
                let mut stores: Vec<Arc<PgStore>> = Vec::new();
                for _ in 0..INSTANCES {
                    let options = gpting_store_pg::Options::new().max_connections(8);
                    let options = options.acquire_timeout(Duration::from_secs(30));
                    let store = options.connect(&database.url).await.expect("the cluster runs");
                    store.migrate().await.expect("the schema can be made");
                    stores.push(Arc::new(store));
                }
                town.database = Some(database);
                town.settle(stores).await;
            }
        }
        town
    }

    async fn settle<S: AccountStore>(&mut self, stores: Vec<Arc<S>>) {
        let keys = AccountKeys::draw(&SystemRng).expect("keys can be drawn");
        for store in stores {
            let g = Gpting::builder_with_accounts(Arc::clone(&store), keys.clone())
                .clock(TownClock(Arc::clone(&self.clock)))
                .mailer(self.letters.clone())
                .events(self.host.clone())
                .blobs(self.pictures.clone())
                .pictures(AsTheyAre)
                .build()
                .await
                .expect("an empty store can be served");
            self.instances.push(g);
            self.stores.push(store);
        }
    }

    /// An instance; numbers wrap around.
    pub fn g(&self, number: usize) -> &Gpting {
        &self.instances[number % INSTANCES]
    }

    /// The first instance's store.
    pub fn store(&self) -> &dyn AccountStore {
        &*self.stores[0]
    }

    /// Somebody complete, in Seoul, who wishes to meet `genders`.
    pub async fn person(&self, name: &str, gender: &str, genders: &[&str]) -> MemberId {
        let me = self.g(0).members().ensure(HostId::from(name)).await.expect("a member");
        let edit = ProfileEdit {
            nickname: Some(name.to_owned()),
            gender: Some(gender.to_owned()),
            birth_date: Some("1996-05-05".to_owned()),
            bio: Some(format!("{name}입니다")),
            interests: Some(vec!["등산".to_owned()]),
            ..ProfileEdit::default()
        };
        self.g(0).profiles().edit(me, edit, None).await.expect("a sound profile");
        self.wish(me, genders).await;
        let place = LocateInput { location: Some("서울 강남구".to_owned()), coordinates: None };
        self.g(0).profiles().locate(me, place).await.expect("a known place");
        me
    }

    /// States whom a member wishes to meet.
    pub async fn wish(&self, me: MemberId, genders: &[&str]) {
        let genders = genders.iter().map(|&gender| gender.to_owned()).collect();
        let wishes = PreferencesEdit { genders: Some(genders), ..PreferencesEdit::default() };
        self.g(0).profiles().set_preferences(me, wishes).await.expect("sound wishes");
    }

    /// Couples who may meet each other, taken in by large batches; a woman and a man each.
    pub async fn couples(&self, count: usize) -> Vec<(MemberId, MemberId)> {
        let mut people: Vec<Member> = Vec::with_capacity(2 * count);
        for number in 0..count {
            people.push(self.newcomer(number, "F", "M"));
            people.push(self.newcomer(number, "M", "F"));
        }
        let ids: Vec<MemberId> = people.iter().map(|person| person.id).collect();
        for batch in people.chunks(500) {
            self.g(0).members().import(batch.to_vec()).await.expect("people can be taken in");
        }
        ids.chunks(2).map(|couple| (couple[0], couple[1])).collect()
    }

    fn newcomer(&self, number: usize, gender: &str, wish: &str) -> Member {
        let now = gpting_core::Clock::now(&*self.clock);
        Member {
            id: MemberId::draw(&SystemRng),
            host: None,
            source: Some(format!("town:{gender}{number}")),
            standing: Standing::Active,
            verified: false,
            created_at: now,
            last_active: now,
            profile: Profile {
                nickname: format!("{gender}{number}"),
                gender: parse_gender(gender),
                birth_date: Some(jiff::civil::date(1996, 5, 5)),
                ..Profile::default()
            },
            preferences: Preferences { genders: vec![wish.to_owned()], ..Preferences::default() },
            answers: std::collections::BTreeMap::new(),
            consents: Vec::new(),
            derived: gpting_core::assist::Derived::default(),
            visibility: gpting_core::profile::Visibility::default(),
        }
    }

    /// Matches two people and answers their room.
    pub async fn matched(&self, a: MemberId, b: MemberId) -> RoomId {
        self.g(0).matching().like(a, b, None).await.expect("they may meet");
        self.g(1).matching().like(b, a, None).await.expect("they may meet").matched.expect("a match")
    }

    /// What somebody signs up with.
    pub fn form(name: &str) -> SignUp {
        SignUp {
            username: name.to_owned(),
            email: format!("{name}@example.com"),
            password: PASSWORD.to_owned(),
            nickname: name.to_owned(),
            gender: "F".to_owned(),
            birth_date: Some("1996-05-05".to_owned()),
            ..SignUp::default()
        }
    }

    /// Signs up by a form, ends the sign-up with the mailed code, and logs in.
    pub async fn signed_in(&self, form: SignUp, device: Device) -> LoggedIn {
        let (username, email) = (form.username.clone(), form.email.clone());
        self.g(0).accounts().sign_up(form, Lang::Ko).await.expect("a sound form");
        self.work_off().await;
        let code = self.letters.code(&email);
        self.g(0).accounts().verify_email(&email, &code).await.expect("the code that was mailed");
        self.g(0).accounts().login(&username, PASSWORD, device).await.expect("the right password")
    }

    /// Performs every job that is due, and those that come of them.
    pub async fn work_off(&self) {
        while self.g(0).run_due_jobs().await.expect("jobs can be read") > 0 {}
    }

    /// Lets the first instance deliver until the host has been told everything.
    pub async fn tell_all(&self) {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = self.g(0).run(async move {
            let _ = stopped.await;
        });
        self.until_told().await;
        let _ = stop.send(());
        running.await.expect("the background ends when it is told to");
    }

    /// Waits until the outbox is empty.
    pub async fn until_told(&self) {
        for _ in 0..1_000 {
            if self.store().events(0, 1).await.expect("the outbox can be read").is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the outbox was not emptied in 20 s");
    }

    /// The SQLite file of a town that has one.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("data/gpting.db")
    }

    /// The folder of the SQLite store's files.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder of the pictures.
    pub fn albums(&self) -> PathBuf {
        self.folder.path().join("pictures")
    }

    /// Where PostgreSQL keeps the town, if it does.
    pub async fn data_directory(&self) -> Option<PathBuf> {
        if self.ground != Ground::Postgres {
            return None;
        }
        Some(self.ask("SHOW data_directory".to_owned()).await?.remove(0).into())
    }

    /// How many rows a table has, asked past the store; none when the town is in memory.
    pub async fn rows(&self, table: &str) -> Option<i64> {
        let count = self.ask(format!("SELECT CAST(count(*) AS text) FROM {}", self.named(table))).await?;
        Some(count[0].parse().expect("a number"))
    }

    /// Every row of every table as text, with the table's name, read past the store. Empty when the town is in memory.
    pub async fn dump(&self) -> Vec<(String, String)> {
        let tables = match self.ground {
            Ground::Memory => return Vec::new(),
            Ground::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Ground::Postgres => {
                "SELECT table_schema || '.' || table_name FROM information_schema.tables
                 WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            }
        };
        let mut all = Vec::new();
        for table in self.ask(tables.to_owned()).await.expect("a database") {
            let read = match self.ground {
                Ground::Postgres => format!("SELECT t::text FROM {table} t"),
                Ground::Memory | Ground::Sqlite => {
                    let of = format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')");
                    let columns = self.ask(of).await.expect("a database").join(" || ' ' || ");
                    format!("SELECT {columns} FROM \"{table}\"")
                }
            };
            let name = table.strip_prefix("gpting.").unwrap_or(&table).to_owned();
            all.extend(self.ask(read).await.expect("a database").into_iter().map(|row| (name.clone(), row)));
        }
        all
    }

    /// Runs a statement past the store and answers the first column of its rows; none when the town is in memory.
    pub async fn ask(&self, statement: String) -> Option<Vec<String>> {
        let statement = AssertSqlSafe(statement);
        match self.ground {
            Ground::Memory => None,
            Ground::Sqlite => {
                let url = format!("sqlite://{}", self.file().display());
                let mut connection = SqliteConnection::connect(&url).await.expect("the file is there");
                let rows = sqlx::query_scalar(statement).fetch_all(&mut connection).await.expect("a sound statement");
                connection.close().await.expect("a connection can be closed");
                Some(rows)
            }
            Ground::Postgres => {
                let url = &self.database.as_ref().expect("a database").url;
                let mut connection = PgConnection::connect(url).await.expect("the cluster runs");
                let rows = sqlx::query_scalar(statement).fetch_all(&mut connection).await.expect("a sound statement");
                connection.close().await.expect("a connection can be closed");
                Some(rows)
            }
        }
    }

    fn named(&self, table: &str) -> String {
        if self.ground == Ground::Postgres { format!("gpting.{table}") } else { table.to_owned() }
    }
}

/// Makes a test per store of each named function, which takes a [`Town`].
#[macro_export]
macro_rules! on_every_store {
    ($($name:ident),+ $(,)?) => {
        $crate::on_store!(memory, Memory, $($name),+);
        $crate::on_store!(sqlite, Sqlite, $($name),+);
        $crate::on_store!(postgres, Postgres, $($name),+);
    };
}

/// Makes a test on one store of each named function, which takes a [`Town`].
#[macro_export]
macro_rules! on_store {
    ($module:ident, $ground:ident, $($name:ident),+ $(,)?) => {
        mod $module {
            use $crate::town::{Ground, Town};
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    super::$name(Town::on(Ground::$ground).await).await;
                }
            )+
        }
    };
}
