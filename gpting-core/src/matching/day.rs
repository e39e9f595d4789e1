//! Calendar days, and ages that follow from them.
//!
//! Called by every file of this room; pure integer arithmetic. A population stores birth *days* and never ages, so
//! that midnight rebuilds nothing. Invariant: [`Day::years_before`] and [`Day::age_on`] agree on every day, so a range
//! of ages can be tested as a range of birth days.

use super::EngineError;

/// A day of the proleptic Gregorian calendar, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day of a date; `year` from 1 to 9999.
    ///
    /// # Errors
    /// [`EngineError::InvalidDate`] when the calendar has no such date.
    pub fn from_ymd(year: i32, month: u8, day: u8) -> Result<Self, EngineError> {
        if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || day == 0 || day > month_length(year, month) {
            return Err(EngineError::InvalidDate { year, month, day });
        }
        Ok(Self::civil(year, month, day))
    }

    /// Year, month and day of the month.
    ///
    /// Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms" (`civil_from_days`).
    pub fn ymd(self) -> (i32, u8, u8) {
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u8;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u8;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year as i32, month, day)
    }

    /// Completed years on `today` of somebody born on this day; 0 when that is in the future, at most 255.
    ///
    /// Somebody born on 29 February completes a year on 1 March in a common year.
    pub fn age_on(self, today: Self) -> u8 {
        let (year, month, day) = today.ymd();
        let (born_year, born_month, born_day) = self.ymd();
        let before_birthday = (month, day) < (born_month, born_day);
        (year - born_year - i32::from(before_birthday)).clamp(0, 255) as u8
    }

    /// The last birth day on which somebody has completed `years` on this day.
    #[must_use]
    pub fn years_before(self, years: u8) -> Self {
        let (year, month, day) = self.ymd();
        let year = year - i32::from(years);
        Self::civil(year, month, day.min(month_length(year, month)))
    }

    /// The last day of the year that lies `years` before this day's.
    pub(super) fn end_of_year_before(self, years: u8) -> Self {
        Self::civil(self.ymd().0 - i32::from(years), 12, 31)
    }

    /// `days_from_civil` of the same source; the date must exist.
    fn civil(year: i32, month: u8, day: u8) -> Self {
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * shifted_month + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        Self(days.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
    }
}

fn month_length(year: i32, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_round_trip_and_known_days_are_right() {
        assert_eq!(Day::from_ymd(1970, 1, 1).unwrap(), Day(0));
        assert_eq!(Day::from_ymd(2000, 3, 1).unwrap(), Day(11_017));
        for n in (-800_000..800_000).step_by(37) {
            let (year, month, day) = Day(n).ymd();
            assert_eq!(Day::civil(year, month, day), Day(n));
        }
    }

    #[test]
    fn dates_outside_the_calendar_are_refused() {
        for (year, month, day) in [(2023, 2, 29), (2024, 13, 1), (2024, 0, 1), (2024, 4, 31), (0, 1, 1), (1900, 2, 29)]
        {
            assert!(Day::from_ymd(year, month, day).is_err(), "{year}-{month}-{day}");
        }
        assert!(Day::from_ymd(2000, 2, 29).is_ok());
    }

    #[test]
    fn an_age_range_is_a_range_of_birth_days() {
        for today in [(2024, 2, 28), (2024, 2, 29), (2024, 3, 1), (2025, 2, 28), (2026, 12, 31), (2026, 1, 1)] {
            let today = Day::from_ymd(today.0, today.1, today.2).unwrap();
            for back in 0..9000 {
                let born = Day(today.0 - back);
                let age = born.age_on(today);
                assert!(born <= today.years_before(age) && born > today.years_before(age + 1), "{born:?} {today:?}");
            }
        }
    }
}
