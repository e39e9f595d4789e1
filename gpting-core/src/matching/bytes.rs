//! Numbers as little-endian bytes, and a sum that finds damage.
//!
//! Called by `saved` and by the part of the index that is saved. A leaf: it builds on nothing. Lists go in and out as whole
//! slices, in loops that become copies. Invariant: a [`Reader`] never reads behind its end and never makes room for what
//! is not there.

/// What is left to read.
#[derive(Debug, Clone)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `len` bytes.
    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    /// The next `count` records of `N` bytes.
    pub(super) fn records<const N: usize>(&mut self, count: usize) -> Option<&'a [[u8; N]]> {
        Some(self.bytes(count.checked_mul(N)?)?.as_chunks().0)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_le_bytes)
    }

    pub(super) fn f32(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Fills a list of numbers of `N` bytes each.
    pub(super) fn fill<const N: usize, T>(&mut self, list: &mut [T], from: impl Fn([u8; N]) -> T) -> Option<()> {
        let records = self.records::<N>(list.len())?;
        for (number, record) in list.iter_mut().zip(records) {
            *number = from(*record);
        }
        Some(())
    }
}

/// Appends a list of numbers of `N` bytes each.
pub(super) fn put<const N: usize, T: Copy>(out: &mut Vec<u8>, list: &[T], to: impl Fn(T) -> [u8; N]) {
    let from = out.len();
    out.resize(from + N * list.len(), 0);
    for (record, &number) in out[from..].as_chunks_mut::<N>().0.iter_mut().zip(list) {
        *record = to(number);
    }
}

/// Odd, with bits all over; the first is 2⁶⁴ divided by the golden ratio.
const FACTORS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9];
const LANES: usize = 4;

/// A 64-bit sum of bytes and their number, under a seed: four chains of xor, multiplication and rotation, eight bytes each.
///
/// Every step can be undone, so that two inputs that differ within 8 aligned bytes always have different sums; others with a
/// chance of 2⁻⁶⁴ or so. Finds damage, not malice. `O(bytes)`, about as fast as memory streams.
pub(super) fn sum(seed: u64, bytes: &[u8]) -> u64 {
    let step = |lane: u64, word: [u8; 8]| (lane ^ u64::from_le_bytes(word)).wrapping_mul(FACTORS[0]).rotate_left(29);
    let mut lanes = [0_u64, 1, 2, 3].map(|lane| mix(seed ^ lane));
    let (words, tail) = bytes.as_chunks::<8>();
    let (rounds, rest) = words.as_chunks::<LANES>();
    for round in rounds {
        for (lane, word) in lanes.iter_mut().zip(round) {
            *lane = step(*lane, *word);
        }
    }
    let mut last = [0; 8];
    last[..tail.len()].copy_from_slice(tail);
    for (lane, word) in lanes.iter_mut().zip(rest.iter().chain([&last])) {
        *lane = step(*lane, *word);
    }
    lanes.into_iter().fold(mix(bytes.len() as u64), |sum, lane| mix(sum.rotate_left(17) ^ lane))
}

/// A bijection that spreads every bit over all others (the finaliser of `SplitMix64`, Steele et al., OOPSLA 2014).
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(FACTORS[1]);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_and_every_length_counts() {
        let bytes: Vec<u8> = (0..100_u8).map(|at| at.wrapping_mul(37)).collect();
        for len in 0..bytes.len() {
            let whole = sum(7, &bytes[..len]);
            assert_ne!(whole, sum(7, &bytes[..=len]), "{len}");
            assert_ne!(whole, sum(8, &bytes[..len]), "{len}");
            for bit in 0..8 * len {
                let mut other = bytes[..len].to_vec();
                other[bit / 8] ^= 1 << (bit % 8);
                assert_ne!(whole, sum(7, &other), "{len} {bit}");
            }
        }
        // Flips of the top bits of two words of one chain do not cancel out.
        let mut other = bytes.clone();
        other[7] ^= 0x80;
        other[39] ^= 0x80;
        assert_ne!(sum(7, &bytes), sum(7, &other));
        assert_ne!(sum(7, &[0; 16]), sum(7, &[0; 24]));
    }

    #[test]
    fn lists_come_back_and_nothing_is_read_behind_the_end() {
        let mut out = Vec::new();
        put(&mut out, &[1.5_f32, -0.0], f32::to_le_bytes);
        put(&mut out, &[0x0102_u16], u16::to_le_bytes);
        assert_eq!(out, [0, 0, 0xc0, 0x3f, 0, 0, 0, 0x80, 2, 1]);
        let mut reader = Reader::new(&out);
        let mut list = [0.0; 2];
        assert_eq!(reader.fill(&mut list, f32::from_le_bytes), Some(()));
        assert_eq!(list.map(f32::to_bits), [1.5_f32, -0.0].map(f32::to_bits));
        assert_eq!((reader.u32(), reader.records::<8>(usize::MAX)), (None, None));
        assert_eq!((reader.array(), reader.is_empty()), (Some([2, 1]), true));
    }
}
