//! Every example runs and shows what it promises: what is copied from must work.
//!
//! Each is built as its reader would build it, by its own package alone, so that one that only compiles beside the whole
//! workspace is found out.

use std::path::Path;
use std::process::Command;

/// What each example must print, in this order.
const PROMISED: [(&str, &[&str]); 6] = [
    ("engine_only", &["Pick { id: 2, score: 0."]),
    ("own_signal", &["june 0.", "Signal(\"same_event\") +0.700", "theo 0."]),
    ("echo", &["names no address"]),
    (
        "llm",
        &[
            "GPTING_LLM_URL is not set: a stand-in answers",
            "as compatible: 2 models, usable: true",
            "-> calm",
            "-> outgoing",
            "\"재즈를 들어요\": true",
            "the service is built",
        ],
    ),
    // Checks itself, and says nothing when all is well.
    ("own_store", &[]),
    (
        "embed_in_axum",
        &[
            "nobody asks for a profile: 401",
            "ana is shown: 200 \"ben\"",
            "ana likes: 201 matched false",
            "ben likes: 201 matched true",
        ],
    ),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is a folder of the workspace")
}

/// The examples that there are.
fn examples() -> Vec<String> {
    let manifest = std::fs::read_to_string(root().join("examples/Cargo.toml")).expect("the manifest of the examples");
    let named = manifest.split("[[example]]").skip(1).map(|target| {
        let (_, rest) = target.split_once("name = \"").expect("every example has a name");
        rest.split_once('"').expect("a closed name").0.to_owned()
    });
    named.collect()
}

#[test]
fn every_example_runs() {
    let examples = examples();
    assert!(!examples.is_empty(), "there are examples");
    // One after the other: they share cargo's lock.
    for name in examples {
        let (_, promised) = PROMISED
            .iter()
            .find(|(known, _)| *known == name)
            .unwrap_or_else(|| panic!("{name} is an example that promises nothing: say here what it prints"));
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["run", "--quiet", "-p", "gpting-examples", "--example", &name])
            // Whoever runs the tests may have a model of their own.
            .env_remove("GPTING_LLM_URL")
            .current_dir(root())
            .output()
            .expect("cargo can be started");
        let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {errors}");
        let mut rest = &*said;
        for line in *promised {
            let at =
                rest.find(line).unwrap_or_else(|| panic!("{name} does not print {line:?}, or not in order: {said}"));
            rest = &rest[at + line.len()..];
        }
    }
}
