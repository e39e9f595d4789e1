//! The built `gpting` binary in a child process: configured, watched, killed, started again.
//!
//! Called by the black-box tests. Every server has its own data directory, its own free ports and no setting
//! inherited from whoever runs the tests; a restart keeps all three, so that what was acknowledged before a
//! `kill -9` can be looked for after it.
//!
//! Invariant: the binary is the one of the sources at hand. `GPTING_BIN` names another; otherwise cargo builds
//! it (which does nothing when it is fresh).

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::{self, Guard};
use crate::mail::Mailbox;

const READY: Duration = Duration::from_mins(1);

/// What a server is started with; everything else is its own default.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `GPTING_DATABASE_URL`; `None` is SQLite in the data directory.
    pub database_url: Option<String>,
    /// `GPTING_DATA_DIR`, to share one with other servers; `None` is one of its own.
    pub data_dir: Option<PathBuf>,
    /// Request rates and daily quotas, off by default: the tests are many people on one address.
    pub rate_limits: bool,
    /// Further variables, by their full name.
    pub variables: Vec<(String, String)>,
    /// The command and its flags; none is `serve`.
    pub arguments: Vec<String>,
}

impl Settings {
    /// The embedded default: SQLite in the data directory.
    pub fn sqlite() -> Self {
        Self::default()
    }

    /// On a PostgreSQL database.
    pub fn postgres(url: &str) -> Self {
        Self { database_url: Some(url.to_owned()), ..Self::default() }
    }

    /// With one more environment variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With another command than `serve`, and its flags.
    #[must_use]
    pub fn running(mut self, arguments: &[&str]) -> Self {
        self.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        self
    }
}

/// A running (or killed) server. Dropping it kills the process and deletes its data.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    data: TempDir,
    port: u16,
    admin_port: u16,
    child: Option<Child>,
    guard: Option<Guard>,
}

impl Server {
    /// Starts a server on a free port and waits until it is ready.
    pub async fn start(settings: Settings) -> Self {
        let data = tempfile::Builder::new().prefix("gpting-server-").tempdir().expect("a temporary directory");
        let mut server = Self { settings, data, port: 0, admin_port: 0, child: None, guard: None };
        // A port found free may be taken by somebody else before the server binds it: then others are tried.
        let mut reason = String::new();
        for _ in 0..3 {
            (server.port, server.admin_port) = free_ports();
            match server.launch().await {
                Ok(()) => return server,
                Err(error) => reason = error,
            }
        }
        panic!("the server did not start: {reason}");
    }

    /// Starts the server again on the same data and ports; kills it first if it still runs.
    ///
    /// The time until it was ready is returned.
    pub async fn restart(&mut self) -> Duration {
        self.kill9();
        let started = Instant::now();
        if let Err(reason) = self.launch().await {
            panic!("the server did not start again: {reason}");
        }
        started.elapsed()
    }

