//! `gpting simulate`: the published markets, any size and seed, every method side by side.
//!
//! Called by the command line; calls the laboratory of the core. Bilateral: both sides have a list, and a match is two
//! looks and two likes. Sequential: the left applies, the right answers. What is random follows from the seed; only the
//! seconds differ from one run to the next.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::time::Instant;

use clap::{Args, ValueEnum};
use gpting_core::lab::sequential::{Sequential, SequentialMarket, SequentialMethod, simulate};
use gpting_core::lab::{
    Bilateral, BilateralMethod, Taste, bilateral_ceiling, bilateral_market, gini, sequential_market,
};
use gpting_core::matching::market::{Examination, Preferences, Reading};
use serde_json::{Map, Value, json};

use super::chart::Chart;
use super::start::StartError;
use super::steps::Steps;

/// The crowdings of a chart.
const CROWDINGS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
/// The seeds of the published scripts.
const SEEDS: [u32; 2] = [0, 621];

/// Which market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Model {
    /// Both sides have a list (Tomita & Yokoyama 2024)
    Bilateral,
    /// The left applies, the right answers (Su, Bayoumi & Joachims 2022)
    Sequential,
}

/// The flags of the command.
#[derive(Clone, Debug, Args)]
pub(super) struct Simulate {
    /// Which market
    #[arg(long, value_enum, default_value = "bilateral")]
    model: Model,
    /// People on the left
    #[arg(long, value_name = "N", default_value = "500", value_parser = people)]
    left: usize,
    /// People on the right
    #[arg(long, value_name = "N", default_value = "500", value_parser = people)]
    right: usize,
    /// How far everybody agrees on who is liked: 0 private tastes, 1 one opinion
    #[arg(long, value_name = "L", default_value = "0.5", value_parser = share)]
    crowding: f64,
    /// Seed of the market [default: 0 for bilateral, 621 for sequential, as in the papers]
    #[arg(long, value_name = "S")]
    seed: Option<u32>,
    /// How a list is read: inv, exp, log2 or ln
    #[arg(long, value_name = "E", default_value = "inv")]
    examination: Examination,
    /// Methods, separated by commas [default: all of the model]
    #[arg(long, value_name = "a,b,…", value_delimiter = ',')]
    methods: Vec<String>,
    /// Names on a list, the others are never seen [default: all]
    #[arg(long, value_name = "K", value_parser = people)]
    list_length: Option<usize>,
    /// Runs of the simulation beside the exact expectation (sequential)
    #[arg(long, value_name = "N", default_value = "300")]
    runs: usize,
    /// Write a chart of expected matches by method and crowding
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

fn people(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|n| (1..=20_000).contains(n)).ok_or_else(|| "a number from 1 to 20000".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "a number from 0 to 1".to_owned())
}

/// A way to make lists, of either market.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Bilateral(BilateralMethod),
    Sequential(SequentialMethod),
}

/// A market to make lists for.
enum Market {
    Bilateral(Preferences),
    Sequential(Box<SequentialMarket>),
}

/// How good a method is.
struct Outcome {
    name: String,
    matches: f64,
    envy: usize,
    /// Of the left, and of the right.
    gini: [f64; 2],
    zero_share: f64,
    seconds: f64,
    simulated: Option<Simulation>,
}

/// What only the sequential market has.
struct Simulation {
    bound: f64,
    mean: f64,
    standard_error: f64,
}

/// What the command answers.
struct Answer {
    outcomes: Vec<Outcome>,
    upper_bound: f64,
}

