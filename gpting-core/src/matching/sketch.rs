//! A few words of each row about what a term of the score depends on, so that a search need not ask the term about everybody.
//!
//! Made by a [`Sketcher`] whenever a row is written, kept by the leaves of the index, read by `simd` for every row it weighs.
//! Many things share a bit, so a sketch can only promise too much: a bound stays a bound. Invariant: for every two rows, the
//! term adds at most what [`Bounds`] of the one makes of the sketch of the other, in both directions.

use std::fmt::Debug;

/// What may count for others of a row, and what the row may count of others. Nothing is all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sketch([u32; 4]);

/// The most of either kind that are told apart.
const HAS: u32 = 64;
const LIKES: u32 = 58;
/// The largest share as it is kept.
const SHARE: f64 = 63.0;
/// The bit of the last word where the share begins.
pub(super) const SHARE_AT: u32 = LIKES - 32;

impl Sketch {
    /// Notes that the row has something.
    pub(crate) fn add_has(&mut self, thing: u16) {
        let bit = u32::from(thing) % HAS;
        self.0[bit as usize / 32] |= 1 << (bit % 32);
    }

    /// Notes that the row likes something, which counts for it by so much of all that it likes, from 0 to 1. The largest
    /// share holds for everything.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share lies between 0 and 1")]
    pub(crate) fn add_likes(&mut self, thing: u16, share: f64) {
        let bit = u32::from(thing) % LIKES;
        self.0[2 + bit as usize / 32] |= 1 << (bit % 32);
        let share = (share.clamp(0.0, 1.0) * SHARE).ceil() as u32;
        let known = self.0[3] >> SHARE_AT;
        self.0[3] = self.0[3] & ((1 << SHARE_AT) - 1) | share.max(known) << SHARE_AT;
    }

    pub(super) const fn words(self) -> [u32; 4] {
        self.0
    }
}

/// What sketches come to for one viewer. Sums go by bits, as sketches are read.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Bounds {
    /// For each word of a sketch: a bit, and what it adds when it is set. The first two words bound what the viewer likes
    /// in the row, the last two, times the share, what the row likes in the viewer.
    words: [Vec<(u32, f32)>; 4],
}

impl Bounds {
    /// The viewer likes something, and whoever has all of it gets so many logits for it.
    pub(crate) fn add_likes(&mut self, thing: u16, logit: f32) {
        self.add(0, u32::from(thing) % HAS, logit);
    }

    /// The viewer has something, and whoever likes nothing else gives so many logits for it.
    pub(crate) fn add_has(&mut self, thing: u16, logit: f32) {
        // The share is kept in whole steps.
        self.add(2, u32::from(thing) % LIKES, logit / SHARE as f32);
    }

    fn add(&mut self, word: usize, bit: u32, logit: f32) {
        let (bits, bit) = (&mut self.words[word + bit as usize / 32], 1 << (bit % 32));
        match bits.iter_mut().find(|(known, _)| *known == bit) {
            Some((_, sum)) => *sum += logit,
            None => bits.push((bit, logit)),
        }
    }

    /// By word: bits, and what they add. What the last two words add is to be multiplied by the share in whole steps.
    pub(super) const fn words(&self) -> &[Vec<(u32, f32)>; 4] {
        &self.words
    }
}

/// Makes sketches for one signal.
pub(crate) trait Sketcher: Debug + Send + Sync {
    /// The name of the signal.
    fn signal(&self) -> &'static str;

    /// What is kept of a row with these interests and (attribute, value) pairs, all ascending; the same for the same row.
    fn sketch(&self, interests: &[u16], attributes: &[[u16; 2]]) -> Sketch;

    /// What sketches come to for a viewer with these.
    fn bounds(&self, interests: &[u16], attributes: &[[u16; 2]]) -> Bounds;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_share_stays_and_touches_no_other_bit() {
        let mut sketch = Sketch::default();
        sketch.add_likes(3, 0.1);
        sketch.add_likes(57, 0.5);
        sketch.add_likes(3 + 58, 0.2);
        assert_eq!(sketch.words(), [0, 0, 1 << 3, 1 << 25 | 32 << SHARE_AT]);
        sketch.add_has(64 + 33);
        sketch.add_likes(0, 7.0);
        assert_eq!(sketch.words(), [0, 1 << 1, 1 << 3 | 1, 1 << 25 | 63 << SHARE_AT]);
    }

    #[test]
    fn what_shares_a_bit_adds_up() {
        let mut bounds = Bounds::default();
        bounds.add_likes(1, 0.5);
        bounds.add_likes(65, 0.25);
        bounds.add_likes(40, 1.0);
        bounds.add_has(59, 63.0);
        assert_eq!(bounds.words(), &[vec![(2, 0.75)], vec![(1 << 8, 1.0)], vec![(2, 1.0)], vec![]]);
    }
}
