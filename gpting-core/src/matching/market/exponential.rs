//! A power of two in single precision that compilers turn into vector instructions.
//!
//! Called by `kernel` for every pair of a sweep. Plain IEEE arithmetic: the same result everywhere.

/// Adding and subtracting this rounds to a whole number, which is then in the low bits.
const ROUNDER: f32 = 12_582_912.0;

/// `ln(2)^n / n!`, the series of `2^x`; to the sixth power for `|x| ≤ 1/2`.
const SERIES: [f32; 6] =
    [std::f32::consts::LN_2, 0.240_226_5, 0.055_504_11, 0.009_618_129, 0.001_333_355_8, 0.000_154_035_3];

/// `2^x` within a few units in the last place, for exponents from −126 to 126; others are cut to that.
#[inline]
pub(super) fn exp2<const LANES: usize>(exponents: &[f32; LANES]) -> [f32; LANES] {
    let mut powers = [0.0; LANES];
    for (power, exponent) in powers.iter_mut().zip(exponents) {
        // Written as comparisons, which are single instructions; `clamp` also cares for a NaN.
        let x = if *exponent > 126.0 { 126.0 } else { *exponent };
        let x = if x < -126.0 { -126.0 } else { x };
        let rounded = x + ROUNDER;
        let r = x - (rounded - ROUNDER);
        let [one, two, three, four, five, six] = SERIES;
        let series = 1.0 + r * (one + r * (two + r * (three + r * (four + r * (five + r * six)))));
        *power = series * f32::from_bits(rounded.to_bits().wrapping_add(127).wrapping_sub(ROUNDER.to_bits()) << 23);
    }
    powers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -12_600..=12_600_i16 {
            let x = f32::from(step) * 0.01;
            let exact = f64::from(x).exp2();
            assert!((f64::from(exp2(&[x])[0]) / exact - 1.0).abs() < 4e-7, "2^{x}");
        }
        assert!((exp2(&[0.0])[0] - 1.0).abs() < f32::EPSILON && exp2(&[1e9])[0].is_finite());
    }
}
