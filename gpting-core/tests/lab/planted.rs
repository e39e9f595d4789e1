//! The headline: what is planted in conversations alone is found, and forgotten when people withdraw.

use gpting_core::assist::ScriptedModel;
use gpting_core::lab::planted::{Plot, reading_model, run};
use serde_json::json;

const PLOT: Plot = Plot { seekers: 30, candidates: 90, seed: 5 };

#[tokio::test]
async fn planted_preferences_are_found_and_forgotten() {
    let found = run(reading_model(), PLOT).await.unwrap();
    assert!(found.is_forgotten, "slates after withdrawal are those of before");
    assert_eq!(found.found, found.seekers, "every planted topic is found");
    let (lift, low, _) = found.lift;
    assert!(lift >= 0.05 && low >= 0.02, "{found}");
}

#[tokio::test]
async fn a_model_that_reads_nothing_lifts_nothing() {
    let blind = ScriptedModel::answering(|_, _| json!({ "a": [], "b": [] }));
    let found = run(blind, Plot { seekers: 8, candidates: 40, seed: 5 }).await.unwrap();
    assert_eq!((found.before, found.lift.0), (found.after, 0.0), "{found}");
    assert!(found.is_forgotten && found.found == 0);
}
