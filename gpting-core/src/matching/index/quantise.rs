//! Content vectors in four and eight bits, with the error they make.
//!
//! Called by the leaves of the index when a row is written and by `retrieval` for the viewer's own vectors. A vector is
//! turned by a fixed rotation, so that no coordinate dominates, then written as whole steps of its own scale: the upper
//! four bits of every coordinate are one plane, the lower four another. `v·w = s·(code·w) + e·w` with `|e·w| ≤ |e| |w|`
//! (Cauchy and Schwarz), so a stored length of the error makes every estimate a certificate. The idea of rotating first
//! is that of `RaBitQ` (Gao and Long, SIGMOD 2024); bounds here are worst case, not probable.
//! Invariant: for every stored vector `v` and query `w`, `v·w` lies within the bounds given here.

/// The bits of an f32 without the lower half, rounded up: a number of 8 significant bits that is not smaller.
///
/// Only for numbers that are finite or `+∞`.
pub(in crate::matching) fn round_up(x: f32) -> u16 {
    let bits = x.to_bits();
    let (high, low) = ((bits >> 16) as u16, bits as u16);
    // Towards +∞: away from zero for positive numbers, towards it for negative ones, which cutting bits does already.
    if low == 0 || x.is_sign_negative() { high } else { high + 1 }
}

/// The f32 behind [`round_up`].
#[inline(always)]
pub(in crate::matching) fn widen(high: u16) -> f32 {
    f32::from_bits(u32::from(high) << 16)
}

/// Two rounded numbers in one word: the first in the upper half.
pub(in crate::matching) fn pack(first: f32, second: f32) -> u32 {
    u32::from(round_up(first)) << 16 | u32::from(round_up(second))
}

/// A fixed orthogonal map of `dims` dimensions.
///
/// Signs from a fixed stream, then a Walsh–Hadamard transform of the first and, when `dims` is no power of two, of the last
/// `2^k` coordinates, where `2^k` is the largest power that fits. `O(dims log dims)`.
pub(in crate::matching) fn rotate(vector: &mut [f32]) {
    let dims = vector.len();
    if dims < 2 {
        return;
    }
    let width = 1 << dims.ilog2();
    for round in 0..if width == dims { 1 } else { 2_u64 } {
        let mut signs = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(round + 1);
        for x in &mut *vector {
            signs ^= signs << 13;
            signs ^= signs >> 7;
            signs ^= signs << 17;
            if signs & 1 << 33 != 0 {
                *x = -*x;
            }
        }
        let from = if round == 0 { 0 } else { dims - width };
        walsh_hadamard(&mut vector[from..from + width]);
    }
}

fn walsh_hadamard(vector: &mut [f32]) {
    let mut half = 1;
    while half < vector.len() {
        for block in vector.chunks_exact_mut(2 * half) {
            let (left, right) = block.split_at_mut(half);
            for (a, b) in left.iter_mut().zip(right) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half *= 2;
    }
    let scale = 1.0 / (vector.len() as f32).sqrt();
    for x in vector {
        *x *= scale;
    }
}

/// Bytes of one row of one plane: two coordinates a byte, in whole blocks of 16 bytes.
pub(in crate::matching) fn stride(dims: usize) -> usize {
    dims.div_ceil(2).next_multiple_of(16)
}

/// What is stored beside the planes of one vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::matching) struct Quantised {
    /// Scale above, length of the error of the upper plane below; see [`pack`].
    pub(in crate::matching) scale_and_error: u32,
}

/// Writes a rotated vector into its two planes. Coordinate `j` is the lower half of byte `j`, coordinate `stride + j` the
/// upper half.
pub(in crate::matching) fn encode(vector: &[f32], upper: &mut [u8], lower: &mut [u8]) -> Quantised {
    let stride = upper.len();
    debug_assert!(lower.len() == stride && vector.len() <= 2 * stride, "planes of another width");
    let most = vector.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    // A scale of 8 significant bits, not smaller than needed: no coordinate is cut.
    let scale = widen(round_up((most / 127.0).max(f32::MIN_POSITIVE * 256.0)));
    upper.fill(0);
    lower.fill(0);
    let mut squares = 0.0_f64;
    for j in 0..2 * stride {
        let x = vector.get(j).copied().unwrap_or(0.0);
        let code = ((x / scale).round() as i32 + 128).clamp(0, 255) as u8;
        let error = f64::from(x) - f64::from(scale) * (f64::from(code & 0xf0) + 7.5 - 128.0);
        if j < vector.len() {
            squares += error * error;
        }
        let (at, shift) = (j % stride, if j < stride { 0 } else { 4 });
        upper[at] |= (code >> 4) << shift;
        lower[at] |= (code & 0x0f) << shift;
    }
    Quantised { scale_and_error: pack(scale, (squares.sqrt() * (1.0 + 1e-6)) as f32) }
}

/// A viewer's vector, ready to be multiplied with planes.
#[derive(Debug, Clone)]
pub(in crate::matching) struct Probe {
    /// Whole steps of `scale`, coordinates `0..stride`, then `stride..2 stride`; zeros behind the last dimension.
    pub(in crate::matching) steps: Vec<i8>,
    pub(in crate::matching) scale: f32,
    /// Sum of the steps.
    pub(in crate::matching) sum: i32,
    /// Length of the vector, and of what the steps leave of it; rounded up.
    pub(in crate::matching) length: f32,
    pub(in crate::matching) error: f32,
}

