//! A real nginx with the configuration of `deploy/`, in front of a server.
//!
//! Called by the test of the proxy. What the configuration says of one machine (ports, certificate, host) is replaced,
//! everything else is as it is delivered. Invariants: loopback only, a free port; an absent program is a failure with a
//! sentence; nothing survives the test process ([`crate::guard`]).

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::guard::{self, Guard};
use crate::server::Server;

/// A running nginx. Dropping it stops it.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    directory: TempDir,
    child: Child,
    guard: Option<Guard>,
}

impl Nginx {
    /// Starts nginx in front of servers and waits until it accepts connections.
    pub fn in_front_of(servers: &[&Server]) -> Self {
        let directory = tempfile::Builder::new().prefix("gpting-nginx-").tempdir().expect("a temporary directory");
        // Its workers are nobody, and keep large uploads in files.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let configuration = directory.path().join("nginx.conf");
        fs::write(&configuration, whole(directory.path(), port, servers)).expect("the directory is writable");
        let mut child = Command::new(program())
            .arg("-c")
            .arg(&configuration)
            .arg("-p")
            .arg(directory.path())
            .arg("-e")
            .arg(directory.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("nginx can be started");
        let place = directory.path().to_string_lossy().into_owned();
        let guard = Guard::spawn(r#"kill -TERM "$1"; sleep 0.2; rm -rf "$2""#, &[child.id().to_string(), place]);
        let asked = Instant::now();
        // Written when every port is bound.
        let is_bound = || fs::metadata(directory.path().join("pid")).is_ok_and(|file| file.len() > 0);
        while !is_bound() || std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = || fs::read_to_string(directory.path().join("error.log")).unwrap_or_default();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("nginx ended with {status}: {}", log());
            }
            assert!(asked.elapsed() < Duration::from_secs(30), "nginx was not ready in time: {}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { port, directory, child, guard: Some(guard) }
    }

    /// `127.0.0.1:<port>`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it has written of requests.
    pub fn access_log(&self) -> String {
        fs::read_to_string(self.directory.path().join("access.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(self.directory.path().join("error.log")).unwrap_or_default();
            let text = format!("--- nginx says ---\n{log}\n{}\n", self.access_log());
            let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
        }
        guard::signal("TERM", &[self.child.id()]);
        let _ = self.child.wait();
        if let Some(guard) = self.guard.take() {
            guard.dismiss();
        }
    }
}

/// The delivered part with this machine's addresses, inside what a distribution's `nginx.conf` is around it.
fn whole(directory: &Path, port: u16, servers: &[&Server]) -> String {
    let delivered = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").join("deploy/nginx.conf");
    let delivered = fs::read_to_string(delivered).expect("the configuration is delivered");
    let mut lines = Vec::new();
    let (mut listens, mut upstreams) = (0, 0);
    for line in delivered.lines() {
        let text = line.trim();
        if text.starts_with("listen 443") {
            listens += 1;
            lines.push(format!("listen 127.0.0.1:{port};"));
        } else if text.starts_with("server 127.0.0.1:8000") {
            upstreams += 1;
            let rest = text.trim_start_matches("server 127.0.0.1:8000");
            let address = |server: &&Server| server.url().trim_start_matches("http://").to_owned();
            lines.extend(servers.iter().map(|server| format!("server {}{rest}", address(server))));
        } else if text.starts_with("access_log") {
            let place = directory.join("access.log");
            lines.push(format!("access_log {} gpting;", place.display()));
        } else if text.starts_with("listen 80") {
            lines.push(format!("listen unix:{}/redirect;", directory.display()));
        } else if !text.starts_with("listen [::]") && !text.starts_with("ssl_") {
            lines.push(line.to_owned());
        }
    }
    assert_eq!((listens, upstreams), (1, 1), "the configuration listens once and names one server");
    let place = directory.display();
    let body = lines.join("\n");
    format!(
        "daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n\
         events {{ worker_connections 256; }}\n\
         http {{\n client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f;\n\
         uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;\n{body}\n}}\n"
    )
}

fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = places.find_map(|place| Some(place.join("nginx")).filter(|path| path.is_file()));
    found.expect("no nginx found: install the nginx-light package")
}
