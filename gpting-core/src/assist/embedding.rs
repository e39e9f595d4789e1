//! Vectors that an [`Embedder`](super::model::Embedder) makes of members' texts: shortened, and kept in the member's own row.
//!
//! A vector of any length becomes [`NUMBERS`] bytes, so that rows stay small and the index has one form whatever model is named.
//! Models give all texts of a kind much of the same direction; that is taken away first, or whoever agrees would stand above
//! whoever does not. Written by `embed`, read by the engine's intake. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rng::{Rng, SeededRng};

/// How many numbers are kept of a vector.
pub(crate) const NUMBERS: usize = 64;
/// Counted up whenever the same vector would be kept as other numbers.
pub(crate) const VERSION: &str = "1";
/// A number of length 1 in the bytes that are kept.
const ONE: f32 = 127.0;

/// What is kept of the vector of a member's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embedding {
    /// Which model made it; vectors of different models are never compared.
    pub model: String,
    /// Hash of model, form and text.
    pub content: String,
    /// When.
    pub at: Timestamp,
    /// 64 numbers whose length is 127; none of a text without anything in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<i8>,
}

impl Embedding {
    /// Writes the vector, of length 1, into `out`, or zeros when there is none of this model.
    pub(crate) fn write(this: Option<&Self>, model: &str, out: &mut Vec<f32>) {
        let known = this.filter(|known| known.model == model && known.numbers.len() == NUMBERS);
        match known {
            Some(known) => out.extend(known.numbers.iter().map(|&number| f32::from(number) / ONE)),
            None => out.extend([0.0; NUMBERS]),
        }
    }
}

/// The mean of vectors that are taken at length 1.
pub(crate) fn mean(vectors: &[Vec<f32>]) -> Vec<f32> {
    let mut mean = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        let length = length(vector).max(f32::MIN_POSITIVE);
        for (sum, number) in mean.iter_mut().zip(vector) {
            *sum += number / length / vectors.len() as f32;
        }
    }
    mean
}

fn length(vector: &[f32]) -> f32 {
    vector.iter().map(|number| number * number).sum::<f32>().sqrt()
}

/// The vector without what is common to all, in [`NUMBERS`] dimensions, as bytes; none when nothing is left.
///
/// Longer vectors are multiplied by a matrix of random signs, which keeps angles up to a standard deviation of `1 / √64`
/// (Johnson and Lindenstrauss 1984; signs: Achlioptas 2003); shorter ones are filled up with zeros.
pub(crate) fn shortened(vector: &[f32], middle: &[f32]) -> Vec<i8> {
    let whole = length(vector).max(f32::MIN_POSITIVE);
    let own: Vec<f32> = vector.iter().zip(middle).map(|(number, middle)| number / whole - middle).collect();
    let mut short = [0.0_f32; NUMBERS];
    if own.len() <= NUMBERS {
        short[..own.len()].copy_from_slice(&own);
    } else {
        // A word of signs for each dimension that comes in: one bit for each that goes out.
        let chance = SeededRng::new(0);
        for number in &own {
            let mut signs = [0; 8];
            chance.fill(&mut signs);
            let signs = u64::from_le_bytes(signs);
            for (at, short) in short.iter_mut().enumerate() {
                *short += if signs >> at & 1 == 0 { *number } else { -*number };
            }
        }
    }
    let length = length(&short);
    if length < 1e-6 {
        return Vec::new();
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -127 and 127")]
    short.iter().map(|number| (number / length * ONE).round() as i8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cosine(a: &[i8], b: &[i8]) -> f32 {
        a.iter().zip(b).map(|(a, b)| f32::from(*a) * f32::from(*b)).sum::<f32>() / ONE / ONE
    }

    fn numbers(of: u64) -> impl Iterator<Item = f32> {
        let chance = SeededRng::new(of << 32);
        std::iter::repeat_with(move || {
            let mut word = [0; 8];
            chance.fill(&mut word);
            (u64::from_le_bytes(word) % 2_000) as f32 / 1_000.0 - 1.0
        })
    }

    /// 1,536 numbers, most of them as in every other text.
    fn vector(own: u64, about: u64, weight: f32) -> Vec<f32> {
        let all = numbers(1).zip(numbers(about)).zip(numbers(own));
        all.map(|((all, about), own)| 3.0 * all + weight * about + 0.5 * own).take(1_536).collect()
    }

    #[test]
    fn what_all_texts_share_counts_for_nothing_and_angles_stay() {
        let ordinary: Vec<_> = (100..130).map(|own| vector(own, own, 0.0)).collect();
        let middle = mean(&ordinary);
        let [a, b, other] = [(10, 2), (11, 2), (12, 3)].map(|(own, about)| vector(own, about, 1.0));
        let raw = a.iter().zip(&other).map(|(a, b)| a * b).sum::<f32>() / length(&a) / length(&other);
        assert!(raw > 0.8, "texts of the same kind look alike: {raw}");
        let [a, b, other] = [a, b, other].map(|vector| shortened(&vector, &middle));
        assert!(cosine(&a, &b) > 0.5, "{}", cosine(&a, &b));
        assert!(cosine(&a, &other).abs() < 0.4, "{}", cosine(&a, &other));
        assert!((cosine(&a, &a) - 1.0).abs() < 0.02);
    }

    #[test]
    fn short_vectors_are_filled_up_and_what_is_ordinary_is_nothing() {
        let middle = vec![0.6, 0.8, 0.0];
        assert_eq!(shortened(&[3.0, 4.0, 0.0], &middle), Vec::<i8>::new());
        let numbers = shortened(&[0.6, 0.8, 5.0], &middle);
        assert_eq!(numbers.len(), NUMBERS);
        assert!(numbers[2] > 0 && numbers[3..].iter().all(|number| *number == 0));
    }

    #[test]
    fn another_models_vector_is_no_vector() {
        let known = Embedding {
            model: "a".to_owned(),
            content: String::new(),
            at: Timestamp::UNIX_EPOCH,
            numbers: vec![127; NUMBERS],
        };
        let written = |known, model| {
            let mut out = Vec::new();
            Embedding::write(known, model, &mut out);
            out
        };
        assert_eq!(written(Some(&known), "a"), [1.0; NUMBERS]);
        assert_eq!(written(Some(&known), "b"), [0.0; NUMBERS]);
        assert_eq!(written(None, "a"), [0.0; NUMBERS]);
    }
}
