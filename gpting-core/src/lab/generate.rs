//! The published markets: random tastes mixed with a common opinion.
//!
//! Called by experiments; uses [`Mt19937`]. Invariant: numbers are drawn in the order of the published scripts, so the
//! same seed is the same market. *Crowding* 0 means private tastes, 1 that everybody agrees; names early on a side are
//! the ones that everybody likes.

use super::Mt19937;
use crate::matching::market::{Matrix, Preferences};

/// Deviation of the noise between the two directions of [`Taste::Similar`] and [`Taste::Reverse`].
const NOISE: f64 = 0.2;

/// How the tastes of the two sides of a [`sequential_market`] hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Taste {
    /// Independent of each other.
    #[default]
    Random,
    /// Who likes is liked: the other's taste and noise of deviation 0.2.
    Similar,
    /// Who likes is disliked: one minus the other's taste, and the same noise.
    Reverse,
}

/// The bilateral market of `lefts` and `rights`, both of which have a list.
///
/// `p[i, j] = (1 − l) u + l linspace(1, 0)[j]` with `u` uniform on `[0, 1)` and `l` = `crowding`, first all of the left, then
/// of the right. Source: Tomita and Yokoyama, "Fair Reciprocal Recommendation in Matching Markets", `RecSys` 2024.
///
/// # Panics
/// If `crowding` is outside `[0, 1]`.
pub fn bilateral_market(lefts: usize, rights: usize, crowding: f64, seed: u32) -> Preferences {
    let mut random = Mt19937::new(seed);
    let there = random.uniforms(lefts * rights);
    let back = random.uniforms(rights * lefts);
    crowded(lefts, rights, there, back, crowding)
}

/// The sequential market of `candidates` (left) who apply to `employers` (right).
///
/// The public scripts use seed 621. Source: Su, Bayoumi, Joachims, "Optimizing Rankings for Recommendation in Matching
/// Markets", WWW 2022.
///
/// # Panics
/// If `crowding` is outside `[0, 1]`.
pub fn sequential_market(candidates: usize, employers: usize, crowding: f64, taste: Taste, seed: u32) -> Preferences {
    let mut random = Mt19937::new(seed);
    let there = random.uniforms(candidates * employers);
    let mut like_there = |sign: f64, offset: f64| {
        let turned = Matrix::from_rows(candidates, employers, there.clone()).transposed();
        let noisy = |value: &f64| (offset + sign * value + random.normal(0.0, NOISE)).clamp(0.0, 1.0);
        turned.values().iter().map(noisy).collect()
    };
    let back = match taste {
        Taste::Random => random.uniforms(employers * candidates),
        Taste::Similar => like_there(1.0, 0.0),
        Taste::Reverse => like_there(-1.0, 1.0),
    };
    crowded(candidates, employers, there, back, crowding)
}

fn crowded(lefts: usize, rights: usize, there: Vec<f64>, back: Vec<f64>, crowding: f64) -> Preferences {
    assert!((0.0..=1.0).contains(&crowding), "crowding {crowding} is not between 0 and 1");
    let mix = |rows, columns, mut values: Vec<f64>| {
        let opinion = falling(columns);
        for row in values.chunks_mut(columns.max(1)) {
            for (value, opinion) in row.iter_mut().zip(&opinion) {
                *value = ((1.0 - crowding) * *value + crowding * opinion).clamp(0.0, 1.0);
            }
        }
        Matrix::from_rows(rows, columns, values)
    };
    Preferences::new(mix(lefts, rights, there), mix(rights, lefts, back))
}

/// `linspace(1, 0, len)`, rounded as `NumPy` rounds it.
fn falling(len: usize) -> Vec<f64> {
    let step = -1.0 / (len.max(2) - 1) as f64;
    let mut values: Vec<f64> = (0..len).map(|at| at as f64 * step + 1.0).collect();
    if len > 1 {
        values[len - 1] = 0.0;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_opinion_falls_as_numpy_has_it() {
        let seven = [1.0, 0.833_333_333_333_333_4, 0.666_666_666_666_666_7, 0.5, 0.333_333_333_333_333_37];
        assert_eq!(falling(7)[..5], seven);
        assert_eq!((falling(7)[5], falling(7)[6]), (0.166_666_666_666_666_74, 0.0));
        assert_eq!((falling(1), falling(2), falling(0)), (vec![1.0], vec![1.0, 0.0], vec![]));
    }

    #[test]
    fn crowding_mixes_taste_and_opinion() {
        let private = bilateral_market(3, 4, 0.0, 0);
        assert!((private.there().at(0, 1) - 0.715_189_366_372_419_5).abs() < 1e-15);
        let half = bilateral_market(3, 4, 0.5, 0);
        assert!((half.there().at(2, 1) - 0.5 * (private.there().at(2, 1) + 2.0 / 3.0)).abs() < 1e-15);
        assert!((half.back().at(3, 2) - 0.5 * private.back().at(3, 2)).abs() < 1e-15);
        let agreed = bilateral_market(3, 4, 1.0, 0);
        assert_eq!(agreed.there().row(0), agreed.there().row(2));
    }

    #[test]
    fn tastes_hang_together_as_asked() {
        let like = |taste| {
            let market = sequential_market(60, 40, 0.0, taste, 621);
            let (there, back) = (market.there().values(), market.back().transposed());
            let products = there.iter().zip(back.values()).map(|(p, q)| (p - 0.5) * (q - 0.5));
            products.sum::<f64>() / there.len() as f64
        };
        assert!(like(Taste::Random).abs() < 0.01);
        assert!(like(Taste::Similar) > 0.05 && like(Taste::Reverse) < -0.05);
    }

    #[test]
    fn the_markets_are_those_of_the_public_scripts() {
        let ends = |market: &Preferences| {
            let (lefts, rights) = (market.lefts(), market.rights());
            (market.there().at(lefts - 1, rights - 2), market.back().at(rights - 1, lefts - 2))
        };
        let sum = |matrix: &Matrix<f64>| matrix.values().iter().sum::<f64>();
        let half = bilateral_market(30, 20, 0.5, 0);
        assert_eq!(
            (half.there().at(3, 7), half.back().at(11, 29)),
            (0.364_340_111_580_741_14, 0.444_723_954_407_933_3)
        );
        assert!((sum(half.there()) - 299.460_835_884_267).abs() < 1e-9);
        assert!((sum(half.back()) - 298.162_846_763_473_9).abs() < 1e-9);
        let there = 0.343_960_600_925_612_7;
        for (taste, back, total) in [
            (Taste::Random, 0.463_597_331_964_322_3, 7_490.689_964_608_007),
            (Taste::Similar, 0.323_914_757_651_296_07, 7_494.508_546_527_282),
            (Taste::Reverse, 0.043_835_017_990_853_32, 7_479.637_487_499_967),
        ] {
            let market = sequential_market(150, 100, 0.5, taste, 621);
            let ((one, other), all) = (ends(&market), sum(market.back()));
            assert!(one.to_bits() == f64::to_bits(there) && (other - back).abs() < 1e-15, "{taste:?}");
            assert!(
                (sum(market.there()) - 7_509.263_938_938_987).abs() < 1e-9 && (all - total).abs() < 1e-9,
                "{taste:?}"
            );
        }
    }
}
