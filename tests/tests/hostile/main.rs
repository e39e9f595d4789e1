//! Hostile members beside a hostile model: the real server over HTTP, every payload of the corpus (`payloads.jsonl`) planted by
//! people who have signed up and agree to everything, and models that do the most harm they can, do whatever they read, make no
//! sense, hang, or are dead.
//!
//! For everybody, under each: nobody is proposed whom a hard rule keeps out (the rules are written down apart, `rules`); against
//! the same people on a server without a model nobody enters or leaves a slate, and nobody moves by more than four places; no
//! payload's word, no instruction and nothing personal is in any answer, prompt or log; nothing fails, and the server is ready.
//!
//! What was learned from conversations is a term of the score of its own, bounded by its size and not by places. So the order is
//! held against slates with the same values and no order, and, once everybody has withdrawn that consent, against the server
//! without a model.

#![expect(clippy::print_stderr, reason = "what was measured is told")]
#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]

mod models;
mod pace;
mod population;
mod rules;
mod secrets;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use gpting_llm::stand_in::{Asked, Behaviour, StandIn};
use gpting_tests::{Person, Registration, Server};

use self::models::Ranks;
use self::population::{Population, words_in};
use self::stage::Slate;

/// As many places as a model can move somebody among ten (`docs/assist.md`).
const BOUND: usize = 4;
const PURPOSES: [&str; 3] = ["profile_analysis", "conversation_analysis", "transfer_abroad"];

/// A town, where its data lies, and its slates without any model.
struct Ground {
    town: Population,
    folder: PathBuf,
    without: Vec<Slate>,
}

