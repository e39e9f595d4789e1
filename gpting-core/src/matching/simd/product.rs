//! The inner product that scores are made of, in f64: the same sum in the same order on every processor.

use super::level::Level;

/// `a · b` over eight lanes, whose order is part of the result; nothing is fused, whatever the processor could do.
#[inline]
pub(in crate::matching) fn product(level: Level, a: &[f32], b: &[f32]) -> f64 {
    match level {
        Level::Plain => lanes(a, b),
        // SAFETY: a level above `Plain` comes only from `Level::available`, which has asked the processor.
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => unsafe { lanes_avx2(a, b) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => unsafe { lanes_avx512(a, b) },
        #[cfg(not(target_arch = "x86_64"))]
        Level::Avx2 | Level::Avx512 => lanes(a, b),
    }
}

#[inline(always)]
fn lanes(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            lanes[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += f64::from(a) * f64::from(b);
    }
    lanes.into_iter().fold(0.0, |sum, lane| sum + lane)
}

/// # Safety
/// The processor has these instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn lanes_avx2(a: &[f32], b: &[f32]) -> f64 {
    lanes(a, b)
}

/// # Safety
/// The processor has these instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn lanes_avx512(a: &[f32], b: &[f32]) -> f64 {
    lanes(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_adds_up_to_the_same_bits() {
        for len in [0, 1, 7, 8, 9, 31, 128, 129, 256] {
            let a: Vec<f32> = (0..len).map(|i| (i as f32 * 0.7310).sin() * 3.0).collect();
            let b: Vec<f32> = (0..len).map(|i| (i as f32 * 1.1237).cos() / 7.0).collect();
            for level in Level::available() {
                assert_eq!(product(level, &a, &b).to_bits(), lanes(&a, &b).to_bits(), "{level:?} {len}");
            }
        }
    }
}
