//! Ranking one row of scores, the step that every method of the market repeats most.
//!
//! Called by `slates`, `response`, `welfare`, `pool`, `slots` and `bound`. A radix sort over the leading bits in which the
//! scores of the row differ, finished by insertion: linear for scores that are spread, never worse than a comparison
//! sort. A row that was ranked before starts from its old order. Invariant: descending by score, ascending by name among
//! equals, so the same scores give the same list everywhere.

/// Rows up to `SHORT` sort by two digits of 8 bits, longer ones by two of 11, whole markets beyond `LONG` by three, so
/// that hardly two scores share all digits.
const SHORT: usize = 3000;
const LONG: usize = 1 << 15;
const SHORT_BITS: u32 = 8;
const LONG_BITS: u32 = 11;

/// Moves per name after which insertion gives up.
const PATIENCE: usize = 6;

/// How much smaller patience may become while insertion gives up on row after row, as a power of two.
const LEAST_PATIENCE: u32 = 5;

/// Memory for ranking rows; one per thread.
#[derive(Debug, Default)]
pub(super) struct Sorter {
    /// The score turned so that a larger one is a smaller number, above the name.
    keys: Vec<u64>,
    other: Vec<u64>,
    counts: Vec<u32>,
    /// By how many powers of two patience is smaller now. Decides only about time.
    haste: u32,
}

impl Sorter {
    /// Ranks names `0..scores.len()` and returns them as `(name, score)`, best first. No score may be NaN.
    pub(super) fn rank(&mut self, scores: impl ExactSizeIterator<Item = f32>) -> impl Iterator<Item = (usize, f32)> {
        self.keys.clear();
        self.keys.extend(scores.zip(0_u64..).map(|(score, name)| key(score, name)));
        self.sort();
        self.keys.iter().map(|key| (*key as u32 as usize, turned_back((key >> 32) as u32)))
    }

    /// Ranks the names of `order` by `scores[name]`, best first, writes them back into `order` and returns the scores.
    ///
    /// The result is that of [`Self::rank`]; it takes less time the closer `order` is to it. No score may be NaN.
    pub(super) fn rank_again(&mut self, order: &mut [u32], scores: &[f32]) -> impl Iterator<Item = (usize, f32)> {
        self.keys.clear();
        self.keys.extend(order.iter().map(|name| key(scores[*name as usize], u64::from(*name))));
        let patience = (PATIENCE * self.keys.len()) >> self.haste;
        if insert(&mut self.keys, patience) {
            self.haste = self.haste.saturating_sub(1);
        } else {
            self.haste = (self.haste + 1).min(LEAST_PATIENCE);
            self.sort();
        }
        for (place, key) in order.iter_mut().zip(&self.keys) {
            *place = *key as u32;
        }
        self.keys.iter().map(|key| (*key as u32 as usize, turned_back((key >> 32) as u32)))
    }

    /// Ranks names `0..scores.len()` by scores of double precision, best first. No score may be NaN.
    ///
    /// Rounding to single precision keeps the order but for ties, so only those are looked at twice.
    pub(super) fn rank_exactly(&mut self, scores: &[f64]) -> impl Iterator<Item = u32> {
        self.keys.clear();
        self.keys.extend(scores.iter().zip(0_u64..).map(|(score, name)| key(*score as f32, name)));
        self.sort();
        // Adding 0.0 makes both zeros one.
        let exact = |key: &u64| scores[*key as u32 as usize] + 0.0;
        let mut start = 0;
        for at in 1..=self.keys.len() {
            if at == self.keys.len() || self.keys[at] >> 32 != self.keys[start] >> 32 {
                if at - start > 1 {
                    self.keys[start..at].sort_by(|one, other| exact(other).total_cmp(&exact(one)));
                }
                start = at;
            }
        }
        self.keys.iter().map(|key| *key as u32)
    }

    fn sort(&mut self) {
        let bits = if self.keys.len() <= SHORT { SHORT_BITS } else { LONG_BITS };
        let passes = if self.keys.len() <= LONG { 2 } else { 3 };
        let (least, most) =
            self.keys.iter().fold((u64::MAX, 0), |(least, most), key| ((*key).min(least), (*key).max(most)));
        let width = u64::BITS - most.saturating_sub(least).leading_zeros();
        let shift = width.saturating_sub(passes * bits);
        let digits = 1_usize << bits;
        self.counts.clear();
        self.counts.resize(passes as usize * digits, 0);
        self.other.resize(self.keys.len(), 0);
        for key in &self.keys {
            let mut rest = (key - least) >> shift;
            for counts in self.counts.chunks_exact_mut(digits) {
                counts[rest as usize & (digits - 1)] += 1;
                rest >>= bits;
            }
        }
        for (pass, counts) in (0..passes).zip(self.counts.chunks_exact_mut(digits)) {
            let shift = shift + pass * bits;
            scatter(&self.keys, &mut self.other, counts, |key| ((key - least) >> shift) as usize & (digits - 1));
            std::mem::swap(&mut self.keys, &mut self.other);
        }
        let patience = PATIENCE * self.keys.len();
        if !insert(&mut self.keys, patience) {
            self.keys.sort_unstable();
        }
    }
}

