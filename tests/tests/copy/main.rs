//! Moving house: `gpting copy` between the stores, whatever happens on the way.
//!
//! [`rows`] makes rows for every table and reads them back without any of the code that copies; [`stores`] copies them
//! about; [`people`] moves a service that is in use; [`original`] brings over an installation of the original service.

#![expect(clippy::unwrap_used, reason = "the whole target is tests; what they are made of counts as one")]

mod original;
mod people;
mod rows;
mod stores;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use gpting_tests::server;

/// `gpting` with these arguments, in a folder of its own and with no setting of whoever runs the tests.
fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(server::binary());
    command.env_clear().env("GPTING_DATA_DIR", folder.join("data")).current_dir(folder).args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn gpting(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs `gpting` to its good end and answers the last line of its output.
fn done(folder: &Path, arguments: &[&str]) -> String {
    let output = gpting(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().lines().next_back().unwrap_or_default().to_owned()
}
