//! The ways to make lists for a bilateral market, by name.
//!
//! Called by the command line and by benches; calls the methods of [`crate::matching::market`] with the settings under
//! which they are compared. The sequential market has its own, in [`super::sequential`].

use std::str::FromStr;

use crate::matching::Fusion;
use crate::matching::market::{
    AlignedSlots, Certificate, Choice, DenseKernel, Equilibrium, Exposures, Pairs, Plan, Preferences, Prices, Reading,
    Response, Slates, Welfare,
};

/// Temperature of the prices: how much private taste there is besides what is known.
const TEMPERATURE: f64 = 1.0;

/// A way to make lists for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BilateralMethod {
    /// In random order.
    Random,
    /// By one's own taste.
    Naive,
    /// By both likes fused.
    Fused(Fusion),
    /// By surplus less price, after 20 sweeps.
    Prices,
    /// By surplus less price in equilibrium.
    SettledPrices,
    /// By prices after 20 sweeps, then best responses.
    PricesResponse,
    /// Greedy aligned slots.
    Slots,
    /// Greedy aligned slots, then best responses.
    SlotsResponse,
    /// Three slots by assignment, the others greedy.
    Hybrid,
    /// Three slots by assignment, the others greedy, then best responses.
    HybridResponse,
    /// Only the twenty pairs a person that are best after prices, with noise; slots as in [`Self::Hybrid`] among them, then
    /// best responses. What a large market can afford.
    PricePool,
    /// The plan that ships: twelve slots, three of them by assignment, the rest by worth.
    Plan,
    /// [`Self::HybridResponse`], improved on the way to a proof of how far it can be from the best.
    Certified,
    /// Frank-Wolfe on all matches.
    Welfare,
    /// Frank-Wolfe on the sum of logarithms of everybody's matches.
    Nash,
    /// Frank-Wolfe half way between.
    Alpha,
}

/// The name is none of [`BilateralMethod::NAMES`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no method of the bilateral market")]
pub struct UnknownBilateralMethod(String);

impl BilateralMethod {
    /// All methods and their names.
    pub const NAMES: [(&'static str, Self); 19] = [
        ("random", Self::Random),
        ("naive", Self::Naive),
        ("product", Self::Fused(Fusion::Product)),
        ("harmonic", Self::Fused(Fusion::Harmonic)),
        ("arithmetic", Self::Fused(Fusion::Arithmetic)),
        ("uninorm", Self::Fused(Fusion::Uninorm)),
        ("tu", Self::Prices),
        ("tu-converged", Self::SettledPrices),
        ("tu-br", Self::PricesResponse),
        ("slots", Self::Slots),
        ("slots-br", Self::SlotsResponse),
        ("hybrid", Self::Hybrid),
        ("hybrid-br", Self::HybridResponse),
        ("price-pool", Self::PricePool),
        ("plan", Self::Plan),
        ("certified", Self::Certified),
        ("sw", Self::Welfare),
        ("nsw", Self::Nash),
        ("alpha", Self::Alpha),
    ];

    /// How much everybody is looked at under the lists that the method makes. The seed is for what is random; the number
    /// of threads changes nothing but time.
    pub fn solve(self, market: &Preferences, reading: Reading, seed: u64, threads: usize) -> Exposures {
        let pairs = || Pairs::of(market);
        let fill = |slots: AlignedSlots, pairs: &Pairs| AlignedSlots { threads, ..slots }.fill(pairs);
        let answer =
            |pairs: &Pairs, slates: &Slates| Response { threads, ..Response::default() }.answer(pairs, slates, reading);
        let climb = |alpha| Welfare { threads, ..Welfare::of(alpha) }.climb(&pairs(), reading);
        let slates = match self {
            Self::Random => Slates::random(market.lefts(), market.rights(), seed, threads),
            Self::Naive => Slates::naive(market, threads),
            Self::Fused(fusion) => Slates::fused(market, fusion, threads),
            Self::Prices => prices(market, Equilibrium::default(), threads).slates(&market.surplus(), threads),
            Self::SettledPrices => prices(market, Equilibrium::converged(), threads).slates(&market.surplus(), threads),
            Self::PricesResponse => {
                let slates = prices(market, Equilibrium::default(), threads).slates(&market.surplus(), threads);
                answer(&pairs(), &slates)
            }
            Self::Slots => fill(AlignedSlots::greedy(), &pairs()),
            Self::Hybrid => fill(AlignedSlots::default(), &pairs()),
            Self::SlotsResponse => {
                let pairs = pairs();
                answer(&pairs, &fill(AlignedSlots::greedy(), &pairs))
            }
            Self::HybridResponse => {
                let pairs = pairs();
                answer(&pairs, &fill(AlignedSlots::default(), &pairs))
            }
            Self::Plan => Plan::default().threads(threads).solve(market),
            Self::Certified => {
                let pairs = pairs();
                let slates = answer(&pairs, &fill(AlignedSlots::default(), &pairs));
                Certificate { threads, ..Certificate::default() }.certify(&pairs, &slates, reading).slates
            }
            Self::PricePool => {
                let (left, right) = prices(market, Equilibrium::default(), threads).scores(&market.surplus());
                let pool = Choice { seed, threads, ..Choice::default() }.pool(&left, &right);
                let pairs = pairs().within(&pool);
                answer(&pairs, &fill(AlignedSlots::default(), &pairs))
            }
            Self::Welfare => return climb(0.0),
            Self::Nash => return climb(1.0),
            Self::Alpha => return climb(0.5),
        };
        slates.exposures(reading)
    }
}

impl FromStr for BilateralMethod {
    type Err = UnknownBilateralMethod;