    /// `kill -9`, and waits for the process to be gone.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if let Some(guard) = self.guard.take() {
            guard.dismiss();
        }
    }

    /// SIGTERM; returns how the process ended, which must be within 15 s (it drains for at most 10).
    pub async fn stop(&mut self) -> ExitStatus {
        let child = self.child.as_mut().expect("the server runs");
        guard::signal("TERM", &[child.id()]);
        let asked = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                break status;
            }
            assert!(asked.elapsed() < Duration::from_secs(15), "SIGTERM did not stop the server");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        self.kill9();
        status
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same for sockets: `ws://127.0.0.1:<port>`.
    pub fn socket_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The administration listener: `http://127.0.0.1:<port>`.
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// Where the server keeps everything.
    pub fn data_dir(&self) -> PathBuf {
        self.settings.data_dir.clone().unwrap_or_else(|| self.data.path().join("data"))
    }

    /// The folder that mails are written to.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.data_dir().join("mail"))
    }

    /// Everything the server printed so far, over all its starts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// Anonymous resident memory in KiB: what the process allocated and holds.
    pub fn rss_anon_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process is alive");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("Linux reports RssAnon");
        line.trim().trim_end_matches("kB").trim().parse().expect("a number of kB")
    }

    async fn launch(&mut self) -> Result<(), String> {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("the temporary directory is writable");
        let mut command = Command::new(binary());
        // An empty directory of its own: no settings file of the person who runs the tests is picked up.
        command.current_dir(self.data.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GPTING") {
                command.env_remove(name);
            }
        }
        command
            .env("GPTING_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("GPTING_ADMIN_LISTEN", format!("127.0.0.1:{}", self.admin_port))
            .env("GPTING_DATA_DIR", self.data_dir())
            // Kept connections of the tests' own clients are nothing to wait for.
            .env("GPTING_DRAIN_SECONDS", "1")
            .env("RUST_BACKTRACE", "1");
        if let Some(url) = &self.settings.database_url {
            command.env("GPTING_DATABASE_URL", url);
        }
        if !self.settings.rate_limits {
            command.env("GPTING_RATE_LIMITS", "off");
        }
        command.envs(self.settings.variables.iter().map(|(name, value)| (name, value)));
        let child = command
            .args(&self.settings.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be doubled"))
            .stderr(log)
            .process_group(0)
            .spawn()
            .expect("the server's binary can be started");
        let pid = child.id().to_string();
        let directory = self.data.path().to_string_lossy().into_owned();
        self.guard = Some(Guard::spawn(r#"kill -KILL "$1"; sleep 0.1; rm -rf "$2""#, &[pid, directory]));
        self.child = Some(child);
        let outcome = self.wait_until_ready().await;
        if outcome.is_err() {
            self.kill9();
        }
        outcome
    }

    async fn wait_until_ready(&mut self) -> Result<(), String> {
        let http = reqwest::Client::builder().no_proxy().build().expect("a client without TLS");
        let url = format!("{}/readyz", self.url());
        let started = Instant::now();
        loop {
            // Asked before the request: another process on the same port must not answer for a dead server.
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                return Err(format!("it ended with {status}"));
            }
            let answer = http.get(&url).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            if started.elapsed() > READY {
                return Err("it was not ready in time".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("log")
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The test harness shows captured output of failed tests only, and this only on failure.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("--- the server's log ends with ---\n{}\n", self.log_tail()).as_bytes(),
            );
        }
        self.kill9();
    }
}

fn free_ports() -> (u16, u16) {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let (first, second) = (bind(), bind());
    let port = |listener: &TcpListener| listener.local_addr().expect("it is bound").port();
    (port(&first), port(&second))
}

/// The server's binary, built once per process.
///
/// The test executable lies in `<target>/<profile>/deps/`, the binary one level above it.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("GPTING_BIN") {
            let path = PathBuf::from(named);
            assert!(path.is_file(), "GPTING_BIN names {}, which is not there", path.display());
            return path;
        }
        let this = std::env::current_exe().expect("a process knows its executable");
        let profile = this.parent().and_then(Path::parent).expect("cargo puts tests into <profile>/deps");
        let path = profile.join("gpting");
        if let Some(cargo) = std::env::var_os("CARGO") {
            build(Path::new(&cargo), profile);
        }
        assert!(path.is_file(), "{} is missing: build it with `cargo build -p gpting-http`", path.display());
        path
    })
}

/// Builds with the features of `cargo test --workspace --all-features`, so that its dependencies are built once.
fn build(cargo: &Path, profile: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the rig is a member of the workspace");
    let name = profile.file_name().and_then(std::ffi::OsStr::to_str).unwrap_or("debug");
    let mut command = Command::new(cargo);
    // What cargo tells a test about its package would look like a change to build scripts.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            command.env_remove(&name);
        }
    }
    let output = command
        .current_dir(root)
        .args(["build", "--quiet", "--workspace", "--all-features", "--bin", "gpting", "--profile"])
        .arg(if name == "debug" { "dev" } else { name })
        .arg("--target-dir")
        .arg(profile.parent().unwrap_or(profile))
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "the server does not build:\n{}", String::from_utf8_lossy(&output.stderr));
}
