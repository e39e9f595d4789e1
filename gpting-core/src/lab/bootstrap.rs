//! How far a measured figure could have come out differently with other people.
//!
//! Called by `speed_dating`. People are drawn with replacement and the figure is measured again, each person counting as
//! often as drawn; rows of one person stay together, since they are not independent. Seeded: round `n` draws the same
//! people whatever is measured, so two figures can be compared round by round.
//! Source: Efron & Tibshirani, "An introduction to the bootstrap", 1993 (percentile interval, clustered by person).

use super::stream::Stream;

/// Draws people again and again.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap {
    /// How many people there are to draw from.
    pub people: usize,
    /// How often a figure is measured.
    pub rounds: usize,
    /// What the draws follow from.
    pub seed: u64,
}

impl Bootstrap {
    /// The interval that holds 95 % of the rounds: its lower and its upper end. `O(rounds × (people + figure))`.
    ///
    /// `figure` gets how often each person was drawn; rounds in which it is undefined are left out, and without any other
    /// there is no interval.
    pub fn interval(&self, mut figure: impl FnMut(&[u32]) -> Option<f64>) -> Option<(f64, f64)> {
        let mut times = vec![0; self.people];
        let mut seen: Vec<f64> = Vec::with_capacity(self.rounds);
        for round in 0..self.rounds {
            times.fill(0);
            let mut stream = Stream::of(self.seed, round as u64);
            for _ in 0..self.people {
                times[stream.below(self.people)] += 1;
            }
            seen.extend(figure(&times));
        }
        seen.sort_by(f64::total_cmp);
        Some((quantile(&seen, 0.025)?, quantile(&seen, 0.975)?))
    }
}

/// The value below which a share of sorted values lies, straight between the two nearest.
fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let place = share * sorted.len().checked_sub(1)? as f64;
    let (low, part) = (place as usize, place.fract());
    let high = (low + 1).min(sorted.len() - 1);
    Some(sorted[low] + part * (sorted[high] - sorted[low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_has_the_width_theory_says() {
        // 400 people, half of them 1: the mean has a standard error of 0.025.
        let bootstrap = Bootstrap { people: 400, rounds: 2000, seed: 3 };
        let mean = |times: &[u32]| {
            Some(
                times.iter().enumerate().filter(|(at, _)| at % 2 == 0).map(|(_, &n)| f64::from(n)).sum::<f64>() / 400.0,
            )
        };
        let (low, high) = bootstrap.interval(mean).unwrap();
        assert!((low - (0.5 - 1.96 * 0.025)).abs() < 0.005, "{low}");
        assert!((high - (0.5 + 1.96 * 0.025)).abs() < 0.005, "{high}");
        assert_eq!(bootstrap.interval(mean), Some((low, high)), "the same seed draws the same people");
        assert_ne!(Bootstrap { seed: 4, ..bootstrap }.interval(mean), Some((low, high)));
    }

    #[test]
    fn everybody_is_drawn_as_often_as_there_are_people() {
        let bootstrap = Bootstrap { people: 17, rounds: 5, seed: 0 };
        assert_eq!(bootstrap.interval(|times| Some(f64::from(times.iter().sum::<u32>()))), Some((17.0, 17.0)));
        assert_eq!(bootstrap.interval(|_| None), None);
        assert_eq!(Bootstrap { people: 0, rounds: 2, seed: 0 }.interval(|_| Some(1.0)), Some((1.0, 1.0)));
    }

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
