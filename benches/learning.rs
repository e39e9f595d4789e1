//! What thirty decisions a person teach the engine: matches before and after, beside simple rankings.
//!
//! Measures: the public OkCupid profiles (sex, orientation, age, habits) with simulated likes (`learning/truth.rs`). Everybody decides on
//! three pages of ten as the service makes them; then, for a sample of viewers, rankings order everybody who fits and on whom neither
//! has decided: expected mutual likes among the first ten, and their share when drawn, with 95 % intervals over viewers. Once with
//! profiles whose texts say nothing of taste (the file has no texts), once with texts that tell half of its variance.
//! Run: `GPTING_DATA=folder cargo bench -p gpting-benches --bench learning`; `-- --viewers 2000 --people 60000 --seed 1` for others,
//! `--told 0` for one kind of texts alone, `--json` for one line of JSON. One thread.
//! Bar: after 30 decisions the engine is above first day and above popularity in expected matches, by more than the interval of
//! the difference, in both; otherwise the exit code is 1. It is 2 without the data.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_possible_truncation,
    reason = "a bench prints, and counts few people"
)]

#[path = "learning/days.rs"]
mod days;
#[path = "learning/rank.rs"]
mod rank;
#[path = "learning/town.rs"]
mod town;
#[path = "learning/truth.rs"]
mod truth;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};

use days::{Lived, Tally};
use rank::{FIRST_DAY, Gain, Judged, LEARNED, NAMES, POPULARITY, PRODUCT, mean};
use truth::Truth;

/// What texts tell of the variance of tastes.
const TEXTS: [f64; 2] = [0.0, 0.5];

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("GPTING_DATA") else {
        eprintln!("GPTING_DATA is not set: nothing was measured. It names the folder with okcupid-profiles.csv.gz");
        return ExitCode::from(2);
    };
    let number = |name: &str, otherwise| argument(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (viewers, people, seed) = (number("--viewers", 2000), number("--people", 60_000), number("--seed", 1));
    let is_json = std::env::args().any(|one| one == "--json");
    let (mut held, mut parts) = (true, Vec::new());
    let told = argument("--told").and_then(|text| text.parse().ok()).filter(|share| (0.0..=1.0).contains(share));
    for share in told.map_or_else(|| TEXTS.to_vec(), |share| vec![share]) {
        let clock = Instant::now();
        let town = match town::read(Path::new(&folder), people, share, seed as u64) {
            Ok(town) => town,
            Err(error) => {
                eprintln!("nothing was measured: {error}");
                return ExitCode::from(2);
            }
        };
        let truth = Truth::new(&town, seed as u64);
        let lived = days::live(&town, &truth, share > 0.0, seed as u64);
        let judged = rank::judge(&town, &truth, &lived, viewers, seed as u64);
        held &= [FIRST_DAY, POPULARITY].into_iter().all(|other| is_above(&judged, other));
        let seconds = clock.elapsed().as_secs_f64();
        if is_json {
            parts.push(as_json(share, town.len(), &lived, &judged, seconds));
        } else {
            tell(share, town.len(), &lived, &judged, seconds);
        }
    }
    if is_json {
        println!("{}", json!({ "seed": seed, "bar_held": held, "texts": parts }));
    } else {
        println!("bar (above first day and popularity): {}", if held { "held" } else { "MISSED" });
    }
    ExitCode::from(u8::from(!held))
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|one| one != name).nth(1)
}

/// Expected matches of the learned engine less those of another ranking, viewer by viewer.
fn lead(judged: &Judged, other: usize) -> (f64, f64) {
    let pairs = judged.gains[LEARNED].iter().zip(&judged.gains[other]);
    mean(pairs.map(|(ours, theirs)| ours.expected - theirs.expected))
}

fn is_above(judged: &Judged, other: usize) -> bool {
    let (difference, half) = lead(judged, other);
    difference - half > 0.0
}

fn expected(gains: &[Gain]) -> (f64, f64) {
    mean(gains.iter().map(|gain| gain.expected))
}

fn precision(gains: &[Gain]) -> (f64, f64) {
    mean(gains.iter().map(|gain| gain.precision))
}

fn share_of_likes(page: Tally) -> f64 {
    f64::from(page.likes) / f64::from(page.decisions)
}

fn decisions(lived: &Lived) -> u32 {
    lived.by_page.iter().map(|page| page.decisions).sum()
}

fn tell(share: f64, people: usize, lived: &Lived, judged: &Judged, seconds: f64) {
    println!("texts tell {:.0} % of the variance of tastes: {people} people, {seconds:.0} s", 100.0 * share);
    println!("  {:.2} decisions each", f64::from(decisions(lived)) / people as f64);
    let likes = lived.by_page.map(|page| format!("{:.3}", share_of_likes(page)));
    println!("  share of likes on the first, second and third page: {}", likes.join(", "));
    println!("  {} viewers, {:.0} held-out candidates each", judged.gains[LEARNED].len(), judged.candidates);
    println!("  | ranking | precision@10 | expected matches in the first ten | different people shown |");
    println!("  |---|---|---|---|");
    for (number, name) in NAMES.iter().enumerate() {
        let gains = &judged.gains[number];
        let ((drawn, drawn_half), (sum, half)) = (precision(gains), expected(gains));
        let shown = judged.shown[number];
        println!("  | {name} | {drawn:.4} ± {drawn_half:.4} | {sum:.3} ± {half:.3} | {shown} |");
    }
    for other in [FIRST_DAY, POPULARITY, PRODUCT] {
        let (difference, half) = lead(judged, other);
        println!("  engine after 30 decisions less {}: {difference:+.3} ± {half:.3}", NAMES[other]);
    }
}

fn as_json(share: f64, people: usize, lived: &Lived, judged: &Judged, seconds: f64) -> Value {
    let rankings = NAMES.iter().enumerate().map(|(number, name)| {
        let gains = &judged.gains[number];
        let ((drawn, drawn_half), (sum, half)) = (precision(gains), expected(gains));
        let (difference, lead_half) = lead(judged, number);
        json!({
            "name": name,
            "precision_at_10": drawn, "precision_at_10_half_width": drawn_half,
            "expected_matches": sum, "expected_matches_half_width": half,
            "engine_leads_by": difference, "engine_leads_by_half_width": lead_half,
            "different_people_shown": judged.shown[number],
        })
    });
    json!({
        "told_share": share, "people": people, "decisions": decisions(lived),
        "likes_by_page": lived.by_page.map(share_of_likes),
        "viewers": judged.gains[LEARNED].len(), "candidates": judged.candidates, "seconds": seconds,
        "rankings": rankings.collect::<Vec<_>>(),
    })
}
