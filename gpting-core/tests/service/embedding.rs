//! Vectors of a model beside those of the local analyst: consent, cache, budget, and what they do to a slate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use gpting_core::Gpting;
use gpting_core::SeededRng;
use gpting_core::assist::model::{Embedded, Embedder, ModelError, Usage};
use gpting_core::assist::{Errand, Outcome};
use gpting_core::config::{AssistConfig, Config};
use gpting_core::id::MemberId;
use gpting_core::matching::slate::SlateRequest;
use gpting_core::safety::Purpose;
use gpting_core::store::Store as _;
use jiff::SignedDuration;

use crate::assist::{at_home, bio, consent, row, work};
use crate::people::{Town, TownClock, town};

const PROFILE: [Purpose; 1] = [Purpose::ProfileAnalysis];

/// Knows that a slope and a summit are about the same, whatever the words.
#[derive(Clone, Debug)]
struct Meaning {
    name: &'static str,
    /// How many texts it was given.
    texts: Arc<AtomicUsize>,
    fails: Option<fn() -> ModelError>,
}

impl Meaning {
    fn new() -> Self {
        Self { name: "meaning", texts: Arc::default(), fails: None }
    }
}

#[async_trait]
impl Embedder for Meaning {
    fn name(&self) -> &str {
        self.name
    }

