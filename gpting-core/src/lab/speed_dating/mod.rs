//! Speed dating: what can be predicted about real people, with nothing that was not known in time.
//!
//! ```text
//! cells ─► row ─► dates ─► feature ─► content ─┬─────► protocol ─► report
//!                   └────► effects ─► history ◄┘
//! ```
//! Called by the command line, which reads the file; calls `metrics` and `bootstrap`. The table holds who said yes to whom
//! after four minutes, and what everybody had told at sign-up. Above an AUC of 0.70 without anybody's earlier decisions
//! something has leaked: the two classics are rows of one evening in both parts, and scorecards among the features.
//!
//! ```no_run
//! use gpting_core::lab::speed_dating::{Columns, Dates, Protocol};
//!
//! # fn table() -> Vec<Vec<String>> { Vec::new() }
//! let table: Vec<Vec<String>> = table(); // from whatever reads CSV
//! let columns = Columns::find(table[0].iter().map(String::as_str))?;
//! let rows: Result<Vec<_>, _> =
//!     table[1..].iter().map(|line| columns.row(|at| line.get(at).map_or("", String::as_str))).collect();
//! let report = Protocol::Half.evaluate(&Dates::new(rows?), false, 2, &|_, _| ());
//! println!("{:.3}", report.model.match_auc.expect("somebody matched").value);
//! # Ok::<(), gpting_core::lab::speed_dating::RowError>(())
//! ```

mod baseline;
mod content;
mod dates;
mod effects;
mod feature;
mod history;
mod logistic;
mod protocol;
mod report;
mod row;

pub use dates::Dates;
pub use protocol::{Protocol, UnknownProtocol};
pub use report::{Figure, Figures, Report};
pub use row::{Columns, Row, RowError};
