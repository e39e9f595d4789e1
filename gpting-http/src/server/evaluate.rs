//! `gpting evaluate`: how well real people can be predicted, with intervals.
//!
//! Called by the command line; reads the file, the laboratory of the core does the rest. The speed-dating table is CSV,
//! plain or gzip; some of its cells are not UTF-8, none that are looked at.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use csv::ByteRecord;
use gpting_core::lab::speed_dating::{Columns, Dates, Figure, Figures, Protocol, Report, RowError};
use serde_json::{Map, Value, json};

use super::evaluate_log::LogFlags;
use super::import::unpacked;
use super::start::StartError;
use super::steps::Steps;

/// What is evaluated.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Evaluate {
    /// Who says yes to whom at the speed-dating events of Fisman et al. (2006), from their public table
    SpeedDating(SpeedDating),
    /// What people answered to what this service has shown them: by ranker, by place, by group
    Log(LogFlags),
}

/// The flags of the command.
#[derive(Clone, Debug, Args)]
pub(super) struct SpeedDating {
    /// The table: CSV, plain or gzip
    file: PathBuf,
    /// main: learn from events 1-14, predict 15-21; lowo: predict each event from the others; half: as main, but the first
    /// half of each evening has been seen
    #[arg(long, value_name = "main|lowo|half", default_value = "lowo")]
    protocol: Protocol,
    /// Learn from the later events and predict the earlier ones; nothing to swap for lowo
    #[arg(long)]
    reverse: bool,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// Why a table cannot be evaluated.
#[derive(Debug, thiserror::Error)]
enum EvaluateError {
    /// The file cannot be read, or is no CSV.
    #[error("the file cannot be read")]
    Read(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is another table.
    #[error("line {line}")]
    Row {
        /// Which line it is.
        line: u64,
        /// What is wrong with it.
        source: RowError,
    },
    /// There is no date to predict.
    #[error("the table has no dates to predict under this protocol")]
    Empty,
}

/// Runs the command; the text it answers.
///
/// # Errors
/// A file that cannot be read or is not the table.
pub(super) fn run(flags: &SpeedDating) -> Result<String, StartError> {
    let dates = read(&flags.file)?;
    let steps = Steps::new(1);
    let report = flags.protocol.evaluate(&dates, flags.reverse, super::cores(), &|done, all| {
        steps.done(done, all, "fits");
    });
    steps.finish();
    if report.dates == 0 {
        return Err(EvaluateError::Empty.into());
    }
    Ok(if flags.json { json(&report).to_string() } else { Table(&report).to_string() })
}

fn read(file: &Path) -> Result<Dates, EvaluateError> {
    let unreadable = |error: csv::Error| EvaluateError::Read(error.into());
    let opened = File::open(file).map_err(|error| EvaluateError::Read(error.into()))?;
    let input = unpacked(opened, std::sync::Arc::default()).map_err(|error| EvaluateError::Read(error.into()))?;
    let mut reader = csv::Reader::from_reader(input);
    let at = |line| move |source| EvaluateError::Row { line, source };
    let heads = reader.byte_headers().map_err(unreadable)?.clone();
    let columns = Columns::find(heads.iter().map(text)).map_err(at(1))?;
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(columns.row(|place| record.get(place).map_or("", text)).map_err(at(line))?);
    }
    Ok(Dates::new(rows))
}

/// A cell that is not UTF-8 holds no number, and is none of those that are looked at.
fn text(cell: &[u8]) -> &str {
    std::str::from_utf8(cell).unwrap_or("?")
}

/// The figures under their names on the wire.
fn figures(figures: &Figures) -> [(&'static str, Option<Figure>); 8] {
    [
        ("decision_auc", figures.decision_auc),
        ("match_auc", figures.match_auc),
        ("average_precision", figures.average_precision),
        ("ndcg_at_5", figures.ndcg_at_5),
        ("precision_at_1", figures.precision_at_1),
        ("ece", figures.ece),
        ("brier", figures.brier),
        ("match_uauc", figures.match_uauc),
    ]
}

fn json(report: &Report) -> Value {
    let object = |of: &Figures| {
        let (mut object, mut intervals) = (Map::new(), Map::new());
        for (name, figure) in figures(of).into_iter().filter_map(|(name, figure)| Some((name, figure?))) {
            object.insert(name.to_owned(), json!(figure.value));
            intervals.insert(name.to_owned(), json!([figure.low, figure.high]));
        }
        object.insert("intervals".to_owned(), Value::Object(intervals));
        object
    };
    let baseline = |of: &Figures| {
        let mut object = object(of);
        object.insert("name".to_owned(), json!(of.name));
        Value::Object(object)
    };
    let mut answer = object(&report.model);
    answer.insert("dates".to_owned(), json!(report.dates));
    answer.insert("people".to_owned(), json!(report.people));
    answer.insert("yes_rate".to_owned(), json!(report.yes_rate));
    answer.insert("match_rate".to_owned(), json!(report.match_rate));
    answer.insert("base_rate_brier".to_owned(), json!(report.base_brier));
    answer.insert("baselines".to_owned(), report.baselines.iter().map(baseline).collect());
    Value::Object(answer)
}

/// A report for people.
struct Table<'a>(&'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        writeln!(
            f,
            "{} dates of {} people; yes {:.3}, match {:.3}, Brier of always saying so {:.4}",
            report.dates, report.people, report.yes_rate, report.match_rate, report.base_brier
        )?;
        for of in std::iter::once(&report.model).chain(&report.baselines) {
            write!(f, "\n{}\n", of.name)?;
            for (name, figure) in figures(of).into_iter().filter_map(|(name, figure)| Some((name, figure?))) {
                writeln!(f, "  {name:18} {:.3} [{:.3}, {:.3}]", figure.value, figure.low, figure.high)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(subcommand)]
        what: Evaluate,
    }

    fn parse(line: &[&str]) -> Result<Evaluate, clap::Error> {
        Line::try_parse_from(std::iter::once(&"evaluate").chain(line)).map(|line| line.what)
    }

    fn flags(line: &[&str]) -> SpeedDating {
        let Evaluate::SpeedDating(flags) = parse(line).unwrap() else { panic!("{line:?}") };
        flags
    }

    #[test]
    fn flags_are_as_documented() {
        let all = flags(&["speed-dating", "f.csv.gz", "--protocol", "half", "--reverse", "--json"]);
        assert_eq!((all.file, all.protocol, all.reverse, all.json), ("f.csv.gz".into(), Protocol::Half, true, true));
        assert!(!flags(&["speed-dating", "f"]).json);
        assert!(parse(&["speed-dating", "f", "--protocol", "random"]).is_err());
        assert!(parse(&["speed-dating"]).is_err() && parse(&["nothing"]).is_err());
        assert!(matches!(parse(&["log", "--base", "newest", "--k", "5", "--json"]), Ok(Evaluate::Log(_))));
        assert!(parse(&["log", "--since", "2026-11-01"]).is_ok() && parse(&["log", "--since", "then"]).is_err());
        assert!(parse(&["log", "--base", "best"]).is_err() && parse(&["log", "--k", "0"]).is_err());
    }

    #[test]
    fn another_file_is_refused_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("table.csv");
        let refused = |content: &[u8]| {
            std::fs::write(&file, content).unwrap();
            let error = run(&flags(&["speed-dating", file.to_str().unwrap()])).unwrap_err();
            let source = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{error}: {source}")
        };
        assert_eq!(refused(b"iid,pid\n1,2\n"), "line 1: the column `gender` is missing");
        assert!(refused(b"").contains("line 1"));
        assert!(run(&flags(&["speed-dating", "nowhere.csv"])).is_err());
    }

