//! A real PostgreSQL for tests: found on this machine, started in a temporary directory, removed at the end.
//!
//! Called by every test that needs PostgreSQL. [`Postgres::shared`] is one cluster per test process, quick and
//! careless about power cuts; [`Postgres::start`] makes one of its own, durable if asked, that can be crashed.
//! Each test takes its own [`Database`], empty or a copy of one migrated before.
//!
//! Invariants: a Unix socket and no port, so that runs never clash; never run as root (the server refuses to),
//! the uid is dropped without `sudo`; absent binaries are a failure with a sentence, never a silent skip.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::guard::{self, Guard};

const PREFIX: &str = "gpting-pg-";
const DEADLINE: Duration = Duration::from_mins(1);

/// How a cluster of one's own is started.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Keep the engine's own defaults of `fsync`, `full_page_writes` and `synchronous_commit`.
    pub durable: bool,
}

/// A running cluster. Dropping it stops the server and deletes its directory.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    directory: PathBuf,
    options: Options,
    user: Option<(u32, u32)>,
    server: Mutex<Option<Child>>,
    guard: Option<Guard>,
    databases: AtomicU32,
}

impl Postgres {
    /// The cluster that all tests of this process share; the first call starts it (about a second).
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Options::default()))
    }

    /// Starts a cluster of one's own and waits until it accepts connections.
    pub fn start(options: Options) -> Self {
        static CLUSTERS: AtomicU32 = AtomicU32::new(0);
        let programs = Programs::find();
        let base = temporary_base();
        sweep(&base);
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let directory = base.join(format!("{PREFIX}{}-{number}", std::process::id()));
        fs::DirBuilder::new().mode(0o700).create(&directory).expect("the temporary directory is writable");
        let user = unprivileged_user(&directory);
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&directory, Some(uid), Some(gid)).expect("root may give a directory away");
        }
        // In place before the first program runs: a test killed during `initdb` leaves nothing behind either.
        let guard = Guard::spawn(
            r#"pid=$(head -n 1 "$1/data/postmaster.pid") && kill -QUIT "$pid"
               n=0; while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done
               rm -rf "$1""#,
            &[&directory],
        );
        let cluster = Self {
            programs,
            directory,
            options,
            user,
            server: Mutex::new(None),
            guard: Some(guard),
            databases: AtomicU32::new(0),
        };
        cluster.initialise();
        cluster.launch();
        cluster
    }

    /// A new, empty database; `hint` makes its name readable.
    pub async fn database(&self, hint: &str) -> Database {
        self.create(hint, None).await
    }

    /// A copy of `template`, which nobody may be connected to; some 20 ms instead of running migrations again.
    pub async fn copy_of(&self, template: &Database, hint: &str) -> Database {
        self.create(hint, Some(&template.name)).await
    }

    /// Kills the server and all its processes at once, as a power cut would.
    pub fn kill9(&self) {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = server.take() {
            let mut victims = children_of(child.id());
            victims.insert(0, child.id());
            guard::signal("KILL", &victims);
            let _ = child.wait();
        }
    }

    /// Starts the server again after [`Postgres::kill9`]; it recovers from its own log first.
    pub fn restart(&self) {
        self.kill9();
        self.launch();
    }

    /// The URL of a database of this cluster, in the form that sqlx and the server's settings take.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.directory.display())
    }

    async fn create(&self, hint: &str, template: Option<&str>) -> Database {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let hint: String =
            hint.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(30).collect();
        let name = format!("t{number}_{hint}");
        let mut statement = format!("CREATE DATABASE {name}");
        if let Some(template) = template {
            statement.push_str(" TEMPLATE ");
            statement.push_str(template);
            // Older servers know only this way and refuse the word.
            if self.programs.major.is_none_or(|major| major >= 15) {
                statement.push_str(" STRATEGY file_copy");
            }
        }
        let admin = self.url("postgres");
        execute(&admin, statement).await.expect("a database can be created");
        Database { url: self.url(&name), name, admin }
    }

    fn initialise(&self) {
        let output = self
            .command("initdb")
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"])
            .args(["--no-instructions", "-D"])
            .arg(self.directory.join("data"))
            .output()
            .expect("initdb can be started");
        assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server; tries again while the processes of a killed one still hold the cluster.
    fn launch(&self) {
        let started = Instant::now();
        loop {
            let mut child = self.spawn();
            match self.wait_until_ready(&mut child, started) {
                Ok(()) => {
                    *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
                    return;
                }
                Err(reason) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    assert!(started.elapsed() < DEADLINE, "PostgreSQL did not start: {reason}\n{}", self.log());
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn spawn(&self) -> Child {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.directory.join("log"))
            .expect("the cluster's directory is writable");
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.directory.join("data"));
        command.arg("-k").arg(&self.directory).args(["-h", ""]);
        command.args(["-c", "shared_buffers=64MB", "-c", "max_connections=300", "-c", "autovacuum=off"]);
        if !self.options.durable {
            command.args(["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be doubled"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("postgres can be started")
    }

    /// Line 8 of `postmaster.pid` reads `ready` only when connections are served; the socket appears earlier.
    fn wait_until_ready(&self, child: &mut Child, started: Instant) -> Result<(), String> {
        let pid = child.id().to_string();
        loop {
            let state = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap_or_default();
            let mut lines = state.lines();
            // A killed server leaves its file behind, with another pid.
            if lines.next() == Some(pid.as_str()) && lines.nth(6).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Err(format!("it ended with {status}"));
            }
            if started.elapsed() > DEADLINE {
                return Err("it was not ready in time".to_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// One of the cluster's programs, as the cluster's user, in a directory that user may enter.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.directory.join(program));
        command.current_dir(&self.directory).env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/bin:/bin");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Runs one of PostgreSQL's own programs (`pg_dump`, `pgbench`), which must succeed; answers what it prints.
    pub fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.programs.directory.join(program)).args(arguments).output();
        let output = output.unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Everything the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut child) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            guard::signal("QUIT", &[child.id()]);
            let _ = child.wait();
        }
        if let Some(guard) = self.guard.take() {
            guard.fire();
        }
    }
}

/// A database of one test. Dropping it removes it as soon as possible, whoever is still connected.
#[derive(Debug)]
pub struct Database {
    /// What `GPTING_DATABASE_URL` and sqlx take.
    pub url: String,
    name: String,
    admin: String,
}

impl Drop for Database {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let admin = std::mem::take(&mut self.admin);
        // The test's own runtime may be ending; nobody waits, and the cluster is deleted in any case.
        std::thread::spawn(move || {
            if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() {
                let _ = runtime.block_on(execute(&admin, statement));
            }
        });
    }
}

async fn execute(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    // Database names cannot be bound as parameters; ours are made of letters, digits and an underscore.
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}

/// Where `postgres` and `initdb` are.
#[derive(Debug, Clone)]
struct Programs {
    directory: PathBuf,
    major: Option<u32>,
}

impl Programs {
    /// `GPTING_PG_BIN`, else the newest of the Debian packages, else the search path.
    fn find() -> Self {
        if let Some(directory) = std::env::var_os("GPTING_PG_BIN") {
            return Self { directory: directory.into(), major: None }
                .checked("GPTING_PG_BIN has no initdb and postgres");
        }
        let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().filter_map(|entry| {
            let major = entry.file_name().to_str()?.parse::<u32>().ok()?;
            Some(Self { directory: entry.path().join("bin"), major: Some(major) })
        });
        let newest = packaged.filter(Self::complete).max_by_key(|found| found.major);
        newest
            .or_else(|| {
                let path = std::env::var_os("PATH").unwrap_or_default();
                std::env::split_paths(&path).map(|directory| Self { directory, major: None }).find(Self::complete)
            })
            .expect("no PostgreSQL server found: install the postgresql package")
    }

    fn complete(&self) -> bool {
        self.directory.join("initdb").is_file() && self.directory.join("postgres").is_file()
    }

    fn checked(self, otherwise: &str) -> Self {
        assert!(self.complete(), "{otherwise}: install the postgresql package");
        self
    }
}

/// A directory whose name leaves room for the socket: its path must stay under 107 bytes.
fn temporary_base() -> PathBuf {
    let preferred = std::env::temp_dir();
    if preferred.as_os_str().len() <= 50 { preferred } else { PathBuf::from("/tmp") }
}

/// Whom to become when root, which owns `directory` then: `postgres`, else `nobody`.
fn unprivileged_user(directory: &Path) -> Option<(u32, u32)> {
    if fs::metadata(directory).expect("just created").uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("accounts are listed");
    let of = |name: &str| {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            Some((uid, fields.next()?.parse().ok()?))
        })
    };
    Some(of("postgres").or_else(|| of("nobody")).expect("there is a user to run PostgreSQL as"))
}

