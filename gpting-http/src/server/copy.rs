//! `gpting copy`: moves a whole store to another place, or to the other kind.
//!
//! Called by the command line; the copy itself is the core's [`transfer`], between what the stores give out and take
//! in. Nothing of the source is written, not even its schema. What it answers is what was verified on both sides.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Instant;

use gpting_core::SystemRng;
use gpting_core::store::transfer::{self, Advance, Copied, Source, Target};
use gpting_store_pg::{PgStore, PgTransfer};
use gpting_store_sqlite::SqliteTransfer;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::ExposeSecret as _;

use super::django;
use super::keys::{Keys, make_private_folder};
use super::settings::{self, Database, Settings};
use super::start::StartError;
use super::store::AnyStore;

/// Rows between two lines of progress where no terminal is.
const LINE_EVERY: u64 = 100_000;

/// What is copied, and where to. A URL is `sqlite://FILE`, `postgres://…`, or `env:NAME`: what that variable says.
#[derive(Debug, clap::Args)]
pub(super) struct Copy {
    /// The store to copy; it is left as it is
    #[arg(long, value_name = "URL", required_unless_present = "from_django")]
    from: Option<String>,
    /// The database of an installation of the original service to bring over; it is left as it is
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    from_django: Option<String>,
    /// The store to fill [default: the one of the settings]
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// When a store cannot be used, or the copy is not verified.
pub(super) async fn run(flags: &Copy, settings: &Settings) -> Result<(), StartError> {
    let started = Instant::now();
    let to = match &flags.to {
        Some(url) => named("--to", url)?,
        None => settings.database.clone(),
    };
    if let Some(url) = &flags.from_django {
        return bring_over(&named("--from-django", url)?, &to, settings, flags.json).await;
    }
    let from = named("--from", flags.from.as_deref().unwrap_or_default())?;
    let mut source: Box<dyn Source> = match &from {
        Database::Sqlite(path) => Box::new(SqliteTransfer::source(path).await?),
        Database::Postgres(url) => {
            let store = PgStore::connect(url.expose_secret()).await?;
            Box::new(PgTransfer::source(&store).await?)
        }
    };
    let mut target: Box<dyn Target> = match &to {
        Database::Sqlite(path) => {
            make_folder_of(path)?;
            Box::new(SqliteTransfer::target(path).await?)
        }
        Database::Postgres(url) => {
            let store = PgStore::connect(url.expose_secret()).await?;
            Box::new(PgTransfer::target(&store).await?)
        }
    };
    let mut terminal = Terminal::new();
    let copied = transfer::copy(&mut *source, &mut *target, &mut |advance| terminal.advanced(advance)).await;
    terminal.bar.finish_and_clear();
    answer(&copied?, flags.json, started.elapsed().as_secs_f64())
}

async fn bring_over(from: &Database, to: &Database, settings: &Settings, json: bool) -> Result<(), StartError> {
    let started = Instant::now();
    make_private_folder(&settings.data_dir)?;
    let keys = Keys::open(&settings.keys_dir, &SystemRng)?;
    if let Database::Sqlite(path) = to {
        make_folder_of(path)?;
    }
    let store = AnyStore::open(to).await?;
    let g = store.builder(keys.account_keys()?).build().await?;
    let mut terminal = Terminal::new();
    let done = Box::pin(django::run(&g, from, &mut terminal)).await;
    terminal.bar.finish_and_clear();
    store.close().await;
    let summary = done?;
    let mut out = io::stdout().lock();
    if json {
        let mut answer = serde_json::to_value(summary)?;
        answer["seconds"] = started.elapsed().as_secs_f64().into();
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "{summary}")?;
    }
    Ok(())
}

fn answer(copied: &[Copied], json: bool, seconds: f64) -> Result<(), StartError> {
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::json!({"tables": copied, "rows": rows, "seconds": seconds}))?;
        return Ok(());
    }
    for table in copied {
        writeln!(out, "{}: {} rows, checksum {} on both sides", table.table, table.rows, table.checksum)?;
    }
    writeln!(out, "copied {rows} rows of {} tables, verified; photos and keys are to be copied too", copied.len())?;
    Ok(())
}

/// The database that a flag names.
pub(super) fn named(flag: &str, url: &str) -> Result<Database, StartError> {
    let read = match url.strip_prefix("env:") {
        Some(name) => std::env::var(name).map_err(|_| format!("{flag}: the variable {name} is not set"))?,
        None => url.to_owned(),
    };
    let database = settings::database(read.trim()).map_err(|error| format!("{flag}: {}", error.reason))?;
    if !url.starts_with("env:") && settings::has_password(url) {
        // Refusing would help nobody: it has been read by now.
        let _ = writeln!(
            io::stderr(),
            "{flag}: everybody on this machine can read a command line, and the password in it; {flag} env:NAME reads \
             the URL from a variable"
        );
    }
    Ok(database)
}

fn make_folder_of(path: &Path) -> io::Result<()> {
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        Some(folder) => make_private_folder(folder).map_err(io::Error::other),
        None => Ok(()),
    }
}

/// Progress on standard error: a bar on a terminal, a line per table and now and then elsewhere.
struct Terminal {
    bar: ProgressBar,
    last: Option<(&'static str, &'static str, u64)>,
}

impl Terminal {
    fn new() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {msg} [{eta}]") {
            bar.set_style(style);
        }
        Self { bar, last: None }
    }

    fn line(&self, line: &str) {
        if self.bar.is_hidden() {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr(), "{line}");
        } else {
            self.bar.println(line);
        }
    }

    fn advanced(&mut self, Advance { step, table, done, total }: Advance) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(format!("{step} {table}"));
        let is_news = self.last.is_none_or(|(last_step, last_table, last)| {
            (last_step, last_table) != (step, table) || done >= last + LINE_EVERY
        });
        if self.bar.is_hidden() && is_news {
            self.line(&format!("{step} {table}: {done} of {total} rows"));
            self.last = Some((step, table, done));
        }
    }
}

impl django::Progress for Terminal {
    fn told(&mut self, line: &str) {
        self.line(line);
    }

    fn advanced(&mut self, what: &'static str, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(what);
        if self.bar.is_hidden() && (done == total || done.is_multiple_of(10_000)) {
            self.line(&format!("{what}: {done} of {total}"));
        }
    }
}
