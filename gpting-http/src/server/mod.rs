//! The `gpting` server: what the binary adds to the service that others can mount.
//!
//! ```text
//! cli ─► settings ─► start ─┬─ keys, store, mailbox | smtp, blobs, pictures, llm ─► Gpting ─► GptingHttp
//!                           ├─ accept (public port) ─► GptingHttp
//!                           └─ accept (admin port)  ─► admin ◄─ traffic
//! cli ─► import ─► Gpting
//! cli ─► start ◄─ demo ─► Gpting
//! cli ─► copy ─► both stores; django ─► Gpting
//! cli ─► llm check ─► the server of language models
//! cli ─► simulate, evaluate, bench ─► the core's laboratory
//! ```
//!
//! Each adapter is one file and one port of the core; nothing here knows a route or a rule. Everything it keeps is in
//! the data folder, which is made so that only its owner can enter it.

mod accept;
mod admin;
mod bench;
mod blobs;
mod chart;
mod cli;
mod copy;
mod demo;
mod django;
mod evaluate;
mod evaluate_log;
mod evaluate_log_text;
mod import;
mod index_file;
mod keys;
mod letter;
mod llm;
mod logging;
mod mailbox;
mod picks;
mod pictures;
mod settings;
mod simulate;
mod smtp;
mod start;
mod steps;
mod store;
mod traffic;

use std::process::ExitCode;

/// Runs the command line of this process: the whole of the `gpting` binary.
pub fn main() -> ExitCode {
    cli::run()
}

/// How many cores there are; one worker thread and one picture at a time for each.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
