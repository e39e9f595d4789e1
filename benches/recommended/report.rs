//! What was measured, as a table and as one object, and whether it is enough.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

/// The longest that 99 of 100 requests may take, in milliseconds.
const P99_MS: f64 = 5.0;
/// How much more processor time than the bare handler a request may take.
const CPU_RATIO: f64 = 1.5;

/// One turn of requests.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) cpu: Duration,
    /// How long each took, and whether for somebody who has decided on many.
    pub(crate) times: Vec<(Duration, bool)>,
}

impl Turn {
    /// Milliseconds of processor time a request.
    fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.times.len() as f64
    }
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    pub(crate) people: usize,
    /// Of a page, on average.
    pub(crate) bytes: usize,
    pub(crate) served: Vec<Turn>,
    pub(crate) bare: Vec<Turn>,
}

/// What a row of the table says, in milliseconds.
struct Figures {
    p50: f64,
    p90: f64,
    p99: f64,
}

impl Figures {
    fn of<'a>(turns: &'a [Turn], keep: impl Fn(&&'a (Duration, bool)) -> bool + Copy) -> Self {
        let mut times: Vec<f64> =
            turns.iter().flat_map(|turn| &turn.times).filter(keep).map(|(time, _)| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times.get(times.len() * percent / 100).or(times.last()).copied().unwrap_or(f64::NAN);
        Self { p50: at(50), p90: at(90), p99: at(99) }
    }

    fn json(&self) -> Value {
        json!({"p50_ms": self.p50, "p90_ms": self.p90, "p99_ms": self.p99})
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if count.is_multiple_of(2) => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        count => sorted[count / 2],
    }
}

impl Report {
    fn cpu(&self) -> (f64, f64, f64) {
        let ratios = self.served.iter().zip(&self.bare).map(|(served, bare)| served.cpu_ms() / bare.cpu_ms());
        let of = |turns: &[Turn]| median(turns.iter().map(Turn::cpu_ms));
        (of(&self.served), of(&self.bare), median(ratios))
    }

    fn p99(&self) -> f64 {
        Figures::of(&self.served, |_| true).p99
    }

    pub(crate) fn is_met(&self) -> bool {
        self.p99() <= P99_MS && self.cpu().2 <= CPU_RATIO
    }

    pub(crate) fn json(&self) -> Value {
        let (served, bare, ratio) = self.cpu();
        json!({
            "people": self.people,
            "bytes": self.bytes,
            "all": Figures::of(&self.served, |_| true).json(),
            "many_exclusions": Figures::of(&self.served, |time| time.1).json(),
            "bare": Figures::of(&self.bare, |_| true).json(),
            "cpu_ms": served,
            "bare_cpu_ms": bare,
            "cpu_ratio": ratio,
            "met": self.is_met(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (served, bare, ratio) = self.cpu();
        writeln!(f, "{} people, pages of {} bytes on average; milliseconds on the client", self.people, self.bytes)?;
        writeln!(f, "{:<28}{:>8}{:>8}{:>8}{:>14}", "", "p50", "p90", "p99", "CPU/request")?;
        let rows = [
            ("recommended/", Figures::of(&self.served, |_| true), Some(served)),
            ("… of 2,000 exclusions", Figures::of(&self.served, |time| time.1), None),
            ("bare handler, same bytes", Figures::of(&self.bare, |_| true), Some(bare)),
        ];
        for (name, figures, cpu) in rows {
            let cpu = cpu.map(|cpu| format!("{cpu:.3}")).unwrap_or_default();
            writeln!(f, "{name:<28}{:>8.2}{:>8.2}{:>8.2}{cpu:>14}", figures.p50, figures.p90, figures.p99)?;
        }
        let told = |met: bool| if met { "met" } else { "MISSED" };
        writeln!(f, "p99 {:.2} ms, at most {P99_MS}: {}", self.p99(), told(self.p99() <= P99_MS))?;
        write!(
            f,
            "CPU time {ratio:.2} times that of the bare handler, at most {CPU_RATIO}: {}",
            told(ratio <= CPU_RATIO)
        )
    }
}