/// A number that orders by falling score, then by rising name.
fn key(score: f32, name: u64) -> u64 {
    u64::from(turned(score)) << 32 | name
}

/// The bits of a score as a number that falls as the score grows; both zeros are one score.
fn turned(score: f32) -> u32 {
    let bits = (score + 0.0).to_bits();
    // Positive scores turn all their bits but the sign; of negative ones the largest magnitude comes last.
    bits ^ if bits >> 31 == 0 { 0x7fff_ffff } else { 0 }
}

fn turned_back(key: u32) -> f32 {
    f32::from_bits(key ^ if key >> 31 == 0 { 0x7fff_ffff } else { 0 })
}

/// Copies `from` into `to` by digit, keeping the order inside a digit; `counts` are the sizes of the digits.
fn scatter(from: &[u64], to: &mut [u64], counts: &mut [u32], digit: impl Fn(u64) -> usize) {
    let mut sum = 0;
    for count in counts.iter_mut() {
        sum += std::mem::replace(count, sum);
    }
    for key in from {
        let place = &mut counts[digit(*key)];
        to[*place as usize] = *key;
        *place += 1;
    }
}

/// Insertion sort of keys that are almost in order; whether they are, or patience ran out before.
fn insert(keys: &mut [u64], mut patience: usize) -> bool {
    for at in 1..keys.len() {
        let key = keys[at];
        let mut place = at;
        while place > 0 && keys[place - 1] > key {
            keys[place] = keys[place - 1];
            place -= 1;
        }
        keys[place] = key;
        let moves = at - place;
        if moves > patience {
            return false;
        }
        patience -= moves;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(scores: &[f64]) -> Vec<u32> {
        let mut names: Vec<u32> = (0..).take(scores.len()).collect();
        names.sort_by(|one, other| scores[*other as usize].partial_cmp(&scores[*one as usize]).unwrap());
        names
    }

    fn mixed(seed: u64) -> f64 {
        let word = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((word ^ (word >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn agrees_with_a_stable_sort() {
        let kinds: [fn(u64) -> f64; 6] = [
            mixed,
            |seed| mixed(seed) - 0.5,
            |seed| (mixed(seed) * 5.0).floor() / 5.0,
            // All in one bucket of the leading bits.
            |seed| 0.5 + mixed(seed) * 1e-4,
            // Equal in single precision, not in double.
            |seed| 0.25 + (mixed(seed) * 9.0).floor() * 1e-13,
            |seed| mixed(seed).powi(40) * if seed % 3 == 0 { -1.0 } else { 1.0 },
        ];
        let mut sorter = Sorter::default();
        for (kind, score) in kinds.iter().enumerate() {
            for len in [0, 1, 2, 3, 17, 500, 1501, 40_000] {
                let scores: Vec<f64> = (0..len).map(|at| score(at + 100_000 * len)).collect();
                assert_eq!(sorter.rank_exactly(&scores).collect::<Vec<_>>(), plain(&scores), "kind {kind}, {len}");
                let single: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
                let rounded: Vec<f64> = single.iter().map(|score| f64::from(*score)).collect();
                let ranked: Vec<_> = sorter.rank(single.iter().copied()).collect();
                assert_eq!(ranked.iter().map(|(name, _)| *name as u32).collect::<Vec<_>>(), plain(&rounded));
                let mut order = plain(&rounded);
                order.reverse();
                for _ in 0..2 {
                    let again: Vec<_> = sorter.rank_again(&mut order, &single).collect();
                    assert_eq!((again, &order), (ranked.clone(), &plain(&rounded)));
                }
                assert!(ranked.iter().all(|(name, score)| score.to_bits() == (single[*name] + 0.0).to_bits()));
            }
        }
    }

    #[test]
    fn both_zeros_are_equal() {
        let names: Vec<_> = Sorter::default().rank([-0.0_f32, 0.0, -0.0, 1.0, -1.0].into_iter()).collect();
        assert_eq!(names.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [3, 0, 1, 2, 4]);
    }
}
