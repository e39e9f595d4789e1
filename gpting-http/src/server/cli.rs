//! The command line: `gpting [serve]`, `demo`, `migrate`, `import`, `backup`, `copy`, `picks`, `llm check`, `simulate`,
//! `evaluate`, `bench`, `openapi`, `config`.
//!
//! Called by the binary; parses, reads the settings, runs one command. What a command answers goes to standard output,
//! everything else to standard error. Invariant: the process ends with 0 only when the command did what it was asked.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use gpting_core::error::Chain;
use gpting_core::{Clock as _, SystemClock};
use indicatif::{ProgressBar, ProgressStyle};

use super::demo::Demo;
use super::evaluate::Evaluate;
use super::import::{self, Progress, Summary};
use super::settings::{Database, Layer, Settings};
use super::start::{self, StartError};
use super::store::AnyStore;
use super::{bench, copy, evaluate, evaluate_log, keys, llm, logging, picks, simulate};

/// Rows between two lines of progress where no terminal is.
const LINE_EVERY: u64 = 10_000;

/// AI matchmaking: the server and its commands.
#[derive(Debug, Parser)]
#[command(name = "gpting", version)]
struct Cli {
    /// The settings file [default: gpting.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Layer,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API, the sockets and the web client (the default)
    Serve,
    /// Serve with made-up members who like, write and answer: for a look around, on a database of its own
    Demo(Demo),
    /// Bring the database to the schema of this build, and end
    Migrate,
    /// Take in people from a file of profiles: CSV or JSON Lines, plain or gzip
    Import {
        /// The file
        file: PathBuf,
        /// Where these people are from; with their ids it recognises them at the next import
        #[arg(long, value_name = "NAME")]
        source: Option<String>,
        /// Answer with one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Copy the database to a new file while it is in use: SQLite; on PostgreSQL use `pg_dump`
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Copy everything into an empty store of either kind, resumable and verified
    Copy(copy::Copy),
    /// Make today's mutual picks for everybody; the server does it every night
    Picks(picks::Picks),
    /// The language model
    #[command(subcommand)]
    Llm(llm::check::Command),
    /// Compare methods of matching on the published markets
    Simulate(simulate::Simulate),
    /// Measure predictions on real people
    #[command(subcommand)]
    Evaluate(Evaluate),
    /// Measure the engine beside what it is measured against
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Print the OpenAPI document
    Openapi,
    /// Print the settings as they take effect, and where each comes from
    Config,
}

/// Runs the command line of this process.
pub(super) fn run() -> ExitCode {
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too, and are no failure.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads the answer has seen enough: `gpting openapi | head`.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "gpting: {}", Chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn execute(cli: Cli) -> Result<(), StartError> {
    // Variables that are not text cannot be settings.
    let variables =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let settings = Settings::load(&cli.settings, variables, cli.config.as_deref())?;
    let command = cli.command.unwrap_or(Command::Serve);
    match &command {
        Command::Config => return print_settings(&settings),
        Command::Openapi => {
            let document = crate::openapi::document(crate::router::Router::new().routes(), &settings.public_url);
            return Ok(writeln!(io::stdout(), "{document:#}")?);
        }
        Command::Simulate(flags) => return Ok(writeln!(io::stdout(), "{}", simulate::run(flags)?.trim_end())?),
        Command::Evaluate(Evaluate::SpeedDating(flags)) => {
            return Ok(writeln!(io::stdout(), "{}", evaluate::run(flags)?.trim_end())?);
        }
        Command::Bench(what) => return Ok(writeln!(io::stdout(), "{}", bench::run(what)?.trim_end())?),
        Command::Serve
        | Command::Demo(_)
        | Command::Migrate
        | Command::Import { .. }
        | Command::Backup { .. }
        | Command::Copy(_)
        | Command::Picks(_)
        | Command::Evaluate(Evaluate::Log(_))
        | Command::Llm(_) => {
            logging::begin(settings.log);
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(super::cores()).enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => Box::pin(start::serve(&settings, None)).await,
            Command::Demo(demo) => Box::pin(start::serve(&settings, Some(demo))).await,
            Command::Migrate => migrate(&settings).await,
            Command::Import { file, source, json } => {
                Box::pin(take_in(&settings, &file, source.as_deref(), json)).await
            }
            Command::Backup { file } => back_up(&settings, &file).await,
            Command::Copy(flags) => Box::pin(copy::run(&flags, &settings)).await,
            Command::Picks(flags) => pick(&settings, &flags).await,
            Command::Llm(llm::check::Command::Check { json }) => llm::check::run(settings.llm.as_ref(), json).await,
            Command::Evaluate(Evaluate::Log(flags)) => judge(&settings, &flags).await,
            Command::Simulate(_) | Command::Evaluate(_) | Command::Bench(_) | Command::Openapi | Command::Config => {
                Ok(())
            }
        }
    })
}

fn print_settings(settings: &Settings) -> Result<(), StartError> {
    let mut out = io::stdout().lock();
    for setting in settings.effective() {
        match &setting.value {
            Some(value) => writeln!(out, "{} = {value:?} # {}", setting.name, setting.origin)?,
            None => writeln!(out, "# {} is not set", setting.name)?,
        }
    }
    for name in &settings.unknown_variables {
        writeln!(out, "# {name} is no setting and is ignored")?;
    }
    Ok(())
}

async fn open(settings: &Settings) -> Result<AnyStore, StartError> {
    keys::make_private_folder(&settings.data_dir)?;
    Ok(AnyStore::open(&settings.database).await?)
}

async fn migrate(settings: &Settings) -> Result<(), StartError> {
    open(settings).await?.close().await;
    writeln!(io::stdout(), "the database is on the schema of this build")?;
    Ok(())
}

/// Copies the database and nothing else. Opens no store: a copy must not migrate what it copies.
async fn back_up(settings: &Settings, file: &Path) -> Result<(), StartError> {
    match &settings.database {
        Database::Sqlite(path) => {
            let bytes = gpting_store_sqlite::backup(path, file).await?;
            writeln!(io::stdout(), "{} is whole, {bytes} bytes; photos and keys are to be copied too", file.display())?;
            Ok(())
        }
        Database::Postgres(_) => {
            let name = file.display();
            Err(format!("PostgreSQL makes its own copies: pg_dump --schema=gpting --format=custom --file={name} …")
                .into())
        }
    }
}

async fn take_in(settings: &Settings, file: &Path, source: Option<&str>, json: bool) -> Result<(), StartError> {
    let store = open(settings).await?;
    let g = store.builder_without_accounts().build().await?;
    let started = Instant::now();
    let mut progress = Terminal::new();
    let done = import::import(&g, file, source, &mut progress).await;
    progress.bar.finish_and_clear();
    store.close().await;
    let summary = done?;
    let mut out = io::stdout().lock();
    if json {
        let seconds = started.elapsed().as_secs_f64();
        let mut answer = serde_json::to_value(summary)?;
        answer["seconds"] = serde_json::json!(seconds);
        writeln!(out, "{answer}")?;
    } else {
        writeln!(out, "{summary}")?;
    }
    Ok(())
}

async fn pick(settings: &Settings, flags: &picks::Picks) -> Result<(), StartError> {
    let store = open(settings).await?;
    let mut config = gpting_core::config::Config::default();
    config.matching.region_people = settings.region_people;
    let g = store.builder_without_accounts().config(config).build().await?;
    let told = picks::run(&g, flags).await;
    store.close().await;
    Ok(writeln!(io::stdout(), "{}", told?)?)
}

async fn judge(settings: &Settings, flags: &evaluate_log::LogFlags) -> Result<(), StartError> {
    let store = open(settings).await?;
    let told = evaluate_log::run(store.store(), flags, SystemClock.now()).await;
    store.close().await;
    Ok(writeln!(io::stdout(), "{}", told?.trim_end())?)
}

/// Progress on standard error: a bar on a terminal, a line now and then elsewhere.
struct Terminal {
    bar: ProgressBar,
    lines_at: u64,
}

impl Terminal {
    fn new() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {msg} [{eta}]") {
            bar.set_style(style);
        }
        Self { bar, lines_at: LINE_EVERY }
    }

    fn line(&self, text: &str) {
        if self.bar.is_hidden() {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr(), "{text}");
        } else {
            self.bar.println(text);
        }
    }
}

impl Progress for Terminal {
    fn rejected(&mut self, line: u64, reason: &str) {
        self.line(&format!("line {line}: {reason}"));
    }

    fn advanced(&mut self, so_far: Summary, read: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(read);
        self.bar.set_message(so_far.to_string());
        let rows = so_far.imported + so_far.unchanged + so_far.rejected;
        if self.bar.is_hidden() && rows >= self.lines_at {
            let percent = (read * 100).checked_div(total).unwrap_or(100);
            self.line(&format!("{percent}%: {so_far}"));
            self.lines_at = rows - rows % LINE_EVERY + LINE_EVERY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_and_behind_the_command() {
        for line in [["gpting", "--log", "json", "import", "f.csv"], ["gpting", "import", "f.csv", "--log", "json"]] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert!(matches!(cli.command, Some(Command::Import { .. })));
            assert_eq!(cli.settings.entries().iter().find(|(name, _)| *name == "log").unwrap().1, Some("json"));
        }
        assert!(Cli::try_parse_from(["gpting"]).unwrap().command.is_none());
        assert!(Cli::try_parse_from(["gpting", "--smtp-url", "smtp://a:b@c"]).is_err(), "secrets are no flags");
    }
}
