//! `gpting llm check`: tries the configured server out and says what it supports.
//!
//! Called by the command line; the adapter does the trying. Ends well only when every model that is named can be used. Nothing of
//! anybody is sent, and the key is printed nowhere.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap::Subcommand;
use gpting_llm::{Llm, Probe, Report};

use crate::server::start::StartError;

/// What can be done with the language model.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Try the configured server out, and say what it supports
    Check {
        /// Answer with one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Runs `gpting llm check`.
///
/// # Errors
/// When no server is configured, or a model that is named cannot be used.
pub(in crate::server) async fn run(llm: Option<&Llm>, json: bool) -> Result<(), StartError> {
    let llm = llm.ok_or("no language model is configured: set GPTING_LLM_URL")?;
    let report = llm.check().await;
    let answer = if json { serde_json::to_string(&report)? } else { told(&report) };
    writeln!(io::stdout(), "{}", answer.trim_end())?;
    if report.ok {
        return Ok(());
    }
    let is_used = report.chat.is_some() || report.embeddings.is_some() || report.moderation.is_some();
    Err(if is_used {
        "the language model cannot be used as it is configured".into()
    } else {
        "no model is named: set GPTING_LLM_MODEL, GPTING_EMBEDDING_MODEL or GPTING_MODERATION_MODEL".into()
    })
}

/// The report for people.
fn told(report: &Report) -> String {
    let mut text = format!("{} ({})\n", report.server, report.profile);
    let models = &report.models;
    let listed = |has: bool| if has { "listed" } else { "not listed" };
    let mut about = format!("{} models", models.count);
    if report.chat.is_some() {
        let _ = write!(about, "; the text model is {}", listed(models.has_model));
    }
    if report.embeddings.is_some() {
        let _ = write!(about, "; the embedding model is {}", listed(models.has_embedding_model));
    }
    line(&mut text, "models", &models.probe, &about);
    let probes = [("text", &report.chat), ("json_schema", &report.json_schema), ("json_object", &report.json_object)];
    for (name, probe) in probes {
        if let Some(probe) = probe {
            line(&mut text, name, probe, "");
        }
    }
    if let Some(embeddings) = &report.embeddings {
        line(&mut text, "embeddings", &embeddings.probe, &format!("{} numbers a vector", embeddings.dims));
    }
    if let Some(moderation) = &report.moderation {
        line(&mut text, "moderation", moderation, "");
    }
    text
}

fn line(text: &mut String, name: &str, probe: &Probe, about: &str) {
    let (works, about) = match &probe.reason {
        Some(reason) => ("no", reason.as_str()),
        None => ("yes", about),
    };
    let _ = writeln!(text, "{}", format!("{name:<12} {works:<4} {:>6} ms  {about}", probe.ms).trim_end());
}
