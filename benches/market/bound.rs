//! How far the best lists found are from the most that any lists could reach.

use gpting_core::lab::{Bilateral, bilateral_market};
use gpting_core::matching::market::{AlignedSlots, Certificate, Pairs, Reading, Response};

use crate::report::{Report, timed};

/// The gap must be below this share at every crowding but 1, where everybody has the same taste.
const GAP: f64 = 0.01;

pub(crate) fn gaps(report: &mut Report) {
    let reading = Reading::default();
    for crowding in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let market = bilateral_market(500, 500, crowding, 0);
        let pairs = Pairs::of(&market);
        let slots = AlignedSlots { exact: 8, ..AlignedSlots::default() }.fill(&pairs);
        let answered = Response { threads: 2, ..Response::default() }.answer(&pairs, &slots, reading);
        let before = pairs.matches(&answered, reading);
        let (certified, seconds) =
            timed(|| Certificate { threads: 2, ..Certificate::default() }.certify(&pairs, &answered, reading));
        let judged = Bilateral::of(&market, &certified.slates.exposures(reading), 2);
        let gap = |matches: f64| certified.upper_bound / matches - 1.0;
        let line = format!(
            "500, crowding {crowding:<5} bound {:.2}  hybrid 8 + response {before:.2} ({:.2} % below)  certified {:.2} ({:.2} % below), envy {}, {seconds:.2} s on two threads",
            certified.upper_bound,
            100.0 * gap(before),
            judged.matches,
            100.0 * gap(judged.matches),
            judged.envy()
        );
        report.line(gap(judged.matches) < GAP, &line);
    }
}
