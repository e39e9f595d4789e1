//! What is known of a directed date before it begins, as numbers.
//!
//! Called by `content`. Only sign-up answers of both people and the file's own correlation of their interests: no
//! scorecard, no decision, nothing of the evening. Missing answers stay missing (not a number) but where a comparison is 0
//! without them; filling in is the model's business, since it must be learned from the training dates alone.
//! Invariant: every date has [`Features::columns`] numbers, in the same order.

use super::dates::{Date, Dates, Guest};
use super::row::{BELIEVED, CODES, HABITS, INTERESTS, SOUGHT, SignUp, THEMSELVES};

/// How many codes there are of race, goal, field and career.
const CHOICES: [u32; 4] = [6, 6, 18, 17];
/// An interest that was not told, from 1 to 10.
const MIDDLE: f64 = 5.0;
/// The habits whose distance is a feature: all but the number of expected admirers.
const COMPARED: [usize; 7] = [0, 2, 1, 5, 4, 3, 6];

/// A table of numbers, one line per date.
#[derive(Clone, Debug)]
pub(super) struct Features {
    columns: usize,
    values: Vec<f64>,
}

impl Features {
    /// The features of all dates. `O(dates × columns)`.
    pub(super) fn new(dates: &Dates) -> Self {
        let mut values = Vec::new();
        for date in &dates.dates {
            let (from, to) = (&dates.guests[date.from as usize], &dates.guests[date.to as usize]);
            describe(date, from, to, &mut values);
        }
        Self { columns: values.len() / dates.len().max(1), values }
    }

    /// How many numbers a date has.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The numbers of a date.
    pub(super) fn row(&self, date: usize) -> &[f64] {
        &self.values[date * self.columns..(date + 1) * self.columns]
    }
}

/// Appends the features of what `from` may think of `to`.
fn describe(date: &Date, from: &Guest, to: &Guest, out: &mut Vec<f64>) {
    let (a, b) = (&from.told, &to.told);
    let male = f64::from(u8::from(from.is_male));
    let (age, importance_of_race) = (HABITS.start, HABITS.start + 1);
    out.push(male);
    for range in [HABITS, INTERESTS, SOUGHT, BELIEVED, THEMSELVES] {
        out.extend(range.flat_map(|at| [a[at], b[at]]));
    }
    out.extend([date.interest_correlation, date.same_race]);
    out.extend(interests(a, b));
    out.extend(INTERESTS.map(|at| (a[at] - b[at]).abs()));
    out.extend(COMPARED.map(|at| (a[at] - b[at]).abs()));
    let gap = b[age] - a[age];
    out.extend([gap, gap * male, gap * gap]);
    out.extend([date.same_race * a[importance_of_race], date.same_race * b[importance_of_race]]);
    out.extend(CODES.map(|at| is(a[at], b[at])));
    for (at, choices) in CODES.zip(CHOICES) {
        out.extend((1..=choices).map(f64::from).flat_map(|code| [is(a[at], code), is(b[at], code)]));
    }
    out.extend(preferences(date, a, b));
    for k in 0..THEMSELVES.len() {
        let (sought, themselves) = (SOUGHT.start + k, THEMSELVES.start + k);
        out.extend([a[sought] * b[themselves], b[sought] * a[themselves]]);
    }
}

/// 1 when both are the same number; what is not told is the same as nothing.
#[expect(clippy::float_cmp, reason = "codes are whole numbers; what is not told is not a number, equal to nothing")]
fn is(a: f64, b: f64) -> f64 {
    f64::from(u8::from(a == b))
}

/// Cosine and city-block distance of the interests.
fn interests(a: &SignUp, b: &SignUp) -> [f64; 2] {
    let told = |x: f64| if x.is_nan() { MIDDLE } else { x };
    let (mut dot, mut aa, mut bb, mut distance) = (0.0, 0.0, 0.0, 0.0);
    for at in INTERESTS {
        let (a, b) = (told(a[at]), told(b[at]));
        dot += a * b;
        aa += a * a;
        bb += b * b;
        distance += (a - b).abs();
    }
    [dot / (aa * bb).sqrt(), distance]
}