impl Probe {
    /// Takes a vector that is not rotated yet, times `weight`.
    pub(in crate::matching) fn new(vector: &[f32], weight: f64) -> Self {
        let stride = stride(vector.len());
        let mut turned: Vec<f32> = vector.iter().map(|&x| (f64::from(x) * weight) as f32).collect();
        rotate(&mut turned);
        let most = turned.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let scale = (most / 127.0).max(f32::MIN_POSITIVE);
        let mut probe = Self { steps: vec![0; 2 * stride], scale, sum: 0, length: 0.0, error: 0.0 };
        let (mut squares, mut left_squares) = (0.0_f64, 0.0_f64);
        for (j, &x) in turned.iter().enumerate() {
            let step = (x / scale).round().clamp(-127.0, 127.0);
            let left = f64::from(x) - f64::from(step) * f64::from(scale);
            probe.steps[j] = step as i8;
            probe.sum += step as i32;
            squares += f64::from(x) * f64::from(x);
            left_squares += left * left;
        }
        let up = |squares: f64| (squares.sqrt() * (1.0 + 1e-6)) as f32;
        (probe.length, probe.error) = (up(squares), up(left_squares));
        probe
    }

    /// Whether every product is zero.
    pub(in crate::matching) fn is_zero(&self) -> bool {
        self.length == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(seed: u64, len: usize, spread: f32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2).wrapping_add(1);
        (0..len)
            .map(|j| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                ((state >> 40) as f32 / 8_388_608.0 - 1.0) * spread.powf(j as f32 / len as f32)
            })
            .collect()
    }

    fn product(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    }

    #[test]
    fn rounding_up_never_falls_and_stays_close() {
        for x in [0.0_f32, 1.0, 1.0 + f32::EPSILON, 0.1, -0.1, -3.7, 1e-30, -1e-30, 12345.6, f32::INFINITY] {
            let rounded = widen(round_up(x));
            assert!(rounded >= x && (x.is_infinite() || rounded - x <= x.abs() / 100.0), "{x} {rounded}");
        }
    }

    #[test]
    fn a_rotation_keeps_products() {
        for dims in [1, 2, 3, 16, 100, 128, 129, 256] {
            let (a, b) = (numbers(1, dims, 0.01), numbers(2, dims, 0.5));
            let (mut turned_a, mut turned_b) = (a.clone(), b.clone());
            rotate(&mut turned_a);
            rotate(&mut turned_b);
            assert!((product(&a, &b) - product(&turned_a, &turned_b)).abs() < 1e-5, "{dims}");
        }
    }

    #[test]
    fn estimates_stay_within_their_errors() {
        for dims in [1, 5, 16, 31, 128, 256] {
            for seed in 0..20 {
                let (mut a, b) = (numbers(seed, dims, 0.05), numbers(seed + 99, dims, 1.0));
                let probe = Probe::new(&b, 1.0);
                let exact = product(&a, &b);
                rotate(&mut a);
                let stride = stride(dims);
                let (mut upper, mut lower) = (vec![0; stride], vec![0; stride]);
                let stored = encode(&a, &mut upper, &mut lower);
                let scale = f64::from(widen((stored.scale_and_error >> 16) as u16));
                let error = f64::from(widen(stored.scale_and_error as u16));
                let length = product(&a, &a).sqrt();
                let code = |j: usize, plane: &[u8]| i32::from(plane[j % stride] >> if j < stride { 0 } else { 4 } & 15);
                let (mut four, mut eight) = (0.0, 0.0);
                for j in 0..dims {
                    let step = f64::from(probe.steps[j]) * f64::from(probe.scale);
                    four += step * (16.0 * f64::from(code(j, &upper)) + 7.5 - 128.0) * scale;
                    eight += step * f64::from(16 * code(j, &upper) + code(j, &lower) - 128) * scale;
                }
                let own = f64::from(probe.error);
                let long = f64::from(probe.length);
                assert!((four - exact).abs() <= long * error + own * (length + error) + 1e-6, "{dims} {seed}");
                let half_steps = scale * 0.5 * (dims as f64).sqrt();
                assert!((eight - exact).abs() <= long * half_steps + own * (length + half_steps) + 1e-6);
                assert!(error < 0.4 * length + 1e-9, "four bits tell most of a vector: {error} of {length}");
            }
        }
    }
    #[test]
    fn the_error_of_a_viewer_counts_where_nearly_all_of_it_adds_up() {
        let dims = 64;
        // After the rotation the viewer is one coordinate and nearly half a step in every other; the stored vector has
        // whole steps in just those, so that its own error is nothing.
        let mut wanted = vec![0.49 / 127.0; dims];
        let mut stored = vec![1.0; dims];
        (wanted[0], stored[0]) = (1.0, 0.0);
        let back: Vec<f32> = (0..dims)
            .map(|j| {
                let mut axis = vec![0.0; dims];
                axis[j] = 1.0;
                rotate(&mut axis);
                product(&axis, &wanted) as f32
            })
            .collect();
        let probe = Probe::new(&back, 1.0);
        let exact = product(&stored, &wanted);
        let estimate: f64 = stored
            .iter()
            .zip(&probe.steps)
            .map(|(&x, &step)| f64::from(x) * f64::from(step) * f64::from(probe.scale))
            .sum();
        assert!(exact - estimate > 0.2, "{exact} {estimate}");
        assert!(exact - estimate <= f64::from(probe.error) * product(&stored, &stored).sqrt() + 1e-6);
    }
}