/// Removes what dead owners left: their guard may have been killed together with them.
fn sweep(base: &Path) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let name: OsString = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|pid| pid.parse::<u32>().ok()) else {
            continue;
        };
        if Path::new(&format!("/proc/{owner}")).exists() {
            continue;
        }
        let path = entry.path();
        let left = fs::read_to_string(path.join("data/postmaster.pid"));
        if let Some(pid) = left.ok().and_then(|file| file.lines().next()?.parse::<u32>().ok()) {
            // The number may belong to somebody else by now.
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if String::from_utf8_lossy(&command).contains(&*path.to_string_lossy()) {
                guard::signal("QUIT", &[pid]);
            }
        }
        let _ = fs::remove_dir_all(&path);
    }
}

fn children_of(pid: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    listed.split_whitespace().filter_map(|child| child.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn databases_are_separate_and_copies_carry_the_content() {
        let postgres = Postgres::shared();
        let first = postgres.database("First one").await;
        execute(&first.url, "CREATE TABLE kept (n int)".to_owned()).await.unwrap();
        let copy = postgres.copy_of(&first, "copy").await;
        execute(&copy.url, "INSERT INTO kept VALUES (1)".to_owned()).await.unwrap();
        let other = postgres.database("other").await;
        assert!(execute(&other.url, "INSERT INTO kept VALUES (1)".to_owned()).await.is_err());
        assert!(!first.url.contains(' '));
    }

    #[tokio::test]
    async fn a_durable_cluster_keeps_what_was_committed_when_killed() {
        let postgres = Postgres::start(Options { durable: true });
        let database = postgres.database("durable").await;
        execute(&database.url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)".to_owned()).await.unwrap();
        postgres.kill9();
        assert!(execute(&database.url, "SELECT 1".to_owned()).await.is_err());
        postgres.restart();
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let kept: i32 = sqlx::query_scalar("SELECT n FROM kept").fetch_one(&mut connection).await.unwrap();
        assert_eq!(kept, 42);
        let directory = postgres.directory.clone();
        assert!(directory.exists());
        drop(postgres);
        assert!(!directory.exists());
    }
}