/// Runs the command; the text it answers.
///
/// # Errors
/// A method that the model does not have, or a chart that cannot be written.
pub(super) fn run(flags: &Simulate) -> Result<String, StartError> {
    let methods = flags.methods()?;
    let crowdings: &[f64] = if flags.svg.is_some() { &CROWDINGS } else { &[] };
    let all = methods.len() * (1 + crowdings.len());
    let steps = Steps::new(all);
    let answer = flags.answer(&methods, |done, what| steps.done(done, all, what));
    if let Some(file) = &flags.svg {
        let chart = flags.chart(&methods, |done, what| steps.done(methods.len() + done, all, what));
        std::fs::write(file, chart)?;
    }
    steps.finish();
    Ok(if flags.json { flags.json(&answer).to_string() } else { answer.to_string() })
}

impl Simulate {
    fn seed(&self) -> u32 {
        self.seed.unwrap_or(SEEDS[self.model as usize])
    }

    fn reading(&self) -> Reading {
        Reading { examination: self.examination, length: self.list_length.unwrap_or(usize::MAX) }
    }

    /// The methods that are asked for, each by its name.
    fn methods(&self) -> Result<Vec<(String, Method)>, StartError> {
        let known: Vec<(&str, Method)> = match self.model {
            Model::Bilateral => {
                BilateralMethod::NAMES.iter().map(|(name, method)| (*name, Method::Bilateral(*method))).collect()
            }
            Model::Sequential => {
                SequentialMethod::NAMES.iter().map(|(name, method)| (*name, Method::Sequential(*method))).collect()
            }
        };
        if self.methods.is_empty() {
            return Ok(known.into_iter().map(|(name, method)| (name.to_owned(), method)).collect());
        }
        let find = |name: &String| {
            let found = known.iter().find(|(known, _)| known == name).map(|(_, method)| (name.clone(), *method));
            found.ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                format!("`{name}` is no method of this market; there are {}", names.join(", ")).into()
            })
        };
        self.methods.iter().map(find).collect()
    }

    fn market(&self, crowding: f64) -> Market {
        match self.model {
            Model::Bilateral => Market::Bilateral(bilateral_market(self.left, self.right, crowding, self.seed())),
            Model::Sequential => {
                let market = sequential_market(self.left, self.right, crowding, Taste::Random, self.seed());
                Market::Sequential(Box::new(SequentialMarket::new(market, self.reading())))
            }
        }
    }

    fn answer(&self, methods: &[(String, Method)], told: impl Fn(usize, &str)) -> Answer {
        let market = self.market(self.crowding);
        let mut outcomes = Vec::with_capacity(methods.len());
        for (done, (name, method)) in methods.iter().enumerate() {
            outcomes.push(self.outcome(&market, name, *method));
            told(done + 1, name);
        }
        let upper_bound = match &market {
            Market::Bilateral(market) => bilateral_ceiling(market, self.reading(), super::cores()),
            Market::Sequential(market) => Sequential::ceiling(market),
        };
        Answer { outcomes, upper_bound }
    }

    fn outcome(&self, market: &Market, name: &str, method: Method) -> Outcome {
        let (threads, started) = (super::cores(), Instant::now());
        match (market, method) {
            (Market::Bilateral(market), Method::Bilateral(method)) => {
                let exposures = method.solve(market, self.reading(), self.seed().into(), threads);
                let seconds = started.elapsed().as_secs_f64();
                let judged = Bilateral::of(market, &exposures, threads);
                Outcome {
                    name: name.to_owned(),
                    matches: judged.matches,
                    envy: judged.envy(),
                    gini: [judged.left.gini, judged.right.gini],
                    zero_share: judged.left.zero_share,
                    seconds,
                    simulated: None,
                }
            }
            (Market::Sequential(market), Method::Sequential(method)) => {
                let exposure = method.solve(market, self.seed().into(), threads);
                let seconds = started.elapsed().as_secs_f64();
                let judged = Sequential::of(market, &exposure, threads);
                let runs = simulate(market, &exposure, self.runs, self.seed().into(), threads);
                Outcome {
                    name: name.to_owned(),
                    matches: judged.matches,
                    envy: judged.envy,
                    gini: [judged.gini(), gini(&judged.right)],
                    zero_share: judged.zero_share(),
                    seconds,
                    simulated: Some(Simulation {
                        bound: judged.bound,
                        mean: runs.mean,
                        standard_error: runs.standard_error,
                    }),
                }
            }
            (Market::Bilateral(_), Method::Sequential(_)) | (Market::Sequential(_), Method::Bilateral(_)) => {
                unreachable!("methods are looked up by the model of the market")
            }
        }
    }

    /// Expected matches alone.
    fn matches(&self, market: &Market, method: Method) -> f64 {
        let threads = super::cores();
        match (market, method) {
            (Market::Bilateral(market), Method::Bilateral(method)) => {
                Bilateral::matches(market, &method.solve(market, self.reading(), self.seed().into(), threads))
            }
            (Market::Sequential(market), Method::Sequential(method)) => {
                Sequential::expected(market, &method.solve(market, self.seed().into(), threads), threads)
            }
            (Market::Bilateral(_), Method::Sequential(_)) | (Market::Sequential(_), Method::Bilateral(_)) => {
                unreachable!("methods are looked up by the model of the market")
            }
        }
    }

    fn chart(&self, methods: &[(String, Method)], told: impl Fn(usize, &str)) -> String {
        let mut lines: Vec<(&str, Vec<f64>)> = methods.iter().map(|(name, _)| (name.as_str(), Vec::new())).collect();
        let mut done = 0;
        for crowding in CROWDINGS {
            let market = self.market(crowding);
            for ((name, values), (_, method)) in lines.iter_mut().zip(methods) {
                values.push(self.matches(&market, *method));
                done += 1;
                told(done, &format!("{name} at {crowding}"));
            }
        }
        let title = format!("Expected matches, {} market of {} × {}", self.model.name(), self.left, self.right);
        Chart { title: &title, crowdings: &CROWDINGS, lines: &lines }.to_string()
    }

    fn json(&self, answer: &Answer) -> Value {
        let methods: Vec<Value> = answer.outcomes.iter().map(Outcome::json).collect();
        json!({
            "model": self.model.name(),
            "left": self.left,
            "right": self.right,
            "crowding": self.crowding,
            "seed": self.seed(),
            "list_length": self.list_length.unwrap_or(usize::MAX).min(self.right),
            "methods": methods,
            "upper_bound": answer.upper_bound,
        })
    }
}

