//! What would be published: that each library packs, what is in the pack, and the names that others build on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::{LIBRARIES, cargo, cargo_says, files_below, root};

#[test]
fn every_library_packs() {
    let target = tempfile::tempdir().expect("a temporary folder");
    let target = target.path().display().to_string();
    let mut arguments = vec!["package", "--no-verify", "--allow-dirty", "--target-dir", &target];
    for library in LIBRARIES {
        arguments.extend(["-p", library]);
    }
    // All of them at once: they depend on each other's versions, which no registry has yet.
    let offline = cargo(&[arguments.as_slice(), &["--offline"]].concat());
    if !offline.status.success() {
        cargo_says(&arguments);
    }
    for library in LIBRARIES {
        let packed = files_below(&PathBuf::from(&target).join("package"));
        let name = format!("{library}-{}.crate", env!("CARGO_PKG_VERSION"));
        assert!(packed.iter().any(|path| path.ends_with(&name)), "{name} was made: {packed:?}");
    }
}

#[test]
fn a_pack_holds_what_it_needs_and_no_more() {
    for library in LIBRARIES {
        let listed = cargo_says(&["package", "--list", "--allow-dirty", "-p", library]);
        let files: BTreeSet<&str> = listed.lines().collect();
        for needed in ["Cargo.toml", "README.md", "src/lib.rs"] {
            assert!(files.contains(needed), "{library} has {needed}");
        }
        let stray: Vec<_> = files
            .iter()
            .filter(|file| {
                ["target/", "gpting-data/"].iter().any(|folder| file.starts_with(folder))
                    || [".db", ".eml", ".log", ".bak"].iter().any(|ending| file.ends_with(ending))
            })
            .collect();
        assert!(stray.is_empty(), "{library}: {stray:?}");
    }
}

/// The names at the root of the core, their definitions and their methods, as `tests/snapshots/public_api.txt` has
/// them. `GPTING_BLESS=1` writes the file anew, for a change that is meant.
#[test]
fn the_public_api_of_the_core_is_the_one_that_was_agreed() {
    let api = public_api();
    let kept = root().join("tests/snapshots/public_api.txt");
    if std::env::var_os("GPTING_BLESS").is_some() {
        std::fs::write(&kept, &api).expect("the snapshot can be written");
    }
    let agreed = std::fs::read_to_string(&kept).unwrap_or_default();
    let (now, before): (BTreeSet<&str>, BTreeSet<&str>) = (api.lines().collect(), agreed.lines().collect());
    let gone: Vec<_> = before.difference(&now).collect();
    let new: Vec<_> = now.difference(&before).collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "the public API has changed; if that is meant, run this test with GPTING_BLESS=1 and say it in CHANGELOG.md.\n\
         gone: {gone:#?}\nnew: {new:#?}"
    );
}

#[test]
fn cargo_public_api_agrees_where_it_is_installed() {
    if !cargo(&["public-api", "--version"]).status.success() {
        eprintln!("skipped: cargo-public-api is not installed; the snapshot in tests/snapshots is compared instead");
        return;
    }
    let all = cargo_says(&["public-api", "-p", "gpting-core", "--all-features", "--simplified"]);
    for name in exports(&core_source("lib.rs")).into_values().flatten() {
        assert!(all.contains(&format!("gpting_core::{name}")), "{name} is public");
    }
}

fn core_source(file: &str) -> String {
    std::fs::read_to_string(root().join("gpting-core/src").join(file)).expect("a source of the core")
}

/// The names that `lib.rs` hands on, by the feature they need.
fn exports(lib: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut feature = "engine".to_owned();
    let mut statement = String::new();
    for line in lib.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some(named) = line.strip_prefix("#[cfg(feature = \"").and_then(|rest| rest.split_once('"')) {
            named.0.clone_into(&mut feature);
            continue;
        }
        statement.push_str(line);
        statement.push(' ');
        if !line.ends_with(';') {
            continue;
        }
        let taken = std::mem::take(&mut statement);
        if let Some(used) = taken.trim().strip_prefix("pub use ") {
            // Modules are lower case; what they hand on is not, but for functions, of which there are none here.
            let names = used.split(|c: char| !c.is_alphanumeric() && c != '_');
            let names = names.filter(|name| name.starts_with(|c: char| c.is_uppercase()));
            found.entry(feature.clone()).or_default().extend(names.map(str::to_owned));
        } else if let Some(module) = taken.trim().strip_prefix("pub mod ") {
            found
                .entry(feature.clone())
                .or_default()
                .insert(format!("mod {}", module.trim_end_matches("; ").trim_end_matches(';')));
        }
        "engine".clone_into(&mut feature);
    }
    found
}

fn public_api() -> String {
    let folder = root().join("gpting-core/src");
    let sources: Vec<(bool, String)> = files_below(&folder)
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .map(|path| {
            let is_engine = path.starts_with(folder.join("matching"));
            (is_engine, std::fs::read_to_string(path).expect("a source of the core"))
        })
        .collect();
    let mut api = String::new();
    for (feature, names) in exports(&core_source("lib.rs")) {
        for name in names {
            writeln!(api, "[{feature}] {name}").expect("a text can be written to");
            // The engine and the service both have a `Config` and an `Event`; what the root has is the engine's.
            let own = sources.iter().filter(|(is_engine, _)| *is_engine == (feature == "engine"));
            let lines: BTreeSet<String> = own.flat_map(|(_, source)| lines_about(source, &name)).collect();
            for line in lines {
                writeln!(api, "[{feature}] {name}: {line}").expect("a text can be written to");
            }
        }
    }
    api
}

/// The definition of a type, and the signatures of its own public methods (or of a trait's).
fn lines_about(source: &str, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut inside, mut is_trait) = (false, false);
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        let kind = words.iter().position(|word| matches!(*word, "struct" | "enum" | "trait" | "type"));
        if line.starts_with("pub ") && kind.is_some_and(|at| words.get(at + 1) == Some(&name)) {
            found.push(line.trim_end_matches([' ', '{']).to_owned());
            (inside, is_trait) = (words.contains(&"trait"), words.contains(&"trait"));
        } else if line.starts_with("impl") {
            let about = line.trim_end_matches([' ', '{']);
            let about =
                about.split_once('>').filter(|_| about.starts_with("impl<")).map_or(&about[4..], |(_, rest)| rest);
            let own = about.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next();
            (inside, is_trait) = (own == Some(name) && !line.contains(" for "), false);
        } else if line == "}" {
            inside = false;
        }
        let method = line.strip_prefix("    ").filter(|_| inside).unwrap_or_default();
        let is_public = method.starts_with("pub ") && words.contains(&"fn");
        let is_required = is_trait && (method.starts_with("fn ") || method.starts_with("async fn "));
        if is_public || is_required {
            let mut signature = method.trim().to_owned();
            while !signature.ends_with(['{', ';', '}']) {
                let Some(more) = lines.next() else { break };
                signature.push(' ');
                signature.push_str(more.trim());
            }
            found.push(signature.split('{').next().unwrap_or_default().trim_end_matches([' ', ';']).to_owned());
        }
    }
    found
}