impl Ground {
    fn copy(&self, name: &str) -> PathBuf {
        stage::copy(&self.folder.join("town"), self.folder.join(name))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_member_and_no_model_gets_past_a_rule() {
    tokio::task::spawn_blocking(gpting_tests::server::binary).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("town");
    let mut server = stage::serve(&data, None).await;
    let town = Population::settle(&server).await;
    assert!(server.stop().await.success());
    let planted: BTreeSet<usize> = town.souls.iter().flat_map(|soul| soul.script.carries.iter().copied()).collect();
    assert!(planted.len() > 100, "{} payloads", planted.len());
    eprintln!("{} people, {} couples, {} payloads", town.souls.len(), town.couples, planted.len());

    let without = plain(&town, &data, folder.path()).await;
    let ranks = ranks(&town, &without);
    let ground = Ground { town, folder: folder.path().to_owned(), without };
    tokio::join!(
        reads(&ground, "worst", models::worst(ranks), 3),
        reads(&ground, "obedient", models::obedient(), 1),
        reads(&ground, "insane", models::insane(), 0),
    );
    let hanging = StandIn::start().await.unwrap();
    hanging.always(Behaviour::Hang);
    let failing = StandIn::start().await.unwrap();
    failing.always(Behaviour::status(500));
    let dead = StandIn::dead().await.unwrap();
    tokio::join!(
        is_away(&ground, "slow", hanging.url(), Some(&hanging)),
        is_away(&ground, "failing", failing.url(), Some(&failing)),
        is_away(&ground, "dead", dead, None),
    );
}

/// The same people with the same consents on a server without a model, and that the rules bite.
async fn plain(town: &Population, data: &Path, folder: &Path) -> Vec<Slate> {
    let data = stage::copy(data, folder.join("without"));
    let mut server = stage::serve(&data, None).await;
    town.answer_for(&server, &PURPOSES, true).await;
    let slates = stage::slates(town, &server).await;
    obeys(town, "without", &slates);
    let full = slates.iter().filter(|slate| slate.people.len() >= 10).count();
    assert!(full * 2 > town.souls.len(), "{full} slates have ten people");
    let mut kept_out: BTreeMap<&str, usize> = BTreeMap::new();
    let everybody = 0..town.souls.len();
    for (a, b) in everybody.clone().flat_map(|a| everybody.clone().map(move |b| (a, b))) {
        if let Some(rule) = rules::broken(town, a, b) {
            *kept_out.entry(rule).or_default() += 1;
        } else if !town.decided.contains(&(b, a)) {
            assert!(slates[a].people.contains(&b), "{b} fits {a} and is not proposed");
        }
    }
    for rule in ["oneself", "a block", "a decision", "a wish", "an age", "a distance"] {
        assert!(kept_out.contains_key(rule), "no {rule} keeps anybody out: {kept_out:?}");
    }
    assert!(server.stop().await.success());
    slates
}

/// Where everybody stands, by the words of their payloads.
fn ranks(town: &Population, slates: &[Slate]) -> Ranks {
    let words = |place: usize| town.souls[place].script.carries.clone();
    let mut ranks = Ranks::new();
    for (viewer, slate) in slates.iter().enumerate() {
        for (rank, other) in slate.people.iter().enumerate() {
            for (mine, theirs) in
                words(viewer).into_iter().flat_map(|mine| words(*other).into_iter().map(move |w| (mine, w)))
            {
                ranks.insert((mine, theirs), rank);
            }
        }
    }
    ranks
}

/// That nobody is proposed whom a hard rule keeps out.
fn obeys(town: &Population, name: &str, slates: &[Slate]) {
    for (viewer, slate) in slates.iter().enumerate() {
        for other in &slate.people {
            let broken = rules::broken(town, viewer, *other);
            assert_eq!(broken, None, "{name}: {other} is proposed to {viewer} past a rule");
        }
        assert_eq!(slate.people.iter().collect::<BTreeSet<_>>().len(), slate.people.len(), "{name}: nobody twice");
    }
}

/// A model that answers: everything is asked of it, and everything that comes of it is looked at.
async fn reads(ground: &Ground, name: &str, behaviour: Behaviour, moves_at_least: usize) {
    let Ground { town, without, .. } = ground;
    let model = StandIn::start().await.unwrap();
    model.always(behaviour);
    let data = ground.copy(name);
    let mut server = stage::serve(&data, Some(&model.url())).await;
    town.answer_for(&server, &PURPOSES, true).await;
    stage::until_all_is_asked(&data).await;
    server.kill9();
    stage::settle(&data).await;
    server.restart().await;
    stage::until_all_is_asked(&data).await;

    // With what was read: asks for orders, words and hints, which are there after the next start.
    let valued = stage::slates(town, &server).await;
    obeys(town, name, &valued);
    stage::visits(town, &server).await;
    stage::until_all_is_asked(&data).await;
    server.restart().await;
    let ordered = stage::slates(town, &server).await;
    obeys(town, name, &ordered);
    let told = stage::visits(town, &server).await;
    // Between the two nothing but the order has changed.
    let moved = held_against(&valued, &ordered, name);

    // Without what was learned from conversations, the same people as a server without a model has them: to the place, but for
    // the order of the first ten.
    town.answer_for(&server, &["conversation_analysis"], false).await;
    let withdrawn = stage::slates(town, &server).await;
    obeys(town, name, &withdrawn);
    let against = held_against(without, &withdrawn, name);
    let changed_by_values = valued.iter().zip(without).filter(|(with, without)| with != without).count();
    eprintln!(
        "{name}: order moves {} slates by up to {}, {} by up to {} against no model; values change {changed_by_values}",
        moved.1, moved.0, against.1, against.0
    );
    assert!(moves_at_least == 0 || changed_by_values > 0, "{name}: what was learned has an effect");
    assert!(moved.0 >= moves_at_least && against.0 >= moves_at_least, "what is bounded has an effect");

    server.kill9();
    assert!(stage::forget_orders(&data).await > 0, "{name}: orders were made");
    server.restart().await;
    assert_eq!(&stage::slates(town, &server).await, without, "{name}: without values and order, as without a model");
    let asked = model.asked();
    was_asked_everything(town, name, &asked);
    says_nothing(town, name, &told, &asked);
    ends_well(town, name, &mut server, &asked).await;
}

/// How far somebody was moved at the most, and how many slates were changed.
fn held_against(without: &[Slate], with: &[Slate], name: &str) -> (usize, usize) {
    assert_eq!(without.len(), with.len(), "{name}");
    let moved: Vec<usize> =
        without.iter().zip(with).map(|(without, with)| stage::farthest(without, with, BOUND)).collect();
    (moved.iter().copied().max().unwrap_or(0), moved.iter().filter(|moved| **moved > 0).count())
}

/// A model that never answers: as without one, at once.
async fn is_away(ground: &Ground, name: &str, url: String, model: Option<&StandIn>) {
    let Ground { town, without, .. } = ground;
    let data = ground.copy(name);
    let mut server = stage::serve(&data, Some(&url)).await;
    town.answer_for(&server, &PURPOSES, true).await;
    server.kill9();
    stage::settle(&data).await;
    server.restart().await;
    let told = stage::visits(town, &server).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    server.restart().await;
    let slates = stage::slates(town, &server).await;
    obeys(town, name, &slates);
    assert_eq!(&slates, without, "{name}");
    let asked = model.map(StandIn::asked).unwrap_or_default();
    assert!(model.is_none() || !asked.is_empty(), "{name} was asked");
    says_nothing(town, name, &told, &asked);
    ends_well(town, name, &mut server, &asked).await;
}

/// That the model was asked for all it can be asked, and that payloads came through to it.
fn was_asked_everything(town: &Population, name: &str, asked: &[Asked]) {
    let mut errands: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reached = BTreeSet::new();
    for one in asked {
        *errands.entry(one.schema_name().unwrap_or("none")).or_default() += 1;
        reached.extend(words_in(&one.said_by("user")));
    }
    eprintln!("{name}: asked {errands:?}; {} payloads came through", reached.len());
    for errand in ["scores", "traits", "values", "words", "hints"] {
        assert!(errands.contains_key(errand), "{name}: {errand} of {errands:?}");
    }
    let planted: BTreeSet<usize> = town.souls.iter().flat_map(|soul| soul.script.carries.iter().copied()).collect();
    assert!(reached.len() > 100 && reached.is_subset(&planted), "{name}: {} payloads", reached.len());
}

/// That no prompt holds anything personal, and no answer holds what it must not.
fn says_nothing(town: &Population, name: &str, told: &[Vec<serde_json::Value>], asked: &[Asked]) {
    let (personal, names, words) = (secrets::personal(town), secrets::names(town), secrets::words(asked));
    // All at once: what is looked for is put in order once.
    let prompts = asked.iter().map(|one| one.body.to_string()).collect::<Vec<_>>().join(
        "
",
    );
    for found in [personal.found_in(prompts.as_bytes()), names.found_in(prompts.as_bytes())] {
        assert!(found.is_empty(), "{name}: {found:?} in a prompt");
    }
    let written: BTreeSet<&str> = town.souls.iter().flat_map(|soul| &soul.shown).map(String::as_str).collect();
    for (place, answers) in told.iter().enumerate() {
        let rest: String = answers.iter().map(|answer| secrets::beside(answer, &written)).collect();
        for found in [personal.found_in(rest.as_bytes()), words.found_in(rest.as_bytes())] {
            assert!(found.is_empty(), "{name}: {found:?} is told to {place}: {rest}");
        }
    }
}

/// That the server is ready to the end, stops as it should, and has written nothing down that it should not.
async fn ends_well(town: &Population, name: &str, server: &mut Server, asked: &[Asked]) {
    let nobody = Person::stranger(server, Registration::new("nobody", "F"));
    for path in ["/readyz", "/healthz"] {
        nobody.get(path).await.expect(200);
    }
    assert!(server.stop().await.success(), "{name}");
    let log = server.log();
    assert!(log.contains("a language model is configured"), "{name}: {log}");
    for fault in ["panicked", "stack backtrace"] {
        assert!(!log.contains(fault), "{name}: {fault} in {log}");
    }
    for canaries in [secrets::personal(town), secrets::words(asked)] {
        let found = canaries.found_in(log.as_bytes());
        assert!(found.is_empty(), "{name}: {found:?} in the log: {log}");
    }
}
