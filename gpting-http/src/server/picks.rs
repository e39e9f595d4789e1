//! `gpting picks`: the daily round now, and what it came to, as text, JSON or a picture.
//!
//! Called by the command line. The round is that of the nightly job; it replaces today's picks. Invariant: figures only,
//! nothing about any person.

use std::fmt::Write as _;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gpting_core::Gpting;
use gpting_core::matching::daily::DailyRound;
use indicatif::ProgressBar;
use serde_json::json;

use super::start::StartError;

/// Make today's mutual picks for everybody, and tell what the lists of the market are worth
#[derive(Debug, Args)]
pub(super) struct Picks {
    /// Threads to use [default: one per core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
    /// Write the figures as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the round; what to print.
pub(super) async fn run(g: &Gpting, flags: &Picks) -> Result<String, StartError> {
    let cores = NonZero::new(super::cores()).unwrap_or(NonZero::<usize>::MIN);
    // How long it takes is not known beforehand: a spinner on a terminal, nothing elsewhere.
    let spinner = ProgressBar::new_spinner();
    spinner.set_message(format!("{} people", g.people()));
    spinner.enable_steady_tick(Duration::from_millis(200));
    let round = g.matching().daily_round(flags.threads.unwrap_or(cores)).await;
    spinner.finish_and_clear();
    let round = round?;
    if let Some(file) = &flags.svg {
        std::fs::write(file, picture(&round))?;
    }
    Ok(if flags.json { figures(&round).to_string() } else { text(&round) })
}

fn figures(round: &DailyRound) -> serde_json::Value {
    let report = &round.report;
    json!({
        "day": round.day.to_string(),
        "people": report.people,
        "pairs": round.pairs,
        "candidate_pairs": report.edges,
        "expected_matches": report.expected_matches,
        "by_product": round.by_product,
        "upper_bound": report.upper_bound,
        "pick_matches": report.pick_matches,
        "pick_bound": report.pick_bound,
        "envy": report.envy,
        "gini": report.gini,
        "zero_share": report.zero_share,
        "without_candidate": report.without_candidate,
    })
}

fn text(round: &DailyRound) -> String {
    let report = &round.report;
    let (gained, gap) = (share(report.expected_matches, round.by_product) - 1.0, 100.0 * report.gap());
    format!(
        "{}: {} pairs of {} people picked each other for the day\n\
         expected matches by lists of the market {:.1}, by the product ranking {:.1} ({:+.0} %), at most {:.1} (gap {gap:.1} %)\n\
         expected matches by picks alone {:.1}, at most {:.1}\n\
         Gini {:.2}, {:.1} % with less than one match in twenty, {} without a candidate",
        round.day,
        round.pairs,
        report.people,
        report.expected_matches,
        round.by_product,
        100.0 * gained,
        report.upper_bound,
        report.pick_matches,
        report.pick_bound,
        report.gini,
        100.0 * report.zero_share,
        report.without_candidate,
    )
}

/// One number against another; 1 where there is nothing to compare with.
fn share(one: f64, other: f64) -> f64 {
    if other > 0.0 { one / other } else { 1.0 }
}

/// Three bars: the product ranking, the market, and what no lists can exceed.
fn picture(round: &DailyRound) -> String {
    let report = &round.report;
    let bars = [
        ("product ranking", round.by_product, "#5c6770"),
        ("market", report.expected_matches, "#1b6ca8"),
        ("upper bound", report.upper_bound, "#b9c4cc"),
    ];
    let most = bars.iter().fold(1e-9_f64, |most, bar| most.max(bar.1));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 210\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"16\" y=\"28\" font-size=\"16\">Expected matches of {} people, {}</text>\n",
        report.people, round.day
    );
    for ((name, value, colour), top) in bars.into_iter().zip([48, 88, 128]) {
        let (width, middle) = (400.0 * value / most, top + 19);
        // Writing to a string never fails.
        let _ = writeln!(
            svg,
            "<text x=\"130\" y=\"{middle}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"140\" y=\"{top}\" width=\"{width:.1}\" height=\"28\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{middle}\">{value:.1}</text>",
            148.0 + width
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"16\" y=\"190\">Gini {:.2}, {:.1} % with less than one match in twenty, {} without a candidate</text>\n</svg>",
        report.gini,
        100.0 * report.zero_share,
        report.without_candidate
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use gpting_core::matching::market::graph::Report;

    fn round() -> DailyRound {
        let report = Report {
            people: 20,
            edges: 90,
            expected_matches: 12.0,
            upper_bound: 16.0,
            pick_matches: 3.0,
            pick_bound: 3.5,
            gini: 0.25,
            zero_share: 0.05,
            without_candidate: 1,
            ..Report::default()
        };
        DailyRound { day: jiff::civil::date(2026, 11, 27), pairs: 9, report, by_product: 8.0 }
    }

    #[test]
    fn a_round_is_told_in_words_figures_and_bars() {
        let told = text(&round());
        assert!(
            told.contains("9 pairs of 20 people") && told.contains("(+50 %)") && told.contains("(gap 25.0 %)"),
            "{told}"
        );
        let figures = figures(&round());
        assert_eq!((figures["expected_matches"].as_f64(), figures["by_product"].as_f64()), (Some(12.0), Some(8.0)));
        let svg = picture(&round());
        assert!(
            svg.contains("width=\"200.0\"") && svg.contains("width=\"300.0\"") && svg.contains("width=\"400.0\""),
            "{svg}"
        );
    }

    #[test]
    fn nobody_makes_no_picks_and_no_nonsense() {
        let nobody = DailyRound { report: Report::default(), by_product: 0.0, pairs: 0, ..round() };
        assert!(!text(&nobody).contains("NaN") && !picture(&nobody).contains("NaN"));
    }
}
