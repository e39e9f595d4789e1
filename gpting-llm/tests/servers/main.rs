//! The adapter against a server over real connections: one that behaves, and every way to behave badly.
//!
//! What each case does to counts and waits exactly is tested beside the code, on a clock that stands still; here it is that a
//! real client on a real socket comes to the same. Whatever any of these tests sends is held against the keys that were agreed
//! on and, where `GPTING_OPENAI_SPEC` names the published `openapi.json`, against that.

#![expect(clippy::unwrap_used, reason = "the whole file is tests; what they are made of counts as one")]
#![expect(clippy::print_stderr, reason = "a check that is not made says so")]

mod bad;
mod check;
mod good;
mod moderation;
mod spec;

use std::time::Duration;

use gpting_core::SeededRng;
use gpting_core::assist::model::{Pace, Prompt};
use gpting_llm::stand_in::{Asked, Behaviour, DIMS, StandIn};
use gpting_llm::{Builder, Llm, LlmEmbedder, LlmModerator, LlmText, Profile};
use serde_json::{Value, json};

/// A stand-in whose requests are looked at when the test is over.
struct Server {
    stand_in: StandIn,
    profile: Profile,
}

impl Server {
    async fn start(profile: Profile) -> Self {
        Self { stand_in: StandIn::start_as(profile).await.unwrap(), profile }
    }

    /// A client with short waits, its first retry after 20 ms at the most.
    fn client(&self) -> Builder {
        client_of(&self.stand_in.url()).profile(self.profile)
    }

    fn text(&self) -> LlmText {
        self.client().build().unwrap().text().unwrap()
    }

    fn embedder(&self) -> LlmEmbedder {
        self.client().build().unwrap().embedder().unwrap()
    }

    /// Of the kinds of server that may have one.
    fn moderator(&self) -> LlmModerator {
        self.client().moderation_model("omni-moderation-latest").build().unwrap().moderator().unwrap()
    }

    /// The requests for text, vectors or opinions.
    fn asked(&self) -> Vec<Asked> {
        self.stand_in.asked().into_iter().filter(|asked| asked.method == "POST").collect()
    }
}

impl std::ops::Deref for Server {
    type Target = StandIn;

    fn deref(&self) -> &StandIn {
        &self.stand_in
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            for asked in self.asked() {
                spec::look(self.profile, &asked);
            }
        }
    }
}

fn client_of(url: &str) -> Builder {
    Llm::builder(url)
        .key("sk-stand-in")
        .model("stand-in")
        .embedding_model("stand-in-embedding")
        .embedding_dims(DIMS)
        .first_wait(Duration::from_millis(20))
        .rng(SeededRng::new(5))
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "trait": { "type": "string", "enum": ["warm", "calm"] },
            "score": { "type": "integer", "minimum": 0, "maximum": 9 },
        },
        "required": ["trait", "score"],
        "additionalProperties": false,
    })
}

fn prompt(schema: Option<Value>) -> Prompt {
    Prompt {
        system: "You read profiles.".to_owned(),
        user: r#"{"bio":"산책을 좋아해요"}"#.to_owned(),
        schema: schema.map(|schema| ("traits", schema)),
        max_tokens: 200,
        pace: Pace::Background,
    }
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("text {number} 글")).collect()
}

const TROUBLE: [fn() -> Behaviour; 3] = [|| Behaviour::status(503), || Behaviour::Reset, || Behaviour::Half];
