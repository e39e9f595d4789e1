//! Exponential, logarithm and the logistic function in plain IEEE arithmetic.
//!
//! Called by `score`, `population` and `market`. The platform's own versions may differ in the last bit from one processor to the
//! next, and a last bit can swap two people; these use only `+ - * /` in one order, so every processor gives the same
//! slate. Accuracy: a few units in the last place. Sources: range reduction by Cody and Waite; Taylor and atanh series.

const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `1 / n!`, the coefficients of the exponential series.
const RECIPROCAL_FACTORIALS: [f64; 14] = {
    let mut list = [1.0; 14];
    let mut factorial = 1.0;
    let mut n = 1;
    while n < list.len() {
        factorial *= n as f64;
        list[n] = 1.0 / factorial;
        n += 1;
    }
    list
};

/// `e^x` for `x` cut to ±700, far outside every logit, so that neither it nor its reciprocal is 0 or infinite.
pub(super) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let k = (x * std::f64::consts::LOG2_E + 0.5_f64.copysign(x)) as i32;
    let r = (x - f64::from(k) * LN_2_HIGH) - f64::from(k) * LN_2_LOW;
    // Even and odd powers apart: two short chains instead of a long one.
    let square = r * r;
    let (mut even, mut odd) = (0.0, 0.0);
    for pair in RECIPROCAL_FACTORIALS.as_chunks::<2>().0.iter().rev() {
        even = even * square + pair[0];
        odd = odd * square + pair[1];
    }
    (even + odd * r) * f64::from_bits(((k + 1023) as u64) << 52)
}

/// Natural logarithm of a positive normal number.
pub(super) fn ln(x: f64) -> f64 {
    debug_assert!(x >= f64::MIN_POSITIVE && x.is_finite(), "logarithm of {x}");
    let bits = x.to_bits();
    let mut k = (bits >> 52) as i32 - 1023;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m /= 2.0;
        k += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for n in (0..=11_i32).rev() {
        sum = sum * square + 1.0 / f64::from(2 * n + 1);
    }
    f64::from(k) * LN_2_HIGH + (2.0 * s * sum + f64::from(k) * LN_2_LOW)
}

/// `1 / (1 + e^-x)`, in (0, 1]. One form for both signs: each of its steps keeps the order.
#[inline]
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// The inverse of [`sigmoid`] for a probability strictly between 0 and 1.
pub(super) fn logit(p: f64) -> f64 {
    ln(p / (1.0 - p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for i in -7000..7000 {
            let x = f64::from(i) * 0.0997;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-14, "exp {x}");
            assert!((sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() < 1e-15, "sigmoid {x}");
            let y = (x * 0.1).exp();
            assert!((ln(y) - y.ln()).abs() <= 4e-16 * y.ln().abs() + 1e-16, "ln {y}");
        }
        assert_eq!((sigmoid(0.0), sigmoid(1e9)), (0.5, 1.0));
        assert!(sigmoid(-1e9) > 0.0 && sigmoid(-1e9) < 1e-300);
        assert!((logit(sigmoid(1.25)) - 1.25).abs() < 1e-14);
    }
}
