//! The library in a process of its own: this very test program as a child that embeds it, to be killed at any moment.
//!
//! A program with such tests has a test named `child`, which does nothing unless its variable is set, and works until its
//! standard input ends.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use gpting_core::store::Store;
use gpting_store_pg::PgStore;
use gpting_store_sqlite::SqliteStore;

/// The store behind an address: `sqlite://` and a file, or a PostgreSQL, which is brought to the present form.
///
/// # Panics
/// When it cannot be opened.
pub async fn open(url: &str) -> Arc<dyn Store> {
    if let Some(file) = url.strip_prefix("sqlite://") {
        return Arc::new(SqliteStore::open(file).await.expect("a file"));
    }
    let store = PgStore::connect(url).await.expect("a database");
    store.migrate().await.expect("the present form");
    Arc::new(store)
}

/// A child process. Dropping it kills it; it also ends by itself when this process does.
#[derive(Debug)]
pub struct Embedded(Child);

impl Embedded {
    /// Starts one with its variable set; it says what it says in `log`, or nowhere.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(variable: &str, value: &str, log: Option<&File>) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "child", "--nocapture"]).env(variable, value).stdin(Stdio::piped());
        let output = || log.map_or_else(Stdio::null, |log| log.try_clone().expect("one file twice").into());
        Self(command.stdout(output()).stderr(output()).spawn().expect("a child"))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
