//! Log lines on standard error: for people, or one JSON object per line.
//!
//! Set up once by the command line. `RUST_LOG` chooses what is logged (`info` by default, statements of the database
//! left out). Nothing logged anywhere holds a message, an address, a place or a token.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::settings::LogFormat;

/// Begins logging. Doing it twice changes nothing.
pub(super) fn begin(format: LogFormat) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(chosen).with_writer(std::io::stderr);
    // A logger that is there already is the host's, and stays.
    let _ = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}
