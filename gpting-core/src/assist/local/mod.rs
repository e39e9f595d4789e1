//! The analyst that lives in the house: vectors and suggestions from text, without any model.
//!
//! Twin of every [`Embedder`] that asks somebody else; the service's own rows are made with it. A
//! text becomes stems without particles (`stem`), the catalogue's spellings that stand in it (`spelling`), and hashed
//! features (`feature`); [`suggest`] tells the owner what of the catalogue they seem to speak of. Lexical: it knows words
//! and the catalogue's synonyms, not meanings.
//! Invariants: deterministic on every processor; particles, endings and spaces of Korean do not matter; a vector has length
//! 1, or is zero where nothing was said; no text leaves the process.

mod feature;
mod spelling;
pub(super) mod stem;
pub mod suggest;

use std::sync::Arc;

use async_trait::async_trait;

use super::model::{Embedded, Embedder, ModelError, Usage};
use crate::profile::catalogue::Catalogue;
use spelling::Spellings;

/// Characters of a text that are read; a profile is shorter.
const READ_CHARS: usize = 4_000;

/// Turns text into vectors by its words, and finds what of the catalogue it speaks of.
///
/// ```
/// use gpting_core::assist::local::LocalAnalyst;
/// use gpting_core::profile::catalogue::Catalogue;
///
/// let analyst = LocalAnalyst::new(Catalogue::built_in(), 128);
/// let near = |a: &str, b: &str| -> f32 {
///     analyst.vector(a).iter().zip(analyst.vector(b)).map(|(x, y)| x * y).sum()
/// };
/// assert!(near("등산을 좋아해요", "등산좋아함") > 0.9);
/// assert!(near("등산을 좋아해요", "I love hiking") > 0.4); // the catalogue knows both words
/// assert!(near("등산을 좋아해요", "재즈를 들어요") < 0.3);
/// ```
#[derive(Clone, Debug)]
pub struct LocalAnalyst {
    dims: usize,
    spellings: Arc<Spellings>,
}

impl LocalAnalyst {
    /// Which analyst it is: counted up whenever the same text would become another vector.
    pub const NAME: &'static str = "local-1";

    /// Vectors of so many dimensions, with this catalogue's interests as its synonyms.
    pub fn new(catalogue: &Catalogue, dims: usize) -> Self {
        Self { dims, spellings: Arc::new(Spellings::of(catalogue)) }
    }

    /// The vector of a text: length 1, or zero where there is nothing to go by. `O(characters)`, some 10 µs for a short
    /// text.
    pub fn vector(&self, text: &str) -> Vec<f32> {
        self.vector_of([text])
    }

    /// The vector of several texts about one thing.
    pub fn vector_of<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<f32> {
        let mut bag = feature::Bag::default();
        for text in texts {
            for clause in stem::clauses(text, READ_CHARS) {
                bag.add(&clause, self.spellings.found_in(&clause));
            }
        }
        bag.vector(self.dims)
    }

    /// How many numbers a vector has.
    pub fn dims(&self) -> usize {
        self.dims
    }
}

#[async_trait]
impl Embedder for LocalAnalyst {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn dims(&self) -> usize {
        self.dims
    }

    async fn embed(&self, texts: &[String]) -> Result<Embedded, ModelError> {
        Ok(Embedded { vectors: texts.iter().map(|text| self.vector(text)).collect(), usage: Usage::default() })
    }
}

#[cfg(test)]
mod tests;
