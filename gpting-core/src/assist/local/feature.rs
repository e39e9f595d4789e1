//! From stems to a vector: features with weights, hashed and signed into few dimensions.
//!
//! Words count most that few people use; a handful of kinds of features make up for endings that were not recognised
//! (jamo), for compounds (pairs of syllables), and for words the catalogue knows (interest and category). Source: feature
//! hashing, Weinberger et al., ICML 2009; sparse projections, Achlioptas 2003.

use rustc_hash::FxHashMap;

use super::stem::{Clause, is_hangul};

/// What a feature counts, by kind.
const INTEREST: f32 = 3.0;
const CATEGORY: f32 = 1.4;
const WORD: f32 = 1.0;
const SYLLABLES: f32 = 0.8;
const JAMO: f32 = 0.25;
const LETTERS: f32 = 0.35;
/// Coordinates that one feature is spread over: heavy features then collide less.
const SPREAD: u64 = 4;

/// `1 + ln n` for n times, written out: the logarithm of one machine is not that of another. Ten times are as good as more.
const REPEATED: [f32; 10] = [1.0, 1.693, 2.099, 2.386, 2.609, 2.792, 2.946, 3.079, 3.197, 3.303];

/// The features of a text: how often each was met, and what it counts.
#[derive(Debug, Default)]
pub(super) struct Bag {
    features: FxHashMap<u64, (u32, f32)>,
}

impl Bag {
    /// Adds a clause with the interests it names.
    pub(super) fn add(&mut self, clause: &Clause, named: Vec<(u16, u16)>) {
        for (interest, category) in named {
            self.feature(1, &interest.to_le_bytes(), INTEREST);
            self.feature(2, &category.to_le_bytes(), CATEGORY);
        }
        for stem in &clause.stems {
            self.feature(3, stem.as_bytes(), WORD);
            let letters: Vec<char> = stem.chars().collect();
            if letters.iter().any(|&c| is_hangul(c)) {
                self.each(4, &letters, 2, SYLLABLES);
                let jamo: Vec<char> = letters.iter().flat_map(|&c| jamo(c)).flatten().collect();
                self.each(5, &jamo, 4, JAMO);
            } else {
                let bounded: Vec<char> = ['^'].into_iter().chain(letters).chain(['$']).collect();
                self.each(6, &bounded, 3, LETTERS);
            }
        }
    }

    fn each(&mut self, kind: u8, letters: &[char], n: usize, weight: f32) {
        for gram in letters.windows(n) {
            let text: String = gram.iter().collect();
            self.feature(kind, text.as_bytes(), weight);
        }
    }

    fn feature(&mut self, kind: u8, bytes: &[u8], weight: f32) {
        let counted = self.features.entry(hash(kind, bytes)).or_insert((0, weight));
        counted.0 += 1;
    }

    /// The vector, of length 1; zero where there is no feature.
    pub(super) fn vector(self, dims: usize) -> Vec<f32> {
        let mut vector = vec![0.0_f32; dims];
        if dims == 0 {
            return vector;
        }
        let mut features: Vec<(u64, (u32, f32))> = self.features.into_iter().collect();
        // In one order everywhere: sums of floats depend on it.
        features.sort_unstable_by_key(|feature| feature.0);
        for (hash, (count, weight)) in features {
            let value = weight * REPEATED[(count as usize).clamp(1, REPEATED.len()) - 1];
            for turn in 0..SPREAD {
                let drawn = mixed(hash ^ turn.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let sign = if drawn >> 63 == 0 { 1.0 } else { -1.0 };
                let place = (drawn & 0x7fff_ffff) % dims as u64;
                vector[place as usize] += sign * value;
            }
        }
        let squares: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        if squares > 0.0 {
            let length = narrow(squares.sqrt());
            for x in &mut vector {
                *x /= length;
            }
        }
        vector
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a length of some hundred at the most")]
fn narrow(x: f64) -> f32 {
    x as f32
}

/// The letters of a syllable: initial, vowel, final.
fn jamo(c: char) -> [Option<char>; 3] {
    if !is_hangul(c) {
        return [Some(c), None, None];
    }
    let code = u32::from(c) - 0xac00;
    let letter = |base: u32, at: u32| char::from_u32(base + at);
    let last = code % 28;
    [letter(0x1100, code / 588), letter(0x1161, code / 28 % 21), letter(0x11a7, last).filter(|_| last > 0)]
}

/// FNV-1a over the kind and the bytes, finished so that every bit counts.
fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    mixed(bytes.iter().fold(step(0xcbf2_9ce4_8422_2325, kind), |hash, &byte| step(hash, byte)))
}

/// `SplitMix64`'s finish (Steele et al. 2014).
fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