    fn dims(&self) -> usize {
        200
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded, ModelError> {
        if let Some(error) = self.fails {
            return Err(error());
        }
        self.texts.fetch_add(texts.len(), Ordering::Relaxed);
        let vector = |text: &String| {
            let topics = [["비탈", "꼭대기"], ["소설", "책갈피"]];
            // What every text has, and what this one speaks of.
            let mut vector = vec![1.0_f32; 200];
            for (at, words) in topics.iter().enumerate() {
                if words.iter().any(|word| text.contains(word)) {
                    vector[at * 100..at * 100 + 100].iter_mut().step_by(2).for_each(|number| *number += 2.0);
                }
            }
            vector
        };
        let usage = Usage { input: texts.iter().map(|text| text.len() as u64 / 3).sum(), output: 0 };
        Ok(Embedded { vectors: texts.iter().map(vector).collect(), usage })
    }
}

async fn instance(town: &Town, embedder: Meaning, assist: AssistConfig) -> Gpting {
    let store = Arc::<_>::clone(&town.store) as Arc<dyn gpting_core::store::Store>;
    let builder = Gpting::builder_on(store).clock(TownClock(Arc::clone(&town.clock))).rng(SeededRng::new(9));
    builder.config(Config { assist, ..Config::default() }).embedder(embedder).build().await.unwrap()
}

async fn town_with(embedder: Meaning, assist: AssistConfig) -> Town {
    let mut town = town().await;
    town.g = instance(&town, embedder, assist).await;
    town
}

/// Everybody on the first page of another day, since the picks of a day stay, in their order and as they are shown.
async fn slate(town: &Town, g: &Gpting, me: MemberId) -> Vec<(MemberId, String)> {
    town.clock.advance(SignedDuration::from_hours(24));
    let slate = g.matching().slate(me, SlateRequest::first(50)).await.unwrap();
    slate.cards.iter().map(|card| (card.card.id, format!("{card:?}"))).collect()
}

/// Somebody who seeks, one who means the same in other words, and one who does not.
async fn three(town: &Town) -> [MemberId; 3] {
    let me = town.person("민지", "F", &["M"]).await;
    let (reads, climbs) = (town.person("도현", "M", &["F"]).await, town.person("서준", "M", &["F"]).await);
    bio(town, me, "비탈 산책").await;
    bio(town, reads, "소설 산책").await;
    bio(town, climbs, "꼭대기").await;
    [me, climbs, reads]
}

#[tokio::test]
async fn who_means_the_same_in_other_words_comes_first_as_long_as_all_agree() {
    let embedder = Meaning::new();
    let town = town_with(embedder.clone(), at_home()).await;
    let [me, climbs, reads] = three(&town).await;
    work(&town).await;
    let before = slate(&town, &town.g, me).await;
    assert_eq!(embedder.texts.load(Ordering::Relaxed), 0, "nobody has agreed");
    let ids = |slate: &[(MemberId, String)]| slate.iter().map(|card| card.0).collect::<Vec<_>>();
    assert_eq!(ids(&before), [reads, climbs], "by their words");
    for who in [me, climbs, reads] {
        consent(&town.g, who, &PROFILE, true).await;
    }
    work(&town).await;
    let numbers = row(&town, me).await.derived.embedding.unwrap();
    assert_eq!((numbers.model.as_str(), numbers.numbers.len()), ("meaning", 64));
    let with = slate(&town, &town.g, me).await;
    assert_eq!(ids(&with), [climbs, reads], "by what they mean");
    let calls = town.store.calls(me, 10).await.unwrap();
    assert!(calls.iter().all(|call| (call.errand, call.outcome) == (Errand::Profile, Outcome::Answered)));
    assert!(calls.len() == 1 && calls[0].input_tokens > 0 && calls[0].model == "meaning", "{calls:?}");
    for who in [me, climbs, reads] {
        consent(&town.g, who, &PROFILE, false).await;
    }
    work(&town).await;
    assert!(row(&town, me).await.derived.embedding.is_none(), "withdrawal purges it");
    assert_eq!(slate(&town, &town.g, me).await, before, "and the slate is that from before");
}

#[tokio::test]
async fn a_text_is_embedded_once_and_again_when_it_is_another() {
    let embedder = Meaning::new();
    let town = town_with(embedder.clone(), at_home()).await;
    let me = town.person("민지", "F", &["M"]).await;
    bio(&town, me, "비탈").await;
    consent(&town.g, me, &PROFILE, true).await;
    work(&town).await;
    let ordinary = embedder.texts.load(Ordering::Relaxed) - 1;
    assert!(ordinary > 5, "what is ordinary is asked about once");
    for _ in 0..3 {
        bio(&town, me, "비탈").await;
        town.clock.advance(SignedDuration::from_hours(30));
        slate(&town, &town.g, me).await;
        work(&town).await;
    }
    assert_eq!(embedder.texts.load(Ordering::Relaxed), ordinary + 1);
    bio(&town, me, "소설").await;
    assert!(row(&town, me).await.derived.embedding.is_none(), "it was of another text");
    work(&town).await;
    assert_eq!(embedder.texts.load(Ordering::Relaxed), ordinary + 2);
    assert!(row(&town, me).await.derived.embedding.is_some());
}

#[tokio::test]
async fn an_embedder_that_fails_costs_nothing_but_its_vectors() {
    let unavailable = || ModelError::Unavailable { retry_after: None, begun: false };
    let embedder = Meaning { fails: Some(unavailable), ..Meaning::new() };
    let town = town_with(embedder, at_home()).await;
    let [me, climbs, _] = three(&town).await;
    consent(&town.g, me, &PROFILE, true).await;
    work(&town).await;
    assert!(row(&town, me).await.derived.embedding.is_none());
    assert!(slate(&town, &town.g, me).await.iter().any(|card| card.0 == climbs));
    // Somebody mends it: an instance that reaches it goes on with the job that waits.
    let mut town = town;
    town.g = instance(&town, Meaning::new(), at_home()).await;
    town.clock.advance(SignedDuration::from_hours(7));
    work(&town).await;
    assert!(row(&town, me).await.derived.embedding.is_some());
}

#[tokio::test]
async fn vectors_of_another_model_count_for_nothing() {
    let town = town_with(Meaning::new(), at_home()).await;
    let [me, climbs, reads] = three(&town).await;
    let before = slate(&town, &town.g, me).await;
    for who in [me, climbs, reads] {
        consent(&town.g, who, &PROFILE, true).await;
    }
    work(&town).await;
    assert_ne!(slate(&town, &town.g, me).await, before);
    let other = instance(&town, Meaning { name: "another", ..Meaning::new() }, at_home()).await;
    assert_eq!(slate(&town, &other, me).await, before);
}

#[tokio::test]
async fn a_day_without_tokens_embeds_nothing() {
    let embedder = Meaning::new();
    let town = town_with(embedder.clone(), AssistConfig { tokens_per_day: 10, ..at_home() }).await;
    let me = town.person("민지", "F", &["M"]).await;
    bio(&town, me, "비탈").await;
    consent(&town.g, me, &PROFILE, true).await;
    work(&town).await;
    assert_eq!(embedder.texts.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn what_others_learned_to_seek_holds_nothing_of_a_vector_that_was_taken_back() {
    let town = town_with(Meaning::new(), at_home()).await;
    let [me, climbs, _] = three(&town).await;
    let more = town.person("하준", "M", &["F"]).await;
    bio(&town, more, "꼭대기 바다").await;
    let again = async || slate(&town, &instance(&town, Meaning::new(), at_home()).await, me).await;
    for who in [me, climbs, more] {
        consent(&town.g, who, &PROFILE, true).await;
    }
    work(&town).await;
    town.g.matching().like(me, climbs, None).await.unwrap();
    consent(&town.g, climbs, &PROFILE, false).await;
    work(&town).await;
    // Whoever has never seen the vector proposes the same people for the same reasons.
    assert_eq!(slate(&town, &town.g, me).await, again().await);
    consent(&town.g, me, &PROFILE, false).await;
    work(&town).await;
    assert_eq!(slate(&town, &town.g, me).await, again().await);
}