/// How well each is what the other seeks by their own account, from 0 to 10, and the cosine of what both seek.
fn preferences(date: &Date, a: &SignUp, b: &SignUp) -> [f64; 3] {
    let zero = |x: f64| if x.is_nan() { 0.0 } else { x };
    let shared = 5.0 + 5.0 * zero(date.interest_correlation);
    let satisfied = |seeks: &SignUp, is: &SignUp| {
        let traits = THEMSELVES.zip(SOUGHT).map(|(trait_, sought)| zero(seeks[sought] * is[trait_]));
        traits.sum::<f64>() / 100.0
    };
    let points = |seeks: &SignUp| seeks[SOUGHT.end - 1].clamp(0.0, 100.0) / 100.0 * shared;
    let (mut dot, mut aa, mut bb) = (0.0, 0.0, 0.0_f64);
    for at in SOUGHT {
        let (a, b) = (zero(a[at]), zero(b[at]));
        dot += a * b;
        aa += a * a;
        bb += b * b;
    }
    let cosine = dot / (aa.sqrt() * bb.sqrt()).max(1e-9);
    [satisfied(a, b) + points(a), satisfied(b, a) + zero(points(b)), cosine]
}

#[cfg(test)]
mod tests {
    use super::super::row::Row;
    use super::*;

    fn two(change: impl Fn(&mut Row, &mut Row)) -> Features {
        let row = |person, partner, is_male| Row {
            person,
            partner: Some(partner),
            is_male,
            wave: 1,
            order: 1,
            interest_correlation: 0.2,
            same_race: 1.0,
            yes: true,
            matched: true,
            sign_up: [2.0; 46],
        };
        let (mut a, mut b) = (row(1, 2, true), row(2, 1, false));
        change(&mut a, &mut b);
        Features::new(&Dates::new([a, b]))
    }

    #[test]
    fn every_date_has_the_same_columns() {
        let features = two(|a, _| a.sign_up = [f64::NAN; 46]);
        assert_eq!(features.columns(), 229);
        assert_eq!((features.row(0).len(), features.row(1).len()), (229, 229));
    }

    #[test]
    fn the_other_direction_swaps_what_is_told() {
        let features = two(|a, b| {
            a.sign_up[0] = 30.0;
            b.sign_up[0] = 27.0;
        });
        let (there, back) = (features.row(0), features.row(1));
        assert_eq!((there[0], back[0]), (1.0, 0.0));
        assert_eq!((there[1], there[2]), (30.0, 27.0));
        assert_eq!((back[1], back[2]), (27.0, 30.0));
        let gap = 1 + 2 * 42 + 4 + 17 + 7;
        assert_eq!(there[gap..gap + 3], [-3.0, -3.0, 9.0]);
        assert_eq!(back[gap..gap + 3], [3.0, 0.0, 9.0]);
    }

    #[test]
    fn preferences_weigh_what_the_other_is() {
        // All points on fun (the fourth), the other rates themselves 9 there; no points on shared interests.
        let features = two(|a, b| {
            a.sign_up[SOUGHT].copy_from_slice(&[0.0, 0.0, 0.0, 100.0, 0.0, 0.0]);
            b.sign_up[THEMSELVES.start + 3] = 9.0;
            b.sign_up[SOUGHT].copy_from_slice(&[f64::NAN; 6]);
        });
        let at = 229 - 13;
        assert!((features.row(0)[at] - 9.0).abs() < 1e-12);
        assert!(features.row(0)[at + 1].abs() < 1e-12, "nothing told about the other direction counts as nothing");
        assert!(features.row(1)[at].is_nan(), "but one's own wishes are unknown then");
        let shared = two(|a, _| a.sign_up[SOUGHT].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 0.0, 10.0]));
        assert!((shared.row(0)[at] - 6.0).abs() < 1e-12, "5 + 5 × 0.2");
    }
}
