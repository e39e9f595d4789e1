//! A real Redis (or Valkey) for tests: found on this machine, started in a temporary directory, removed at the end.
//!
//! Called by the tests of the buses. Each test starts its own (some 50 ms). Invariants: a Unix socket and no port, so that
//! runs never clash; nothing is kept on disk; an absent program is a failure with a sentence, never a silent skip; nothing
//! survives the test process ([`crate::guard`]).

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::{self, Guard};

const DEADLINE: Duration = Duration::from_secs(30);

/// A running server. Dropping it stops it and deletes its directory.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    directory: TempDir,
    server: Mutex<Option<(Child, Guard)>>,
}

impl Redis {
    /// Starts a server and waits until it accepts connections.
    pub fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("gpting-redis-").tempdir().expect("a temporary directory");
        let redis = Self { program: program(), directory, server: Mutex::new(None) };
        redis.restart();
        redis
    }

    /// What `GPTING_BUS_URL` takes.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Kills the server at once; whoever is connected is cut off.
    pub fn kill9(&self) {
        if let Some((mut child, guard)) = self.server.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
            guard.dismiss();
        }
    }

    /// Starts the server again at the same address.
    pub fn restart(&self) {
        self.kill9();
        let _ = std::fs::remove_file(self.socket());
        let mut child = Command::new(&self.program)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket"])
            .arg(self.socket())
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("redis-server can be started");
        let pid = child.id().to_string();
        let place = self.directory.path().to_string_lossy().into_owned();
        let guard = Guard::spawn(r#"kill -KILL "$1"; sleep 0.1; rm -rf "$2""#, &[pid, place]);
        let asked = Instant::now();
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("redis-server ended with {status}");
            }
            assert!(asked.elapsed() < DEADLINE, "redis-server was not ready in time");
            std::thread::sleep(Duration::from_millis(5));
        }
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some((child, guard));
    }

    /// Stops the server where it stands: connections stay open and nothing is answered. [`Redis::thaw`] ends it.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        if let Some((child, _)) = &*self.server.lock().unwrap_or_else(PoisonError::into_inner) {
            guard::signal(name, &[child.id()]);
        }
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// `GPTING_REDIS_SERVER`, else `redis-server` or `valkey-server` on the search path.
fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("GPTING_REDIS_SERVER") {
        assert!(Path::new(&named).is_file(), "GPTING_REDIS_SERVER is not there");
        return named.into();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = || std::env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
    let found = ["redis-server", "valkey-server"]
        .iter()
        .find_map(|name| places().map(|place| place.join(name)).find(|path| path.is_file()));
    found.expect("no Redis server found: install the redis-server package")
}
