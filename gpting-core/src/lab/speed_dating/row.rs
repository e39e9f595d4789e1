//! One line of the speed-dating table, read from its cells.
//!
//! Called by whoever reads the file (no reader of files is part of this crate) and by [`super::dates`]. Only columns that
//! are known before a date, and the two answers, are looked for; scorecards and follow-ups never enter.
//! Invariant: columns are found by name, whatever their order.
//! Source of the table: Fisman, Iyengar, Kamenica, Simonson, "Gender differences in mate selection: evidence from a speed
//! dating experiment", Quarterly Journal of Economics 121(2), 2006.

use std::ops::Range;

/// What is told at sign-up, in the order of [`SignUp`].
const SIGN_UP: [&str; 46] = [
    "age", "imprace", "imprelig", "income", "date", "go_out", "exphappy", "expnum", // habits
    "race", "goal", "field_cd", "career_c", // codes
    "sports", "tvsports", "exercise", "dining", "museums", "art", "hiking", "gaming", "clubbing", "reading", "tv",
    "theater", "movies", "concerts", "music", "shopping", "yoga", // interests
    "attr1_1", "sinc1_1", "intel1_1", "fun1_1", "amb1_1", "shar1_1", // sought
    "attr2_1", "sinc2_1", "intel2_1", "fun2_1", "amb2_1", "shar2_1", // believed to be sought
    "attr3_1", "sinc3_1", "intel3_1", "fun3_1", "amb3_1", // themselves
];

/// What somebody told at sign-up; not a number where they told nothing.
pub(super) type SignUp = [f64; SIGN_UP.len()];

/// Age, importance of race and religion, income, dates, evenings out, expected happiness and number of admirers.
pub(super) const HABITS: Range<usize> = 0..8;
/// Race, goal, field of study, career: numbers that are names.
pub(super) const CODES: Range<usize> = 8..12;
/// Seventeen interests from 1 to 10.
pub(super) const INTERESTS: Range<usize> = 12..29;
/// Points shared out over what is sought: attractive, sincere, intelligent, fun, ambitious, shared interests.
pub(super) const SOUGHT: Range<usize> = 29..35;
/// The same, as they believe the other side shares them out.
pub(super) const BELIEVED: Range<usize> = 35..41;
/// Themselves on the first five of these, from 1 to 10.
pub(super) const THEMSELVES: Range<usize> = 41..46;

/// The columns about the date.
const ABOUT: [&str; 9] = ["iid", "pid", "gender", "wave", "order", "int_corr", "samerace", "dec", "match"];

/// One direction of one date.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Who tells.
    pub(super) person: u32,
    /// Whom they met; a few lines do not say.
    pub(super) partner: Option<u32>,
    /// Gender of who tells.
    pub(super) is_male: bool,
    /// The event.
    pub(super) wave: u32,
    /// Which date of the evening it was, from 1.
    pub(super) order: u32,
    /// Correlation of both people's interests, from the file.
    pub(super) interest_correlation: f64,
    /// 1 when both are of one race.
    pub(super) same_race: f64,
    /// Whether who tells wants to meet again.
    pub(super) yes: bool,
    /// Whether both do.
    pub(super) matched: bool,
    /// What who tells told at sign-up.
    pub(super) sign_up: SignUp,
}