    /// The published table, where it is: the bars of the product, and what is told about them.
    #[test]
    fn the_published_table_is_predicted_as_well_as_it_can_be() {
        let Some(folder) = std::env::var_os("GPTING_DATA") else {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: GPTING_DATA is not set\n");
            return;
        };
        let file = Path::new(&folder).join("speed-dating.csv.gz");
        let answered = |line: &[&str]| {
            let line: Vec<&str> =
                ["speed-dating", file.to_str().unwrap(), "--json"].iter().chain(line).copied().collect();
            serde_json::from_str::<Value>(&run(&flags(&line)).unwrap()).unwrap()
        };
        let half = answered(&["--protocol", "half"]);
        assert_eq!((&half["dates"], &half["people"]), (&json!(1356), &json!(174)));
        for (name, least) in
            [("match_auc", 0.775), ("average_precision", 0.45), ("ndcg_at_5", 0.69), ("precision_at_1", 0.34)]
        {
            let value = half[name].as_f64().unwrap();
            let [low, high] = [0, 1].map(|end| half["intervals"][name][end].as_f64().unwrap());
            assert!(value >= least && low < value && value < high, "{name}: {half}");
        }
        assert!(half["ece"].as_f64().unwrap() <= 0.05, "{half}");
        assert!(half["brier"].as_f64().unwrap() < half["base_rate_brier"].as_f64().unwrap(), "{half}");
        // Counted from the same table by another program.
        for (baseline, auc) in [("popularity and selectivity", 0.675), ("biases", 0.770), ("RCF", 0.641)] {
            let list = half["baselines"].as_array().unwrap();
            let found = list.iter().find(|one| one["name"] == baseline).unwrap();
            assert!((found["match_auc"].as_f64().unwrap() - auc).abs() < 0.001, "{found}");
        }
        if cfg!(debug_assertions) {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: lowo is slow without optimisation\n");
        } else {
            let lowo = answered(&["--protocol", "lowo"]);
            assert_eq!((&lowo["dates"], &lowo["people"]), (&json!(8368), &json!(551)));
            assert!(lowo["decision_auc"].as_f64().unwrap() >= 0.615, "{lowo}");
            assert!(lowo["match_auc"].as_f64().unwrap() >= 0.58, "{lowo}");
        }
        let main = answered(&["--protocol", "main"]);
        assert!((main["decision_auc"].as_f64().unwrap() - 0.583).abs() < 0.001, "{main}");
        assert!((main["match_auc"].as_f64().unwrap() - 0.562).abs() < 0.001, "{main}");
    }
}
