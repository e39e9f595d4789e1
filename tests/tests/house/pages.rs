//! The pages against the code: what they list is what there is, and both languages say the same.

use std::collections::BTreeSet;

use crate::root;

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_page_of_the_api_lists_every_operation_and_no_other() {
    let served: BTreeSet<String> =
        gpting_http::routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    let text = page("docs/api.md");
    let operations = text.split("## Operations").nth(1).and_then(|rest| rest.split("\n## ").next());
    let listed: BTreeSet<String> = quoted(operations.expect("a section of operations"))
        .filter(|code| code.contains(" /"))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    let made_up: Vec<_> = listed.difference(&served).collect();
    assert!(missing.is_empty() && made_up.is_empty(), "not listed: {missing:#?}\nnot served: {made_up:#?}");
}

#[test]
fn the_page_of_the_api_lists_every_code() {
    let text = page("docs/api.md");
    let listed: BTreeSet<&str> = quoted(&text).collect();
    for source in ["gpting-core/src/error.rs", "gpting-http/src/error.rs"] {
        let codes = page(source);
        for line in codes.lines().filter(|line| line.contains("Self::") && line.contains("=> \"")) {
            let code = line.split('"').nth(1).expect("a text in quotes");
            assert!(listed.contains(code), "`{code}` of {source} is not on the page");
        }
    }
}

/// The settings of the server, as their declaration lists them.
fn settings() -> BTreeSet<String> {
    let source = page("gpting-http/src/server/settings/layer.rs");
    let declared =
        source.split("layer! {").nth(1).and_then(|rest| rest.split("\n}").next()).expect("a list of settings");
    let names = declared.lines().map(str::trim).filter_map(|line| line.strip_suffix(','));
    names.map(|name| format!("GPTING_{}", name.to_uppercase())).collect()
}

#[test]
fn both_readmes_list_every_setting() {
    let settings = settings();
    assert!(settings.len() > 15, "{settings:?}");
    for name in ["README.md", "README.ko.md"] {
        let text = page(name);
        let listed: BTreeSet<String> = quoted(&text)
            .filter(|code| code.starts_with("GPTING_") && !code.contains('*'))
            .map(str::to_owned)
            .collect();
        assert_eq!(listed, settings, "{name}");
    }
}

/// What a page is made of, whatever its language.
fn shape(text: &str) -> Vec<String> {
    let mut shape = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
            shape.push(line.to_owned());
        } else if in_code {
            // Comments are for the reader; the code is the same.
            shape.push(line.split(" //").next().unwrap_or_default().to_owned());
        } else if line.starts_with('#') {
            shape.push("heading".to_owned());
        } else if line.starts_with("| `") {
            shape.push(
                line.split('|').nth(1).unwrap_or_default().split('(').next().unwrap_or_default().trim().to_owned(),
            );
        } else if line.starts_with('|') {
            shape.push(format!("row of {}", line.matches('|').count()));
        } else if line.starts_with("- ") || line.starts_with(|c: char| c.is_ascii_digit()) && line.contains(". ") {
            shape.push("point".to_owned());
        }
    }
    shape
}

#[test]
fn both_readmes_have_the_same_sections_tables_and_code() {
    let (english, korean) = (shape(&page("README.md")), shape(&page("README.ko.md")));
    for (place, (one, other)) in english.iter().zip(&korean).enumerate() {
        assert_eq!(one, other, "at {place} of {english:#?}");
    }
    assert_eq!(english.len(), korean.len());
}

#[test]
fn links_between_pages_lead_somewhere() {
    for name in [
        "README.md",
        "README.ko.md",
        "docs/analyst.md",
        "docs/architecture.md",
        "docs/assist.md",
        "docs/aws.md",
        "docs/benchmarks.md",
        "docs/chat.md",
        "docs/embedding.md",
        "docs/learning.md",
        "docs/llm.md",
        "docs/matching.md",
        "docs/operations.md",
        "docs/privacy.md",
    ] {
        let text = page(name);
        let folder = root().join(name);
        let folder = folder.parent().expect("a page is in a folder");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_elsewhere = target.contains("://") || target.starts_with('#');
            assert!(is_elsewhere || folder.join(target).exists(), "{name} leads to {target}");
        }
        // Paths of the repository that are named in passing.
        for path in quoted(&text).filter(|code| {
            code.contains('/') && [".rs", ".md", ".toml", ".csv", ".json"].iter().any(|ending| code.ends_with(ending))
        }) {
            let is_known = root().join(path).exists()
                || path.contains(['<', '*', ' '])
                || ["gpting-http/", "gpting-http/web/", "gpting-core/", "gpting-core/src/"].iter().any(|below| {
                    root().join(below).join(path).exists() || root().join("gpting-http/src").join(path).exists()
                })
                || path.starts_with('/');
            assert!(is_known, "{name} names {path}");
        }
    }
}