    fn from_str(name: &str) -> Result<Self, UnknownBilateralMethod> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| *method).ok_or_else(|| UnknownBilateralMethod(name.to_owned()))
    }
}

fn prices(market: &Preferences, equilibrium: Equilibrium, threads: usize) -> Prices {
    Equilibrium { threads, ..equilibrium }.prices(&DenseKernel::new(&market.surplus(), TEMPERATURE, threads))
}

/// More matches than any lists of a bilateral market can make: what [`Certificate`] proves, or what follows from `m = P e f
/// ≤ P (e² + f²) / 2`, each half of which is most when everybody's list is sorted by `P`, whichever is less.
///
/// The rounds of the certificate are `O(n m)` each. The number of threads changes nothing but time.
pub fn bilateral_ceiling(market: &Preferences, reading: Reading, threads: usize) -> f64 {
    let pairs = Pairs::of(market);
    let slates = AlignedSlots { threads, ..AlignedSlots::greedy() }.fill(&pairs);
    let certified = Certificate { threads, ..Certificate::default() }.certify(&pairs, &slates, reading);
    let product = market.product();
    let half = |worth: &crate::matching::market::Matrix<f64>| {
        let weights = reading.weights(worth.columns());
        let mut sum = 0.0;
        for person in 0..worth.rows() {
            let mut sorted = worth.row(person).to_vec();
            sorted.sort_unstable_by(|a, b| b.total_cmp(a));
            sum += sorted.iter().zip(&weights).map(|(worth, weight)| worth * weight * weight).sum::<f64>();
        }
        sum / 2.0
    };
    certified.upper_bound.min(half(&product) + half(&product.transposed()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Bilateral, bilateral_market};

    #[test]
    fn every_method_stays_below_the_ceiling_and_ignores_threads() {
        let market = bilateral_market(14, 11, 0.5, 3);
        for reading in [Reading::default(), Reading::first(4)] {
            let ceiling = bilateral_ceiling(&market, reading, 2);
            for (name, method) in BilateralMethod::NAMES {
                let exposures = method.solve(&market, reading, 1, 1);
                let matches = Bilateral::matches(&market, &exposures);
                assert!(matches > 0.0 && matches <= ceiling, "{name}: {matches} of {ceiling}");
                assert_eq!(exposures, method.solve(&market, reading, 1, 3), "{name}");
                assert_eq!(name.parse(), Ok(method));
            }
        }
        assert!("mode".parse::<BilateralMethod>().is_err());
    }

    #[test]
    fn the_published_example_is_met() {
        let market = bilateral_market(30, 20, 0.5, 0);
        let matches = |name: &str| {
            let method: BilateralMethod = name.parse().unwrap();
            Bilateral::matches(&market, &method.solve(&market, Reading::default(), 0, 2))
        };
        assert!((matches("naive") - 6.097_606).abs() < 1e-6);
        assert!((matches("product") - 13.214_715).abs() < 1e-6);
        assert!((matches("tu-converged") - 15.447_528).abs() < 1e-6);
        assert!(matches("sw") >= 16.5096, "published: {}", matches("sw"));
        assert!(matches("nsw") >= 15.7623, "published: {}", matches("nsw"));
        assert!(matches("hybrid-br") > matches("product"));
    }
}
