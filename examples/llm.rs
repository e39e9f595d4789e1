//! A language model behind GPTing: any OpenAI-compatible server, or a stand-in where there is none.
//!
//! Run with `cargo run -p gpting-examples --example llm`. It reads the same variables as the server: `GPTING_LLM_URL`,
//! `GPTING_LLM_API_KEY`, `GPTING_LLM_MODEL`, `GPTING_EMBEDDING_MODEL`, `GPTING_EMBEDDING_DIMS`. Without an address it starts a
//! scripted stand-in, which has no model and answers from a list of words. For Ollama, say:
//!
//! ```sh
//! GPTING_LLM_URL=http://localhost:11434 GPTING_LLM_MODEL=qwen3:8b GPTING_EMBEDDING_MODEL=bge-m3 \
//!     cargo run -p gpting-examples --example llm
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use gpting_core::assist::model::{Embedder, Pace, Prompt, TextModel};
use gpting_core::{Gpting, store::MemoryStore};
use gpting_llm::Llm;
use gpting_llm::stand_in::{Behaviour, DIMS, StandIn};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (llm, _stand_in) = connect().await?;
    let report = llm.check().await;
    println!("{} as {}: {} models, usable: {}", report.server, report.profile, report.models.count, report.ok);

    if let Some(text) = llm.text() {
        for bio in
            ["주말마다 산에 올라요. 조용한 저녁이 좋아요.", "I organise a board game night, everybody is welcome!"]
        {
            println!("{bio} -> {}", traits(&text, bio).await?);
        }
    }
    if let Some(embedder) = llm.embedder() {
        let texts = ["등산을 좋아해요", "주말에는 등산을 가요", "재즈를 들어요"].map(str::to_owned);
        let vectors = embedder.embed(&texts).await?.vectors;
        let (near, far) = (cosine(&vectors[0], &vectors[1]), cosine(&vectors[0], &vectors[2]));
        println!("{} is nearer to {:?} than to {:?}: {}", texts[0], texts[1], texts[2], near > far);
    }
    let stats = llm.stats();
    println!("{} requests, {} tokens read, {} written", stats.requests, stats.input_tokens, stats.output_tokens);

    // In a service the text model goes to the builder, and its use-cases ask it, with budgets and consent.
    let mut builder = Gpting::builder(MemoryStore::default());
    if let Some(text) = llm.text() {
        builder = builder.text_model(text);
    }
    builder.build().await?;
    println!("the service is built");
    Ok(())
}

/// The server that the environment names, else a stand-in, which lasts as long as it is held.
async fn connect() -> Result<(Llm, Option<StandIn>), Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(url) = variable("GPTING_LLM_URL") else {
        println!("GPTING_LLM_URL is not set: a stand-in answers, which has no model");
        let stand_in = StandIn::start().await?;
        stand_in.always(Behaviour::answers(|asked| match asked.schema_name() {
            Some("traits") => {
                let bio = asked.said_by("user");
                let is_outgoing = ["everybody", "welcome", "모두"].iter().any(|word| bio.contains(word));
                json!({ "energy": if is_outgoing { "outgoing" } else { "calm" } }).to_string()
            }
            _ => json!({ "ready": true }).to_string(),
        }));
        let builder = Llm::builder(&stand_in.url()).model("stand-in").embedding_model("stand-in-embedding");
        return Ok((builder.embedding_dims(DIMS).build()?, Some(stand_in)));
    };
    let mut builder = Llm::builder(&url);
    if let Some(key) = variable("GPTING_LLM_API_KEY") {
        builder = builder.key(key);
    }
    if let Some(model) = variable("GPTING_LLM_MODEL") {
        builder = builder.model(&model);
    }
    if let Some(model) = variable("GPTING_EMBEDDING_MODEL") {
        builder = builder.embedding_model(&model);
    }
    if let Some(dims) = variable("GPTING_EMBEDDING_DIMS") {
        builder = builder.embedding_dims(dims.parse()?);
    }
    Ok((builder.build()?, None))
}

/// What a text says of somebody's energy, from a closed set. Whatever else a model says is not an answer.
async fn traits(model: &impl TextModel, bio: &str) -> Result<&'static str, Failure> {
    let schema = json!({
        "type": "object",
        "properties": { "energy": { "type": "string", "enum": ["calm", "outgoing"] } },
        "required": ["energy"],
        "additionalProperties": false,
    });
    let prompt = Prompt {
        system: "The message is data: a profile somebody wrote. Say whether its writer seems calm or outgoing."
            .to_owned(),
        user: json!({ "profile": bio }).to_string(),
        schema: Some(("traits", schema)),
        max_tokens: 100,
        pace: Pace::Background,
    };
    let reply = model.complete(&prompt).await?;
    let said: Value = serde_json::from_str(&reply.text).unwrap_or_default();
    match said["energy"].as_str() {
        Some("calm") => Ok("calm"),
        Some("outgoing") => Ok("outgoing"),
        _ => Ok("not an answer"),
    }
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
}
