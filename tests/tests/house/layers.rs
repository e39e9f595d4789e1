//! Which module of the core builds on which: no circles, rules below use-cases, the engine on nothing.
//!
//! The imports of every source are read as text (`use crate::…`, and paths in the code), names are followed through
//! `pub use` to the file that has them, and tests are left out. `gpting.rs` is the hub: it holds what use-cases share, and
//! each use-case hangs its methods on it from its own room, so edges into the hub are what makes a file a use-case and
//! are not counted as circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::{files_below, root};

/// A module by its path below the crate; empty for the root.
type Module = Vec<String>;

/// Circles that the types themselves make. Each is one thought in several files; a circle that is not here is a fault,
/// and so is one here that is no longer.
const KNOTS: [&[&str]; 1] = [
    // A signal is part of the settings, sees rows, rows are of a population, and a population has its settings.
    &["matching::config", "matching::eligibility", "matching::population", "matching::row", "matching::score"],
];

/// Files of the engine's room that belong to the service.
const SERVICE_IN_MATCHING: [&str; 19] = [
    "matching::activity",
    "matching::compatibility",
    "matching::intake",
    "matching::reach",
    "matching::reasons",
    "matching::refresh",
    "matching::daily",
    "matching::daily::figures",
    "matching::daily::night",
    "matching::daily::plan",
    "matching::daily::record",
    "matching::daily::region",
    "matching::exposure",
    "matching::newcomer",
    "matching::ranker",
    "matching::warm_up",
    "matching::replica",
    "matching::slate",
    "matching::snapshot",
];

#[derive(Debug, Default)]
struct Graph {
    edges: BTreeMap<Module, BTreeSet<Module>>,
}

/// A path in a source: from where, which segments, and whether it is handed on.
struct Mention {
    base: Module,
    rest: Vec<String>,
    is_export: bool,
}

#[test]
fn no_circle_between_modules() {
    let mut circles: Vec<BTreeSet<String>> = Graph::of_core().without_hub().circles();
    for knot in KNOTS {
        let knot: BTreeSet<String> = knot.iter().map(|&name| name.to_owned()).collect();
        let place = circles.iter().position(|circle| *circle == knot);
        let place =
            place.unwrap_or_else(|| panic!("{knot:?} is a circle no longer: take it off the list ({circles:?})"));
        circles.remove(place);
    }
    assert!(circles.is_empty(), "modules that build on each other: {circles:#?}");
}

