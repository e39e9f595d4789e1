//! A [`TextModel`] and a [`Moderator`] that answer by a script: the twins for tests and experiments.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use serde_json::Value;

use super::model::{ModelError, Prompt, Reply, TextModel, Usage};
use super::moderator::{Looked, Moderator, Opinion, Reach, Sight};

type Script = dyn Fn(&Prompt) -> Result<Reply, ModelError> + Send + Sync;

/// Answers what a function says. Clones share the count.
#[derive(Clone)]
pub struct ScriptedModel {
    script: Arc<Script>,
    calls: Arc<AtomicUsize>,
}

impl std::fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedModel").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl ScriptedModel {
    /// Answers what the function says.
    pub fn new(script: impl Fn(&Prompt) -> Result<Reply, ModelError> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), calls: Arc::default() }
    }

    /// Answers the JSON that the function makes of the name of the asked form and of the data of the prompt.
    pub fn answering(script: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Self {
        Self::new(move |prompt| {
            let name = prompt.schema.as_ref().map_or("", |(name, _)| name);
            let text = script(name, &data(prompt)).to_string();
            let usage = Usage { input: prompt.user.len() as u64 / 4, output: text.len() as u64 / 4 + 1 };
            Ok(Reply { text, usage, is_whole: true })
        })
    }

    /// How often it was asked.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

/// The data of a prompt of this library: what stands between its markers.
pub fn data(prompt: &Prompt) -> Value {
    prompt.user.lines().nth(1).and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
}

#[async_trait]
impl TextModel for ScriptedModel {
    fn name(&self) -> &'static str {
        "scripted"
    }

    async fn complete(&self, prompt: &Prompt) -> Result<Reply, ModelError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        (self.script)(prompt)
    }
}

type Verdict = dyn Fn(Sight<'_>) -> Result<Opinion, ModelError> + Send + Sync;

/// Thinks what a function says. Clones share the count.
#[derive(Clone)]
pub struct ScriptedModerator {
    script: Arc<Verdict>,
    calls: Arc<AtomicUsize>,
    reach: Reach,
}

impl std::fmt::Debug for ScriptedModerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedModerator").field("calls", &self.calls()).finish_non_exhaustive()
    }
}

impl ScriptedModerator {
    /// Thinks what the function says, as far away as is said.
    pub fn new(
        reach: Reach,
        script: impl Fn(Sight<'_>) -> Result<Opinion, ModelError> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Arc::new(script), calls: Arc::default(), reach }
    }

    /// How often it was asked.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Moderator for ScriptedModerator {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    async fn look(&self, sight: Sight<'_>) -> Result<Looked, ModelError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(Looked { opinion: (self.script)(sight)?, usage: Usage { input: 10, output: 0 } })
    }
}
