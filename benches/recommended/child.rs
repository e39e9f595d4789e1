//! The two servers as processes of their own, and what they take of the processor.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::client::Client;

/// How long reading in a million people may take.
const READY: Duration = Duration::from_mins(15);

/// A process that listens; it ends with this.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    pub(crate) port: u16,
    /// How long until it was ready.
    pub(crate) started: Duration,
}

impl Child {
    /// The `gpting` binary on this data.
    pub(crate) async fn server(folder: &Path) -> Result<Self, Failure> {
        let binary = binary()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GPTING")) {
            command.env_remove(name);
        }
        let settings = [("GPTING_RATE_LIMITS", "off"), ("GPTING_ADMIN_LISTEN", "off"), ("GPTING_DRAIN_SECONDS", "1")];
        command.envs(settings).env("GPTING_LISTEN", format!("127.0.0.1:{port}")).env("GPTING_DATA_DIR", folder);
        let log = std::fs::File::create(folder.join("log"))?;
        let process = command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let began = Instant::now();
        let mut child = Self { process, port, started: Duration::ZERO };
        loop {
            if let Some(status) = child.process.try_wait()? {
                return Err(format!("the server ended with {status}; see its log in {}", folder.display()).into());
            }
            if let Ok(mut client) = Client::connect(port).await
                && client.get("/readyz", None).await.is_ok()
            {
                child.started = began.elapsed();
                return Ok(child);
            }
            if began.elapsed() > READY {
                return Err("the server was not ready in time".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// This very program as the bare handler.
    pub(crate) async fn bare(file: &Path, pages: &Path) -> Result<Self, Failure> {
        let began = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--bare").arg(file).arg(pages).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let stdout = process.stdout.take().ok_or("no output")?;
        let line = tokio::task::spawn_blocking(move || BufReader::new(stdout).lines().next()).await?;
        let port = line.ok_or("the bare handler said no port")??.trim().parse()?;
        Ok(Self { process, port, started: began.elapsed() })
    }

    /// Processor time of all its threads so far. Threads that have ended are not in it.
    pub(crate) fn cpu(&self) -> Duration {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).into_iter().flatten().flatten();
        let spent: BTreeMap<_, u64> = threads
            .filter_map(|thread| {
                let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
                Some((thread.file_name(), text.split_whitespace().next()?.parse().ok()?))
            })
            .collect();
        Duration::from_nanos(spent.values().sum())
    }

    /// Waits until it has nothing to do: everything is read in and learned.
    pub(crate) async fn until_idle(&self) {
        for _ in 0..600 {
            let before = self.cpu();
            tokio::time::sleep(Duration::from_secs(2)).await;
            if self.cpu().saturating_sub(before) < Duration::from_millis(40) {
                return;
            }
        }
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The server's binary of the same build: `GPTING_BIN`, or what cargo makes beside this program.
fn binary() -> Result<PathBuf, Failure> {
    if let Some(named) = std::env::var_os("GPTING_BIN") {
        return Ok(PathBuf::from(named));
    }
    let this = std::env::current_exe()?;
    let path = this.parent().and_then(Path::parent).ok_or("cargo puts benches into release/deps")?.join("gpting");
    if let Some(cargo) = std::env::var_os("CARGO") {
        eprintln!("building the server");
        let mut command = Command::new(cargo);
        let of_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| of_package(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("benches are a member of the workspace")?;
        let build = ["build", "--release", "--quiet", "-p", "gpting-http", "--bin", "gpting"];
        let built = command.current_dir(root).args(build).status()?;
        if !built.success() {
            return Err("the server does not build".into());
        }
    }
    if path.is_file() { Ok(path) } else { Err(format!("{} is missing", path.display()).into()) }
}
