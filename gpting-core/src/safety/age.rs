//! The age gate and ages, both by the calendar of Asia/Seoul.

use std::sync::LazyLock;

use jiff::{Timestamp, Unit, civil::Date, tz::TimeZone};

use crate::matching::{AgeGate, Day};

pub(crate) static SEOUL: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("Asia/Seoul").expect("the bundled time zone database has Asia/Seoul"));

/// The date in Seoul at an instant.
pub fn seoul_date(at: Timestamp) -> Date {
    SEOUL.to_datetime(at).date()
}

/// Age in full years (만 나이) on a date. Somebody born on 29 February turns a year older on 1 March in common years.
/// Negative for a date before birth.
pub fn full_age(born: Date, today: Date) -> i16 {
    let years = today.year() - born.year();
    let birthday_passed = (today.month(), today.day()) >= (born.month(), born.day());
    if birthday_passed { years } else { years - 1 }
}

/// Whether somebody born then is old enough at that instant, by the calendar of Seoul.
pub fn is_admitted(gate: AgeGate, born: Date, at: Timestamp) -> bool {
    day(born) <= gate.last_birth(day(seoul_date(at)))
}

/// A date as the engine counts it: days from 1970-01-01.
pub fn day(date: Date) -> Day {
    let epoch = jiff::civil::date(1970, 1, 1);
    Day(epoch.until((Unit::Day, date)).map_or(0, |span| span.get_days()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_youth_act_opens_at_new_year_in_seoul() {
        let gate = AgeGate::KrYouthAct;
        assert!(!is_admitted(gate, date(2007, 12, 31), at("2025-12-31T14:59:59Z")));
        assert!(is_admitted(gate, date(2007, 12, 31), at("2025-12-31T15:00:00Z")));
        assert!(!is_admitted(gate, date(2008, 1, 1), at("2026-12-31T14:59:59Z")));
    }

    #[test]
    fn full_age_changes_on_the_birthday() {
        assert_eq!(full_age(date(2000, 3, 2), date(2026, 3, 1)), 25);
        assert_eq!(full_age(date(2000, 3, 2), date(2026, 3, 2)), 26);
        assert_eq!(full_age(date(2004, 2, 29), date(2026, 2, 28)), 21);
        assert_eq!(full_age(date(2004, 2, 29), date(2026, 3, 1)), 22);
        assert!(is_admitted(AgeGate::FullAge(19), date(2007, 11, 23), at("2026-11-22T15:00:00Z")));
        assert!(!is_admitted(AgeGate::FullAge(19), date(2007, 11, 23), at("2026-11-22T14:59:59Z")));
    }

    #[test]
    fn days_count_from_the_epoch() {
        assert_eq!(day(date(1970, 1, 1)), Day(0));
        assert_eq!(day(date(2000, 3, 1)), Day(11_017));
        assert_eq!(day(date(1969, 12, 31)), Day(-1));
    }
}
