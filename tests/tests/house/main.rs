//! The house itself: sizes, layers, weights, licences, packages, the public API. What a reader relies on without
//! looking, checked so that it stays true.
//!
//! [`files`] reads the sources as text, [`layers`] the imports between the modules of the core, [`pages`] the documentation,
//! [`weights`] the trees that cargo resolves, [`publish`] what would be published. Needs cargo and nothing else; what another
//! program could check in addition (`cargo deny`, `cargo public-api`) is said to be skipped where it is not installed.

#![expect(clippy::print_stderr, reason = "a skipped check says so")]

mod files;
mod layers;
mod pages;
mod publish;
mod weights;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The crates that are published, by folder and name.
const LIBRARIES: [&str; 6] =
    ["gpting-core", "gpting-http", "gpting-store-sqlite", "gpting-store-pg", "gpting-bus-redis", "gpting-llm"];

/// The folder of the workspace.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace")
}

/// Every file below a folder, but not what tools put there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | ".git" | "gpting-data" | "corpus" | "artifacts") {
                found.extend(files_below(&path));
            }
        } else if name != ".git" {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A path as it is told: below the workspace.
fn told(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// Runs cargo in the workspace.
fn cargo(arguments: &[&str]) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo can be started")
}

/// What cargo answers, which it must.
fn cargo_says(arguments: &[&str]) -> String {
    let output = cargo(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}: {errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}
