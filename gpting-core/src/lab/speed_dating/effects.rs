//! How readily each person says yes, and how readily others say yes to them.
//!
//! Called by `history`. Both are fitted together, so that a yes from somebody who refuses nearly everybody counts for more;
//! they are drawn towards 0, and somebody with no date that was seen is at 0.
//! Source: Rasch, "Probabilistic models for some intelligence and attainment tests", 1960 (the model); a Gaussian prior and
//! its mode, by Newton's method on one set of effects after the other.

use super::dates::{Date, Dates};

/// Deviation of readiness and of appeal over people, in logits. Picked by leaving out evenings among the first fourteen,
/// where everything between 1.5 and 3 for the one and 1 and 1.5 for the other does as well.
const DEVIATIONS: [f64; 2] = [2.0, 1.0];
/// Sweeps at the most, and what a sweep still moves by when it is the last, in logits.
const SWEEPS: usize = 500;
const SETTLED: f64 = 1e-9;

/// Effects per person, in logits.
#[derive(Clone, Debug)]
pub(super) struct Effects {
    /// How readily they say yes.
    pub(super) readiness: Vec<f64>,
    /// How readily others say yes to them.
    pub(super) appeal: Vec<f64>,
}

impl Effects {
    /// The most probable effects given the observed dates: `logit P(yes) = gender of from + readiness(from) + appeal(to)`.
    /// `O(sweeps × dates)`.
    pub(super) fn of(dates: &Dates, observed: &[bool]) -> Self {
        let seen: Vec<&Date> = dates.dates.iter().zip(observed).filter_map(|(date, &is)| is.then_some(date)).collect();
        let gender = |date: &Date| usize::from(dates.guests[date.from as usize].is_male);
        let places = |date: &Date| [date.from as usize, date.to as usize, gender(date)];
        let mut effects = [vec![0.0; dates.people()], vec![0.0; dates.people()], vec![0.0; 2]];
        for _ in 0..SWEEPS {
            let mut moved: f64 = 0.0;
            for which in 0..effects.len() {
                // Slope and curvature of the logarithm of the posterior; the genders have no prior.
                let precision = DEVIATIONS.get(which).map_or(0.0, |deviation| 1.0 / (deviation * deviation));
                let mut slopes: Vec<(f64, f64)> =
                    effects[which].iter().map(|effect| (-precision * effect, precision)).collect();
                for date in &seen {
                    let at = places(date);
                    let z: f64 = effects.iter().zip(at).map(|(effects, at)| effects[at]).sum();
                    let p = 1.0 / (1.0 + (-z).exp());
                    let (slope, curvature) = &mut slopes[at[which]];
                    *slope += f64::from(u8::from(date.yes)) - p;
                    *curvature += p * (1.0 - p);
                }
                for (effect, (slope, curvature)) in effects[which].iter_mut().zip(slopes) {
                    // Where nothing is known there is nothing to move; one step is no longer than a logit.
                    let step = (slope / curvature.max(1e-6)).clamp(-1.0, 1.0);
                    *effect += step;
                    moved = moved.max(step.abs());
                }
            }
            if moved < SETTLED {
                break;
            }
        }
        let [readiness, appeal, _] = effects;
        Self { readiness, appeal }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::Row;
    use super::*;

    fn dates(yes: impl Fn(u32, u32) -> bool) -> Dates {
        let row = |person, partner, yes| Row {
            person,
            partner: Some(partner),
            is_male: person >= 10,
            wave: 1,
            order: 1,
            interest_correlation: 0.0,
            same_race: 0.0,
            yes,
            matched: false,
            sign_up: [0.0; 46],
        };
        let there = (0..6).flat_map(|a| (10..16).map(move |b| (a, b)));
        Dates::new(there.flat_map(|(a, b)| [(a, b), (b, a)]).map(|(a, b)| row(a, b, yes(a, b))))
    }

    #[test]
    fn a_yes_from_the_choosy_counts_for_more() {
        // 0 says yes to 10 alone, 1 to everybody but 10. Of 10 and 11 each has met one of these two, who said yes, and the
        // same others, who said no.
        let dates = dates(|from, to| match from {
            0 => to == 10,
            1 => to != 10,
            _ => to > 11,
        });
        // People are numbered as they come: 0, then 10 to 15, then 1 to 5.
        let number = |person: u32| {
            if person == 0 {
                0
            } else if person < 10 {
                person + 6
            } else {
                person - 9
            }
        };
        let unseen = [(0, 11), (1, 10)].map(|(from, to)| (number(from), number(to)));
        let observed: Vec<bool> = dates.dates.iter().map(|date| !unseen.contains(&(date.from, date.to))).collect();
        let effects = Effects::of(&dates, &observed);
        assert!(effects.readiness[number(1) as usize] > effects.readiness[number(0) as usize] + 1.0);
        assert!(effects.appeal[number(10) as usize] > effects.appeal[number(11) as usize] + 0.2, "{effects:?}");
    }

    #[test]
    fn the_mode_is_where_data_and_prior_balance() {
        let dates = dates(|from, to| (from * 5 + to * 3) % 4 == 0 || to == 12);
        let effects = Effects::of(&dates, &vec![true; dates.len()]);
        // Readiness sums to the prior's pull alone: the genders' own terms take the rest.
        let women: f64 = dates.guests.iter().zip(&effects.readiness).filter(|(g, _)| !g.is_male).map(|(_, r)| r).sum();
        assert!(women.abs() < 1e-6, "{women}");
        let nobody = Effects::of(&dates, &vec![false; dates.len()]);
        assert!(nobody.readiness.iter().chain(&nobody.appeal).all(|effect| effect.abs() < 1e-12));
    }
}
