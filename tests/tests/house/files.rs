//! Sources as text: short files, no foreign types in the core, nothing but the product.

use std::path::Path;

use crate::{LIBRARIES, files_below, root, told};

/// A file is split when a second noun moves in; nothing needs more lines than this.
const MOST_LINES: usize = 500;

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one))
}

fn text(path: &Path) -> Option<String> {
    String::from_utf8(std::fs::read(path).expect("a file that was just listed")).ok()
}

#[test]
fn no_source_file_of_a_library_is_long() {
    let mut long = Vec::new();
    for library in LIBRARIES {
        for path in files_below(&root().join(library)) {
            if ends_in(&path, &["rs", "js", "css", "html", "sql"]) {
                let lines = text(&path).unwrap_or_default().lines().count();
                if lines > MOST_LINES {
                    long.push(format!("{} has {lines} lines", told(&path)));
                }
            }
        }
    }
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {long:#?}");
}

#[test]
fn the_core_names_no_type_of_a_database_or_of_http() {
    let foreign = ["sqlx::", "hyper::", "hyper_util::", "reqwest::", "http::", "axum::", "tower::"];
    let mut named = Vec::new();
    for path in files_below(&root().join("gpting-core/src")) {
        for (number, line) in text(&path).unwrap_or_default().lines().enumerate() {
            let code = line.trim_start();
            let is_named = |name: &&str| {
                code.match_indices(*name).any(|(at, _)| {
                    // `some_http::` would be another crate.
                    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            };
            if !code.starts_with("//") && foreign.iter().any(is_named) {
                named.push(format!("{}:{}: {code}", told(&path), number + 1));
            }
        }
    }
    assert!(named.is_empty(), "{named:#?}");
}

/// A repository outlives the machine and the day it was written on.
#[test]
fn the_repository_speaks_of_the_product_alone() {
    // Put together here, so that this file does not say them.
    let words: Vec<String> = [
        ["/wo", "rk/"],
        ["/ro", "ot/"],
        ["/mn", "t/"],
        ["C:", "\\Users"],
        ["TO", "DO"],
        ["FIX", "ME"],
        ["Cla", "ude"],
        ["Anth", "ropic"],
        ["Chat", "GPT"],
        ["Copi", "lot"],
        ["work", "tree"],
    ]
    .iter()
    .map(|halves| halves.concat())
    .collect();
    let mut said = Vec::new();
    for path in files_below(root()) {
        // Names of packages and of people's passwords are not ours.
        if ends_in(&path, &["lock"]) || told(&path).starts_with("gpting-core/data/") {
            continue;
        }
        for (number, line) in text(&path).unwrap_or_default().lines().enumerate() {
            let word = words.iter().find(|word| line.contains(word.as_str()));
            if word.is_some() || names_a_home(line) {
                said.push(format!("{}:{}: {}", told(&path), number + 1, line.trim()));
            }
        }
    }
    assert!(said.is_empty(), "{said:#?}");
}

/// Whether a line names somebody's home folder. The web client has pages under `/home/`.
fn names_a_home(line: &str) -> bool {
    const PAGES: [&str; 7] = ["", "main", "likes", "matches", "friends", "questions", "profile"];
    let home = ["/ho", "me/"].concat();
    line.match_indices(&home).any(|(at, _)| {
        let rest = &line[at + home.len()..];
        let name = rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        !PAGES.contains(&name)
    })
}

#[test]
fn a_home_is_told_from_a_page() {
    let of = |rest: &str| ["/ho", "me/", rest].concat();
    assert!(names_a_home(&of("mina/code")) && names_a_home(&format!("x {}", of("u1"))));
    for page in ["", "main/", "profile/#preferences", "/"] {
        assert!(!names_a_home(&of(page)), "{page}");
    }
}
