//! The dates of all evenings, with both directions of each found.
//!
//! Called by `feature` and `protocol`. Built once from the rows of the table.
//! Invariants: people are numbered in the order in which they first tell something; preferences are shares of 100; a date
//! whose partner told nothing is left out; `reverse` of `reverse` is the date itself.

use std::collections::HashMap;

use super::row::{BELIEVED, Row, SOUGHT, SignUp};

/// Somebody who was at one of the evenings.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub(super) is_male: bool,
    pub(super) told: SignUp,
}

/// One direction of one date: what `from` answered about `to`.
#[derive(Clone, Debug)]
pub(super) struct Date {
    /// Index of a guest.
    pub(super) from: u32,
    /// Index of a guest.
    pub(super) to: u32,
    /// Index of what `to` answered about `from`.
    pub(super) reverse: Option<u32>,
    pub(super) wave: u32,
    pub(super) order: u32,
    pub(super) interest_correlation: f64,
    pub(super) same_race: f64,
    pub(super) yes: bool,
    pub(super) matched: bool,
}

/// Everybody's dates.
#[derive(Clone, Debug)]
pub struct Dates {
    pub(super) guests: Vec<Guest>,
    pub(super) dates: Vec<Date>,
}

impl Dates {
    /// Puts the rows of a table together. `O(rows)`.
    ///
    /// The first row of a person is what they told. Of two rows with the same two people the first is the date.
    pub fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        let rows: Vec<Row> = rows.into_iter().collect();
        let (mut number, mut guests) = (HashMap::new(), Vec::new());
        for row in &rows {
            number.entry(row.person).or_insert_with(|| {
                guests.push(Guest { is_male: row.is_male, told: with_shares(&row.sign_up) });
                guests.len() as u32 - 1
            });
        }
        let mut place = HashMap::new();
        let mut dates = Vec::with_capacity(rows.len());
        for row in &rows {
            let Some(&to) = row.partner.and_then(|partner| number.get(&partner)) else { continue };
            let from = number[&row.person];
            place.entry((from, to)).or_insert_with(|| {
                dates.push(Date {
                    from,
                    to,
                    reverse: None,
                    wave: row.wave,
                    order: row.order,
                    interest_correlation: row.interest_correlation,
                    same_race: row.same_race,
                    yes: row.yes,
                    matched: row.matched,
                });
                dates.len() as u32 - 1
            });
        }
        for date in &mut dates {
            date.reverse = place.get(&(date.to, date.from)).copied();
        }
        Self { guests, dates }
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.guests.len()
    }

    /// How many directed dates there are.
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// The events, ascending.
    pub(super) fn waves(&self) -> Vec<u32> {
        let mut waves: Vec<u32> = self.dates.iter().map(|date| date.wave).collect();
        waves.sort_unstable();
        waves.dedup();
        waves
    }

    /// Share of yes among some dates.
    pub(super) fn yes_rate(&self, is_counted: impl Fn(&Date) -> bool) -> f64 {
        let (mut yes, mut all) = (0_u32, 0_u32);
        for date in self.dates.iter().filter(|date| is_counted(date)) {
            yes += u32::from(date.yes);
            all += 1;
        }
        f64::from(yes) / f64::from(all.max(1))
    }
}

/// Preferences as shares of 100: some evenings asked for points from 1 to 10, the others for 100 points in all.
fn with_shares(told: &SignUp) -> SignUp {
    let mut shares = *told;
    for range in [SOUGHT, BELIEVED] {
        let sum: f64 = told[range.clone()].iter().filter(|points| !points.is_nan()).sum();
        for points in &mut shares[range] {
            *points = if sum > 0.0 { *points / sum * 100.0 } else { f64::NAN };
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(person: u32, partner: Option<u32>, yes: bool) -> Row {
        let mut sign_up = [f64::NAN; 46];
        sign_up[SOUGHT].copy_from_slice(&[5.0, 5.0, f64::NAN, 10.0, 0.0, 20.0]);
        Row {
            person,
            partner,
            is_male: person > 9,
            wave: person % 3,
            order: 1,
            interest_correlation: 0.0,
            same_race: 0.0,
            yes,
            matched: false,
            sign_up,
        }
    }

    #[test]
    fn both_directions_find_each_other() {
        let rows = [
            row(1, Some(10), true),
            row(1, None, true),
            row(10, Some(1), false),
            row(10, Some(4), true),
            row(1, Some(99), true),
        ];
        let dates = Dates::new(rows);
        assert_eq!((dates.people(), dates.len()), (2, 2), "a partner who told nothing is nobody");
        assert_eq!((dates.dates[0].reverse, dates.dates[1].reverse), (Some(1), Some(0)));
        assert_eq!(dates.waves(), [1]);
        assert!((dates.yes_rate(|_| true) - 0.5).abs() < 1e-15);
        let shares = &dates.guests[0].told[SOUGHT];
        assert!((shares[0] - 12.5).abs() < 1e-12 && shares[2].is_nan() && (shares[5] - 50.0).abs() < 1e-12);
        assert!(dates.guests[0].told[BELIEVED][0].is_nan());
    }
}
