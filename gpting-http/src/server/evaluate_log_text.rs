//! The report of a log, for people and as JSON.

use std::fmt::Write as _;

use gpting_core::lab::log::{Interval, RankerFigures, Report};
use jiff::Timestamp;
use serde_json::{Value, json};

fn interval(of: Option<Interval>) -> Value {
    of.map_or(Value::Null, |of| json!({"value": of.value, "low": of.low, "high": of.high}))
}

fn rate(above: u64, below: u64) -> f64 {
    if below > 0 { above as f64 / below as f64 } else { 0.0 }
}

/// One object: what the text says, under stable names.
pub(super) fn json(report: &Report, base: &str, k: u16, since: Option<Timestamp>) -> Value {
    let ranker = |of: &RankerFigures| {
        let places = of.places.iter().filter(|place| place.showings > 0).map(|place| {
            let likes = rate(place.likes, place.showings);
            json!({"position": place.position, "showings": place.showings, "likes": place.likes, "like_rate": likes})
        });
        json!({
            "name": of.name,
            "viewers": of.viewers,
            "showings": of.showings,
            "decided": of.decided,
            "likes": of.likes,
            "matches": of.matches,
            "replies": of.replies,
            "conversations": of.conversations,
            "ndcg": interval(of.ndcg),
            "like_lift": interval(of.like_lift),
            "match_lift": interval(of.match_lift),
            "reply_lift": interval(of.reply_lift),
            "like_rate_by_position": places.collect::<Vec<_>>(),
        })
    };
    let bins = report.bins.iter().filter(|bin| bin.count > 0).map(|bin| {
        json!({"low": bin.low, "high": bin.high, "count": bin.count, "predicted": bin.predicted, "liked": bin.liked})
    });
    let groups = report.groups.iter().map(|of| {
        json!({
            "by": of.by,
            "group": of.group,
            "people": of.people,
            "people_share": of.share,
            "showings": of.showings,
            "exposure_share": of.exposure_share,
            "likes_received": of.likes,
            "likes_share": of.likes_share,
            "zero_share": of.zero_share,
            "gini": of.gini,
        })
    });
    json!({
        "k": k,
        "base": base,
        "since": since.map(|since| since.to_string()),
        "rankers": report.rankers.iter().map(ranker).collect::<Vec<_>>(),
        "calibration": {"decided": report.decided, "ece": report.ece, "bins": bins.collect::<Vec<_>>()},
        "fairness": groups.collect::<Vec<_>>(),
    })
}

/// A report for people.
pub(super) fn text(report: &Report, k: u16) -> String {
    let mut told = String::new();
    // Writing to a string never fails.
    if report.rankers.is_empty() {
        let _ = writeln!(told, "no showing is on record yet");
    }
    for of in &report.rankers {
        let _ = writeln!(
            told,
            "{}: {} viewers, {} showings, {} decided, {} likes, {} matches, {} answered, {} long talks",
            of.name, of.viewers, of.showings, of.decided, of.likes, of.matches, of.replies, of.conversations
        );
        let figure = |told: &mut String, name: &str, of: Option<Interval>, factor: f64, unit: &str| {
            if let Some(of) = of {
                let [value, low, high] = [of.value, of.low, of.high].map(|value| value * factor);
                let _ = writeln!(told, "  {name:22} {value:.3}{unit} [{low:.3}, {high:.3}]");
            }
        };
        figure(&mut told, &format!("NDCG@{k}"), of.ndcg, 1.0, "");
        figure(&mut told, "likes over the base", of.like_lift, 100.0, " %");
        figure(&mut told, "matches over the base", of.match_lift, 100.0, " %");
        figure(&mut told, "answers over the base", of.reply_lift, 100.0, " %");
        let places = of.places.iter().filter(|place| place.showings > 0);
        let places = places.map(|place| format!("{} {:.3}", place.position, rate(place.likes, place.showings)));
        let _ = writeln!(told, "  like rate by place     {}", places.collect::<Vec<_>>().join(", "));
    }
    if let Some(ece) = report.ece {
        let _ = writeln!(told, "\npredicted likes: calibration error {ece:.4} over {} decisions", report.decided);
        for bin in report.bins.iter().filter(|bin| bin.count > 0) {
            let _ = writeln!(
                told,
                "  {:.1} to {:.1}: predicted {:.3}, liked {:.3} of {}",
                bin.low, bin.high, bin.predicted, bin.liked, bin.count
            );
        }
    }
    for of in &report.groups {
        let _ = write!(
            told,
            "\n{} {}: {} people ({:.1} %), {:.1} % of showings, {:.1} % of likes, never shown {:.1} %, Gini {:.2}",
            of.by,
            of.group,
            of.people,
            100.0 * of.share,
            100.0 * of.exposure_share,
            100.0 * of.likes_share,
            100.0 * of.zero_share,
            of.gini
        );
    }
    told
}