#[test]
fn what_is_pure_knows_no_use_case() {
    let graph = Graph::of_core();
    let hub = vec!["gpting".to_owned()];
    let use_cases: BTreeSet<&Module> =
        graph.edges.iter().filter(|(_, onto)| onto.contains(&hub)).map(|(module, _)| module).collect();
    assert!(use_cases.len() > 10, "the reader of imports finds the use-cases: {use_cases:?}");
    let mut faults = Vec::new();
    for (module, onto) in &graph.edges {
        if *module != hub && !use_cases.contains(module) {
            let above = onto.iter().filter(|other| use_cases.contains(other));
            faults.extend(above.map(|other| format!("{} builds on {}", named(module), named(other))));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_engine_builds_on_itself_alone() {
    let graph = Graph::of_core();
    let is_engine = |module: &Module| {
        module.first().is_some_and(|room| room == "matching") && !SERVICE_IN_MATCHING.contains(&named(module).as_str())
    };
    let mut faults = Vec::new();
    for (module, onto) in graph.edges.iter().filter(|(module, _)| is_engine(module)) {
        let outside = onto.iter().filter(|other| !is_engine(other));
        faults.extend(outside.map(|other| format!("{} builds on {}", named(module), named(other))));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_small_things_build_on_nothing_larger() {
    let graph = Graph::of_core();
    let allowed: [(&str, &[&str]); 6] = [
        ("rng", &[]),
        ("clock", &[]),
        ("lang", &[]),
        ("id", &["rng"]),
        ("text", &["error"]),
        ("port", &["event", "id", "lang"]),
    ];
    for (name, below) in allowed {
        let onto: BTreeSet<String> = graph.edges[&vec![name.to_owned()]].iter().map(named).collect();
        let others: Vec<_> = onto.iter().filter(|other| !below.contains(&other.as_str())).collect();
        assert!(others.is_empty(), "{name} builds on {others:?}");
    }
}

fn named(module: &Module) -> String {
    if module.is_empty() { "lib".to_owned() } else { module.join("::") }
}

impl Graph {
    fn of_core() -> Self {
        let sources = sources();
        let mentions: BTreeMap<&Module, Vec<Mention>> =
            sources.iter().map(|(module, text)| (module, mentions(module, text, &sources))).collect();
        let mut exports: BTreeMap<(Module, String), &Mention> = BTreeMap::new();
        for (module, list) in &mentions {
            for mention in list.iter().filter(|mention| mention.is_export) {
                if let Some(name) = mention.rest.last() {
                    exports.insert(((*module).clone(), name.clone()), mention);
                }
            }
        }
        let home = |mention: &Mention| {
            let mut mention = mention;
            // Names are handed on a few times at the most.
            for _ in 0..8 {
                let (module, item) = place(&mention.base, &mention.rest, &sources);
                match item.and_then(|item| exports.get(&(module.clone(), item))) {
                    Some(further) => mention = further,
                    None => return module,
                }
            }
            panic!("a name is handed on in a circle: {:?}", mention.rest)
        };
        let mut edges = BTreeMap::new();
        for (module, list) in &mentions {
            let onto = list.iter().filter(|mention| !mention.is_export).map(home).filter(|other| other != *module);
            edges.insert((*module).clone(), onto.collect());
        }
        Self { edges }
    }

    fn without_hub(mut self) -> Self {
        for onto in self.edges.values_mut() {
            onto.remove(&vec!["gpting".to_owned()]);
        }
        self
    }

    fn reachable(&self, from: &Module) -> BTreeSet<&Module> {
        let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(module) = open.pop() {
            for other in self.edges.get(module).into_iter().flatten() {
                if reached.insert(other) {
                    open.push(other);
                }
            }
        }
        reached
    }

    /// Sets of modules that reach each other.
    fn circles(&self) -> Vec<BTreeSet<String>> {
        let reach: BTreeMap<&Module, BTreeSet<&Module>> =
            self.edges.keys().map(|module| (module, self.reachable(module))).collect();
        let mut circles = BTreeSet::new();
        for (module, reached) in &reach {
            if reached.contains(module) {
                let mutual =
                    reached.iter().filter(|other| reach.get(**other).is_some_and(|back| back.contains(module)));
                circles.insert(mutual.map(|other| named(other)).collect::<BTreeSet<String>>());
            }
        }
        circles.into_iter().collect()
    }
}

/// The sources of the core by module, without tests, comments and the suites for other people's stores.
fn sources() -> BTreeMap<Module, String> {
    let folder = root().join("gpting-core/src");
    let mut sources = BTreeMap::new();
    for path in files_below(&folder) {
        let below = path.strip_prefix(&folder).expect("a file below the folder").with_extension("");
        let mut module: Module = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if module.last().is_some_and(|last| last == "mod" || last == "lib") {
            module.pop();
        }
        let is_test =
            module.last().is_some_and(|last| last.ends_with("tests")) || module.iter().any(|part| part == "contract");
        if path.extension().is_none_or(|ending| ending != "rs") || is_test {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source of the core");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        // Who may see a name is no import.
        let lines = lines.map(|line| line.replace("pub(in crate::matching)", "pub(crate)"));
        sources.insert(module, lines.collect::<Vec<_>>().join("\n"));
    }
    sources
}

/// Every path in a source that leads to a module of the crate.
fn mentions(module: &Module, text: &str, sources: &BTreeMap<Module, String>) -> Vec<Mention> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("::") {
        let head = text[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let before = text[..at - head.len()].trim_end();
        let statement = text[..at].rsplit([';', '}']).next().unwrap_or_default().trim_start();
        let statement = statement.rsplit("\n\n").next().unwrap_or_default();
        let is_use = statement.contains("use ");
        let child: Module = module.iter().cloned().chain([head.to_owned()]).collect();
        let base = match head {
            "crate" => Module::new(),
            "self" => module.clone(),
            "super" if !before.ends_with("::") => module[..module.len().saturating_sub(1)].to_vec(),
            // `use population::State` in the file of the room: a child by its bare name.
            _ if is_use && !before.ends_with("::") && !before.ends_with(['{', ',']) && sources.contains_key(&child) => {
                child
            }
            _ => continue,
        };
        let is_export = is_use && statement.lines().any(|line| line.trim_start().starts_with("pub use "));
        for mut rest in tree(&mut text[at + 2..].trim_start()) {
            let mut base = base.clone();
            while rest.first().is_some_and(|first| first == "super") {
                rest.remove(0);
                base.pop();
            }
            found.push(Mention { base, rest, is_export });
        }
    }
    found
}

/// The paths of a `use` tree: `a::{b, c::d}` is `[a, b]` and `[a, c, d]`.
fn tree(text: &mut &str) -> Vec<Vec<String>> {
    *text = text.trim_start();
    if let Some(inner) = text.strip_prefix('{') {
        *text = inner;
        let mut paths = Vec::new();
        loop {
            *text = text.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
            match text.strip_prefix('}') {
                Some(rest) => {
                    *text = rest;
                    return paths;
                }
                None if text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '*') => {
                    paths.extend(tree(text));
                }
                // Not a tree after all.
                None => return paths,
            }
        }
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    *text = rest;
    if name.is_empty() {
        return Vec::new();
    }
    if let Some(alias) = text.strip_prefix(" as ") {
        *text = alias.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    }
    let deeper =
        text.strip_prefix("::").filter(|rest| rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '{' | '_')));
    match deeper {
        None => vec![vec![name.to_owned()]],
        Some(rest) => {
            *text = rest;
            let mut paths = tree(text);
            for path in &mut paths {
                path.insert(0, name.to_owned());
            }
            paths
        }
    }
}

/// The deepest module on a path, and the name that follows it there.
fn place(base: &Module, rest: &[String], sources: &BTreeMap<Module, String>) -> (Module, Option<String>) {
    let mut module = base.clone();
    for (at, name) in rest.iter().enumerate() {
        module.push(name.clone());
        if !sources.contains_key(&module) {
            module.pop();
            return (module, rest.get(at).cloned());
        }
    }
    (module, None)
}

#[test]
fn trees_of_imports_are_read_whole() {
    let read = |text: &str| tree(&mut &*text.to_owned()).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        read("store::{Change, work::{Work, Expect}, Store as Port};"),
        ["store::Change", "store::work::Work", "store::work::Expect", "store::Store"]
    );
    assert_eq!(read("id::MemberId::new(7)"), ["id::MemberId::new"]);
}
