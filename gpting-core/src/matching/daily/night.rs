//! When a night is: the hour of Seoul at which the picks of a day are made. Pure.

use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::safety::age::SEOUL;

/// The hour of Seoul at which the picks of a day are made: the quietest, and before anybody gets up.
const HOUR: i8 = 4;

/// Whether something was planned before the hour of the night in which the picks of its day are made.
pub(super) fn is_before_night(planned_at: Timestamp, date: Date) -> bool {
    SEOUL.to_datetime(planned_at) < date.at(HOUR, 0, 0, 0)
}

/// From now to the next round.
pub(super) fn until_next_night(now: Timestamp) -> Duration {
    let here = SEOUL.to_datetime(now);
    let tonight = here.date().at(HOUR, 0, 0, 0);
    let next = if here < tonight { Some(tonight) } else { tonight.checked_add(SignedDuration::from_hours(24)).ok() };
    let wait = next.map_or(SignedDuration::from_hours(24), |next| next.duration_since(here));
    wait.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_is_that_of_seoul() {
        // 03:59 and 04:00 in Seoul.
        for (now, hours) in
            [("2026-11-26T18:59:00Z", 1.0 / 60.0), ("2026-11-26T19:00:00Z", 24.0), ("2026-11-27T03:00:00Z", 16.0)]
        {
            let wait = until_next_night(now.parse().unwrap());
            assert!((wait.as_secs_f64() / 3600.0 - hours).abs() < 1e-9, "{now}: {wait:?}");
        }
    }

    #[test]
    fn a_round_of_the_small_hours_is_not_that_of_the_night() {
        let date = jiff::civil::date(2026, 11, 27);
        // 03:59 and 04:00 in Seoul.
        assert!(is_before_night("2026-11-26T18:59:00Z".parse().unwrap(), date));
        assert!(!is_before_night("2026-11-26T19:00:00Z".parse().unwrap(), date));
    }
}