impl Model {
    fn name(self) -> &'static str {
        match self {
            Self::Bilateral => "bilateral",
            Self::Sequential => "sequential",
        }
    }
}

impl Outcome {
    fn json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("name", json!(self.name));
        put("expected_matches", json!(self.matches));
        put("envy", json!(self.envy));
        put("gini", json!(self.gini[0]));
        put("gini_right", json!(self.gini[1]));
        put("zero_share", json!(self.zero_share));
        put("seconds", json!(self.seconds));
        if let Some(simulation) = &self.simulated {
            put("lower_bound", json!(simulation.bound));
            put("simulated_matches", json!(simulation.mean));
            put("standard_error", json!(simulation.standard_error));
        }
        Value::Object(object)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_simulated = self.outcomes.iter().any(|outcome| outcome.simulated.is_some());
        let extra = if is_simulated { "      simulated" } else { "" };
        writeln!(f, "method         matches{extra}      envy   gini   zero  seconds")?;
        for outcome in &self.outcomes {
            let mut simulated = String::new();
            if let Some(simulation) = &outcome.simulated {
                write!(simulated, "{:8.2} ± {:4.2}", simulation.mean, simulation.standard_error)?;
            }
            let Outcome { name, matches, envy, gini: [gini, _], zero_share, seconds, .. } = outcome;
            writeln!(f, "{name:12} {matches:9.3}{simulated} {envy:9} {gini:6.3} {zero_share:6.3} {seconds:8.3}")?;
        }
        write!(f, "upper bound  {:9.3}", self.upper_bound)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: Simulate,
    }

    fn flags(line: &str) -> Result<Simulate, clap::Error> {
        Line::try_parse_from(std::iter::once("simulate").chain(line.split_whitespace())).map(|line| line.flags)
    }

    fn answered(line: &str) -> Value {
        serde_json::from_str(&run(&flags(line).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn flags_are_as_documented() {
        let all = "--model sequential --left 30 --right 20 --crowding 0.25 --seed 7 --examination log2 --methods \
                   naive,sw --list-length 5 --svg f.svg --json";
        let all = flags(all).unwrap();
        assert_eq!((all.model, all.left, all.right, all.seed()), (Model::Sequential, 30, 20, 7));
        assert_eq!(all.reading(), Reading { examination: Examination::Log2, length: 5 });
        assert_eq!(all.methods, ["naive", "sw"]);
        let none = flags("").unwrap();
        assert_eq!((none.model, none.left, none.right, none.seed()), (Model::Bilateral, 500, 500, 0));
        assert_eq!(flags("--model sequential").unwrap().seed(), 621);
        for wrong in
            ["--left 0", "--crowding 1.5", "--examination deep", "--model third", "--seed -1", "--list-length 0"]
        {
            assert!(flags(wrong).is_err(), "{wrong}");
        }
        let unknown = run(&flags("--model sequential --methods naive,nsw").unwrap()).unwrap_err().to_string();
        assert!(unknown.contains("`nsw`") && unknown.contains("tu-converged"), "{unknown}");
    }

    #[test]
    fn the_published_bilateral_example_as_json() {
        let answer = answered("--left 30 --right 20 --methods naive,product,tu-converged --json");
        let methods = answer["methods"].as_array().unwrap();
        let names: Vec<&str> = methods.iter().map(|method| method["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["naive", "product", "tu-converged"]);
        for (method, (matches, envy)) in methods.iter().zip([(6.097_606, 555), (13.214_715, 292), (15.447_528, 73)]) {
            assert!((method["expected_matches"].as_f64().unwrap() - matches).abs() < 1e-6, "{method}");
            assert_eq!(method["envy"], envy, "{method}");
            for key in ["gini", "zero_share", "seconds"] {
                assert!(method[key].as_f64().is_some(), "{key}");
            }
        }
        assert!(answer["upper_bound"].as_f64().unwrap() > 16.6);
    }

    #[test]
    fn all_methods_of_both_models_answer() {
        for (model, count) in [("bilateral", 19), ("sequential", 12)] {
            let answer = answered(&format!("--model {model} --left 9 --right 7 --list-length 4 --runs 20 --json"));
            let methods = answer["methods"].as_array().unwrap();
            assert_eq!(methods.len(), count);
            let bound = answer["upper_bound"].as_f64().unwrap();
            for method in methods {
                let matches = method["expected_matches"].as_f64().unwrap();
                assert!(matches > 0.0 && matches <= bound * (1.0 + 1e-6), "{method}");
                assert_eq!(method.get("simulated_matches").is_some(), model == "sequential", "{method}");
            }
        }
    }

    #[test]
    fn without_json_there_is_a_table() {
        let table = run(&flags("--left 9 --right 7 --methods naive,slots").unwrap()).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("method") && lines[2].starts_with("slots"), "{table}");
        assert!(lines[3].starts_with("upper bound"));
    }

    #[test]
    fn a_chart_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chart.svg");
        let line = format!("--left 9 --right 7 --methods naive,product --json --svg {}", file.display());
        let first = answered(&line);
        let chart = std::fs::read_to_string(&file).unwrap();
        assert_eq!(chart.matches("<polyline").count(), 2);
        assert!(chart.contains("bilateral market of 9 × 7"), "{chart}");
        assert_eq!(first["methods"][1]["expected_matches"], answered(&line)["methods"][1]["expected_matches"]);
    }
}
