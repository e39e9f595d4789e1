//! `gpting picks`: the daily round now, and what it came to, as text, JSON or a picture.
//!
//! Called by the command line. The round is that of the nightly job, and goes on where that or an earlier call stopped; it works
//! beside running servers, each region being somebody's. Invariant: figures only, nothing about any person.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gpting_core::Gpting;
use gpting_core::matching::daily::{DailyRound, RegionFigures, RoundProgress};
use gpting_core::matching::market::graph::Report;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::start::StartError;

/// Make what is missing of today's mutual picks, and tell what the lists of the market are worth
#[derive(Debug, Args)]
pub(super) struct Picks {
    /// Forget today's picks and make all of them anew
    #[arg(long)]
    again: bool,
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
    let threads = flags.threads.unwrap_or(cores);
    let mut bar = Bar::new();
    let mut told = |progress| bar.advanced(progress);
    let round = if flags.again {
        g.matching().repeat_round(threads, &mut told).await
    } else {
        g.matching().continue_round(threads, &mut told).await
    };
    bar.bar.finish_and_clear();
    let round = round?;
    if let Some(file) = &flags.svg {
        std::fs::write(file, picture(&round))?;
    }
    Ok(if flags.json { figures(&round).to_string() } else { text(&round) })
}

/// Progress on standard error: a bar over the people on a terminal, a line for every region elsewhere.
struct Bar {
    bar: ProgressBar,
    told: Option<RoundProgress>,
}

impl Bar {
    fn new() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} people, {msg} [{elapsed}]") {
            bar.set_style(style);
        }
        // One region may take minutes: the clock shows that something happens.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, told: None }
    }

    fn advanced(&mut self, progress: RoundProgress) {
        if self.told.replace(progress) == Some(progress) {
            return;
        }
        let count = |people: usize| u64::try_from(people).unwrap_or(u64::MAX);
        self.bar.set_length(count(progress.people));
        self.bar.set_position(count(progress.people_done));
        self.bar.set_message(regions(progress));
        if self.bar.is_hidden() {
            // A closed standard error is no reason to stop.
            let _ = writeln!(io::stderr(), "{}", line(progress));
        }
    }
}

fn regions(progress: RoundProgress) -> String {
    format!("{} of {} regions", progress.regions_done, progress.regions)
}

fn line(progress: RoundProgress) -> String {
    format!("{}, {} of {} people", regions(progress), progress.people_done, progress.people)
}

fn figures(round: &DailyRound) -> Value {
    let mut told = of_people(&round.report, round.pairs, round.by_product);
    told["day"] = json!(round.day.to_string());
    told["regions"] =
        round.regions.iter().map(|region| of_people(&region.report, region.pairs, region.by_product)).collect();
    told
}

fn of_people(report: &Report, pairs: usize, by_product: f64) -> Value {
    json!({
        "people": report.people,
        "pairs": pairs,
        "candidate_pairs": report.edges,
        "border_pairs": report.cut_edges,
        "expected_matches": report.expected_matches,
        "by_product": by_product,
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
    let mut told = format!(
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
    );
    for region in by_region(round) {
        told.push('\n');
        told.push_str(&region);
    }
    told
}

/// A line for each region, where there are several.
fn by_region(round: &DailyRound) -> Vec<String> {
    let told = |(number, region): (usize, &RegionFigures)| {
        let report = &region.report;
        format!(
            "region {number}: {} people, {} pairs, picks {:.1} (at most {:.1}), lists {:.1} (product {:.1}, at most {:.1}), \
             Gini {:.2}, {} without a candidate",
            report.people,
            region.pairs,
            report.pick_matches,
            report.pick_bound,
            report.expected_matches,
            region.by_product,
            report.upper_bound,
            report.gini,
            report.without_candidate,
        )
    };
    if round.regions.len() < 2 { Vec::new() } else { (1..).zip(&round.regions).map(told).collect() }
}

/// Height of a line in the picture.
const LINE: usize = 16;

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
    let regions = by_region(round);
    let height = 210 + LINE * regions.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
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
        "<text x=\"16\" y=\"190\">Gini {:.2}, {:.1} % with less than one match in twenty, {} without a candidate</text>",
        report.gini,
        100.0 * report.zero_share,
        report.without_candidate
    );
    for (place, region) in regions.iter().enumerate() {
        let top = 190 + LINE * (place + 1);
        let _ = writeln!(svg, "<text x=\"16\" y=\"{top}\" font-size=\"9\">{region}</text>");
    }
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let regions = vec![RegionFigures { pairs: 9, by_product: 8.0, report: report.clone() }];
        DailyRound { day: jiff::civil::date(2026, 11, 27), pairs: 9, report, by_product: 8.0, regions }
    }

    #[test]
    fn several_regions_are_told_one_by_one_and_one_is_not() {
        let mut round = round();
        assert!(!text(&round).contains("region") && !picture(&round).contains("region"));
        round.regions.push(RegionFigures { pairs: 2, ..RegionFigures::default() });
        let told = text(&round);
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("region ")).collect();
        assert!(lines.len() == 2 && lines[0].starts_with("region 1: 20 people, 9 pairs"), "{told}");
        assert!(picture(&round).contains("region 2: 0 people, 2 pairs"));
        let figures = figures(&round);
        assert_eq!(
            (figures["regions"][0]["people"].as_u64(), figures["regions"][1]["pairs"].as_u64()),
            (Some(20), Some(2))
        );
        let progress = RoundProgress { regions: 4, regions_done: 1, people: 9, people_done: 6 };
        assert_eq!(line(progress), "1 of 4 regions, 6 of 9 people");
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
        let nobody =
            DailyRound { report: Report::default(), by_product: 0.0, pairs: 0, regions: Vec::new(), ..round() };
        assert!(!text(&nobody).contains("NaN") && !picture(&nobody).contains("NaN"));
    }
}