/// Why a table is not the speed-dating table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The first line lacks a column.
    #[error("the column `{0}` is missing")]
    Missing(&'static str),
    /// A cell cannot be read.
    #[error("the cell in column `{0}` is not the number it should be")]
    Cell(&'static str),
}

/// Where in a line each column is.
#[derive(Clone, Debug)]
pub struct Columns {
    about: [usize; ABOUT.len()],
    sign_up: [usize; SIGN_UP.len()],
}

impl Columns {
    /// Finds the columns by the names in the first line.
    ///
    /// # Errors
    /// [`RowError::Missing`] names the first column that is not there.
    pub fn find<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, RowError> {
        let names: Vec<&str> = names.into_iter().map(str::trim).collect();
        let place = |column| names.iter().position(|name| *name == column).ok_or(RowError::Missing(column));
        let mut found = Self { about: [0; ABOUT.len()], sign_up: [0; SIGN_UP.len()] };
        for (at, column) in found.about.iter_mut().zip(ABOUT).chain(found.sign_up.iter_mut().zip(SIGN_UP)) {
            *at = place(column)?;
        }
        Ok(found)
    }

    /// Reads a line; `cell` gives the text at a place in it, an empty one where there is none.
    ///
    /// # Errors
    /// [`RowError::Cell`] for a text that is not the number it should be. An empty cell is an error only where a date is
    /// nothing without it: who, gender, wave, order and both answers.
    pub fn row<'a>(&self, cell: impl Fn(usize) -> &'a str) -> Result<Row, RowError> {
        let number = |at: usize, name| number(cell(at)).ok_or(RowError::Cell(name));
        let whole = |at: usize, name| {
            let told: f64 = number(at, name)?;
            let is_whole = told >= 0.0 && told <= f64::from(u32::MAX) && told.fract() == 0.0;
            if is_whole { Ok(told as u32) } else { Err(RowError::Cell(name)) }
        };
        let answer = |at: usize, name| match whole(at, name)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(RowError::Cell(name)),
        };
        let [person, partner, gender, wave, order, interest_correlation, same_race, yes, matched] = self.about;
        let has_partner = !cell(partner).trim().is_empty();
        let mut sign_up = [f64::NAN; SIGN_UP.len()];
        for ((told, &at), name) in sign_up.iter_mut().zip(&self.sign_up).zip(SIGN_UP) {
            *told = number(at, name)?;
        }
        Ok(Row {
            person: whole(person, "iid")?,
            partner: if has_partner { Some(whole(partner, "pid")?) } else { None },
            is_male: answer(gender, "gender")?,
            wave: whole(wave, "wave")?,
            order: whole(order, "order")?,
            interest_correlation: number(interest_correlation, "int_corr")?,
            same_race: number(same_race, "samerace")?,
            yes: answer(yes, "dec")?,
            matched: answer(matched, "match")?,
            sign_up,
        })
    }
}

/// A number with commas between thousands; not a number for an empty cell, none for any other text.
fn number(cell: &str) -> Option<f64> {
    let text = cell.trim();
    if text.is_empty() {
        return Some(f64::NAN);
    }
    let plain = if text.contains(',') { text.replace(',', "").parse() } else { text.parse() };
    plain.ok().filter(|told: &f64| told.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(change: impl Fn(&str) -> Option<&'static str>) -> Result<Row, RowError> {
        let names: Vec<&str> = SIGN_UP.iter().rev().chain(&ABOUT).copied().collect();
        let cells: Vec<&str> = names.iter().map(|name| change(name).unwrap_or("1")).collect();
        Columns::find(names.iter().copied())?.row(|at| cells[at])
    }

    #[test]
    fn columns_are_found_by_name() {
        let row = line(|name| match name {
            "iid" => Some("12"),
            "pid" | "attr1_1" => Some(""),
            "income" => Some("69,487.00"),
            "yoga" => Some(" 7 "),
            "dec" => Some("0"),
            _ => None,
        });
        let row = row.unwrap();
        assert_eq!((row.person, row.partner, row.yes, row.matched), (12, None, false, true));
        assert_eq!(row.sign_up[HABITS][3].to_bits(), 69_487.0_f64.to_bits());
        assert_eq!(row.sign_up[INTERESTS][16].to_bits(), 7.0_f64.to_bits());
        assert!(row.sign_up[SOUGHT][0].is_nan());
    }

    #[test]
    fn what_is_not_the_table_is_refused() {
        assert_eq!(Columns::find(["iid", "pid"]).unwrap_err(), RowError::Missing("gender"));
        assert_eq!(line(|name| (name == "dec").then_some("2")).unwrap_err(), RowError::Cell("dec"));
        assert_eq!(line(|name| (name == "dec").then_some("")).unwrap_err(), RowError::Cell("dec"));
        assert_eq!(line(|name| (name == "wave").then_some("1.5")).unwrap_err(), RowError::Cell("wave"));
        assert_eq!(line(|name| (name == "age").then_some("old")).unwrap_err(), RowError::Cell("age"));
        assert_eq!(line(|name| (name == "age").then_some("inf")).unwrap_err(), RowError::Cell("age"));
    }

    #[test]
    fn the_parts_of_the_survey_are_where_they_should_be() {
        assert_eq!(SIGN_UP[HABITS][0], "age");
        assert_eq!(SIGN_UP[CODES], ["race", "goal", "field_cd", "career_c"]);
        assert_eq!((SIGN_UP[INTERESTS][0], SIGN_UP[INTERESTS][16]), ("sports", "yoga"));
        assert!(SIGN_UP[SOUGHT].iter().all(|name| name.ends_with("1_1")));
        assert!(SIGN_UP[BELIEVED].iter().all(|name| name.ends_with("2_1")));
        assert!(SIGN_UP[THEMSELVES].iter().all(|name| name.ends_with("3_1")));
    }
}
