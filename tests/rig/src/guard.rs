//! A guard process: cleans up after the test process, however that ended.
//!
//! Called by [`crate::postgres`], [`crate::redis`] and whoever starts a server of ours. A guard is a small `sh` that reads a pipe held by this
//! process. When the pipe closes (exit, panic, `kill -9`: the kernel closes it in every case), the guard runs
//! its script. It ignores the terminal's signals and sits in its own process group, so Ctrl-C cannot stop it.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// A process that waits for the end of this one and then runs a script.
#[derive(Debug)]
pub struct Guard {
    child: Child,
}

impl Guard {
    /// Starts a guard that will run `script` (for `sh`) with `arguments` as `$1`, `$2`, ….
    pub fn spawn<S: AsRef<std::ffi::OsStr>>(script: &str, arguments: &[S]) -> Self {
        let child = Command::new("sh")
            .arg("-c")
            .arg(format!("trap '' INT TERM HUP; cat >/dev/null; {script}"))
            .arg("guard")
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        Self { child }
    }

    /// Runs the script now and waits for its end.
    pub fn fire(mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }

    /// Ends the guard without running the script: what it watched is gone already.
    pub fn dismiss(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends `signal` (a name as `kill -s` takes it) to processes; those already gone are no error.
pub fn signal(signal: &str, pids: &[u32]) {
    if pids.is_empty() {
        return;
    }
    let _ = Command::new("sh")
        .args(["-c", r#"name=$1; shift; kill -s "$name" "$@""#, "signal", signal])
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status();
}
