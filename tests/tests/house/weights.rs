//! What an embedder pays for: how many crates each way of using the libraries brings along, which never come, and under
//! which licences.

use std::collections::BTreeSet;

use crate::{LIBRARIES, cargo, cargo_says, root};

/// Crates that must not come in by any way.
const BANNED: [&str; 4] = ["ring", "rsa", "openssl-sys", "native-tls"];

/// The lines of a tree as `sort -u` leaves them.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let all = [&["tree", "--edges", "normal,build", "--prefix", "none"], arguments].concat();
    cargo_says(&all).lines().map(str::to_owned).collect()
}

/// The names of the crates in a tree.
fn crates(tree: &BTreeSet<String>) -> BTreeSet<&str> {
    tree.iter().filter_map(|line| line.split(' ').next()).collect()
}

fn assert_light(arguments: &[&str], most: usize, never: &[&str]) {
    let tree = tree(arguments);
    let names = crates(&tree);
    assert!(names.len() > 1, "cargo tree {} answered nothing", arguments.join(" "));
    let brought: Vec<_> = never.iter().filter(|name| names.contains(*name)).collect();
    assert!(brought.is_empty(), "cargo tree {}: brings {brought:?}", arguments.join(" "));
    assert!(tree.len() <= most, "cargo tree {}: {} lines, at most {most}: {tree:#?}", arguments.join(" "), tree.len());
}

#[test]
fn the_engine_is_light() {
    let never = ["tokio", "serde", "sha2", "getrandom", "aws-lc-rs", "argon2", "jiff", "uuid"];
    assert_light(&["-p", "gpting-core", "--no-default-features"], 20, &never);
}

#[test]
fn the_service_is_light() {
    let never = ["sqlx", "hyper", "http", "argon2", "aws-lc-rs", "jsonwebtoken"];
    assert_light(&["-p", "gpting-core", "--no-default-features", "--features", "service"], 90, &never);
}

#[test]
fn the_mountable_service_is_light() {
    let never = ["sqlx", "lettre", "image", "clap", "object_store", "argon2", "aws-lc-rs"];
    assert_light(&["-p", "gpting-http", "--no-default-features"], 130, &never);
}

#[test]
fn the_memory_of_a_host_costs_one_driver() {
    // Who embeds one store does not pay for the other.
    assert_light(&["-p", "gpting-store-sqlite", "--no-default-features"], usize::MAX, &["sqlx-postgres"]);
    assert_light(&["-p", "gpting-store-pg", "--no-default-features"], usize::MAX, &["sqlx-sqlite", "libsqlite3-sys"]);
}

#[test]
fn banned_crates_are_nowhere() {
    let tree = cargo_says(&["tree", "--workspace", "--all-features", "--edges", "all", "--prefix", "none"]);
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.contains("sqlx") && names.contains("rustls"), "the tree is the whole one");
    let found: Vec<_> = BANNED.iter().filter(|name| names.contains(*name)).collect();
    assert!(found.is_empty(), "{found:?}");
    let deny = deny_file();
    for name in BANNED {
        assert!(deny.contains(&format!("crate = \"{name}\"")), "deny.toml bans {name} too");
    }
}

fn deny_file() -> String {
    std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there")
}

/// The licences that `deny.toml` allows.
fn allowed(deny: &str) -> BTreeSet<String> {
    let list = deny.split_once("allow = [").and_then(|(_, rest)| rest.split_once(']')).expect("a list of licences").0;
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_licence_is_allowed() {
    let allowed = allowed(&deny_file());
    assert!(allowed.len() > 5, "{allowed:?}");
    let tree = [
        "tree",
        "--workspace",
        "--all-features",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}|{l}",
    ];
    let mut refused = BTreeSet::new();
    for line in cargo_says(&tree).lines().filter(|line| !line.is_empty()) {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|').expect("the format has a bar");
        if !is_allowed(licence, &allowed) {
            refused.insert(format!("{package}: {licence:?}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

/// Whether an SPDX expression can be met with the allowed licences. `/` is the old way to write `OR`.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let met = any(&mut rest, allowed);
    met && rest.is_empty()
}

fn any(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, allowed);
    while words.first() == Some(&"OR") {
        *words = &words[1..];
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.first() == Some(&"AND") {
        *words = &words[1..];
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut &[&str], allowed: &BTreeSet<String>) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    *words = rest;
    if *first == "(" {
        let met = any(words, allowed);
        let is_closed = words.first() == Some(&")");
        *words = words.get(1..).unwrap_or_default();
        return met && is_closed;
    }
    let mut name = (*first).to_owned();
    if words.first() == Some(&"WITH") {
        name = format!("{name} WITH {}", words.get(1).unwrap_or(&""));
        *words = words.get(2..).unwrap_or_default();
    }
    allowed.contains(&name)
}

#[test]
fn expressions_of_licences_are_understood() {
    let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into();
    for (expression, met) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("GPL-3.0 AND MIT", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("ISC AND (GPL-3.0 OR BSD)", false),
        ("Apache-2.0 WITH LLVM-exception", true),
        ("Apache-2.0", false),
        ("", false),
        ("MIT ISC", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), met, "{expression}");
    }
}

#[test]
fn cargo_deny_agrees_where_it_is_installed() {
    if !cargo(&["deny", "--version"]).status.success() {
        eprintln!("skipped: cargo-deny is not installed; bans and licences are checked by this file alone");
        return;
    }
    cargo_says(&["deny", "check", "bans", "licenses", "sources"]);
}

#[test]
fn every_library_is_of_the_workspace() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("the manifest of the workspace");
    for library in LIBRARIES {
        assert!(manifest.contains(&format!("\"{library}\",")), "{library} is a member");
        let own = std::fs::read_to_string(root().join(library).join("Cargo.toml")).expect("its manifest");
        assert!(!own.contains("publish = false"), "{library} is published");
        assert!(own.contains("[lints]\nworkspace = true"), "{library} follows the lints of the workspace");
    }
}
