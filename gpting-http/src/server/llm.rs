//! The language model beside the server: handed to the service, watched, tried out. The service is whole without one.
//!
//! Called by `start` and `admin`; [`check`] is a command. Readiness never asks: a model that is away costs words, not service.

pub(super) mod check;

use std::fmt::Write as _;

use gpting_core::Builder;
use gpting_core::assist::Moderator as _;
use gpting_core::assist::model::{Embedder as _, TextModel as _};
use gpting_llm::{CallStats, Llm, Stats};

use super::traffic::{head, metric};

/// Hands over the model that reads and writes, the one that embeds, and the one that looks at texts and pictures.
pub(super) fn install(builder: Builder, llm: Option<&Llm>) -> Builder {
    let builder = match llm.and_then(Llm::text) {
        Some(text) => builder.text_model(text),
        None => builder,
    };
    let builder = match llm.and_then(Llm::embedder) {
        Some(embedder) => builder.embedder(embedder),
        None => builder,
    };
    match llm.and_then(Llm::moderator) {
        Some(moderator) => builder.moderator(moderator),
        None => builder,
    }
}

/// Says which server and which models; the key is nowhere near.
pub(super) fn announce(llm: &Llm) {
    let (text, embedder) = (llm.text(), llm.embedder());
    let model = text.as_ref().map_or("none", |text| text.name());
    let embedding_model = embedder.as_ref().map_or("none", |embedder| embedder.name());
    let moderator = llm.moderator();
    let moderation_model = moderator.as_ref().map_or("none", |moderator| moderator.name());
    let (server, profile) = (llm.url(), llm.profile().name());
    tracing::info!(server, profile, model, embedding_model, moderation_model, "a language model is configured");
    if text.is_none() && embedder.is_none() && moderator.is_none() {
        tracing::warn!("GPTING_LLM_URL is set, but no model is named: nothing is asked of it");
    }
}

/// The counters of each kind of call.
fn by_kind(stats: &Stats) -> [(&'static str, CallStats); 3] {
    [("text", stats.text), ("embedding", stats.embeddings), ("moderation", stats.moderations)]
}

/// The counters in the text format of Prometheus.
pub(super) fn metrics(text: &mut String, stats: &Stats) {
    head(text, "gpting_llm_calls_total", "counter", "Uses of the language model, by how they ended.");
    for (kind, calls) in by_kind(stats) {
        let CallStats { answered, unavailable, rejected, refused, unreadable, .. } = calls;
        for (outcome, count) in [
            ("answered", answered),
            ("unavailable", unavailable),
            ("rejected", rejected),
            ("refused", refused),
            ("unreadable", unreadable),
        ] {
            let _ = writeln!(text, "gpting_llm_calls_total{{kind=\"{kind}\",outcome=\"{outcome}\"}} {count}");
        }
    }
    metric(text, "gpting_llm_requests_total", "counter", "Requests sent to the language model.", stats.requests);
    metric(text, "gpting_llm_retries_total", "counter", "Requests to it that were sent again.", stats.retries);
    metric(text, "gpting_llm_requests_open", "gauge", "Requests to it that are on their way.", stats.in_hand);
    head(text, "gpting_llm_tokens_total", "counter", "Tokens that the language model has read and written.");
    for (direction, count) in [("input", stats.input_tokens), ("output", stats.output_tokens)] {
        let _ = writeln!(text, "gpting_llm_tokens_total{{direction=\"{direction}\"}} {count}");
    }
    head(text, "gpting_llm_breaker_open", "gauge", "1 while the language model is left alone after failures.");
    for (kind, calls) in by_kind(stats) {
        let _ = writeln!(text, "gpting_llm_breaker_open{{kind=\"{kind}\"}} {}", u8::from(calls.is_open));
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::Gpting;
    use gpting_core::store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_service_is_built_with_whatever_models_there_are() {
        let url = "http://localhost:1";
        let llms = [
            None,
            Some(Llm::builder(url).build().unwrap()),
            Some(Llm::builder(url).model("m").embedding_model("bge-m3").moderation_model("omni").build().unwrap()),
        ];
        for llm in llms {
            install(Gpting::builder(MemoryStore::default()), llm.as_ref()).build().await.unwrap();
            if let Some(llm) = &llm {
                announce(llm);
            }
        }
    }

    #[test]
    fn every_number_has_its_line() {
        let mut stats = Stats { requests: 7, retries: 2, input_tokens: 30, output_tokens: 4, ..Stats::default() };
        (stats.text.refused, stats.embeddings.answered, stats.text.is_open) = (3, 5, true);
        stats.moderations.answered = 6;
        let mut text = String::new();
        metrics(&mut text, &stats);
        for line in [
            "gpting_llm_calls_total{kind=\"text\",outcome=\"refused\"} 3",
            "gpting_llm_calls_total{kind=\"embedding\",outcome=\"answered\"} 5",
            "gpting_llm_calls_total{kind=\"moderation\",outcome=\"answered\"} 6",
            "gpting_llm_breaker_open{kind=\"moderation\"} 0",
            "gpting_llm_requests_total 7",
            "gpting_llm_retries_total 2",
            "gpting_llm_requests_open 0",
            "gpting_llm_tokens_total{direction=\"input\"} 30",
            "gpting_llm_tokens_total{direction=\"output\"} 4",
            "gpting_llm_breaker_open{kind=\"text\"} 1",
            "gpting_llm_breaker_open{kind=\"embedding\"} 0",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} in\n{text}");
        }
    }
}
