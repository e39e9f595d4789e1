//! The market of two sides: lists for everybody at once, so that attention goes where it makes matches.
//!
//! A list made for one person alone sends everybody to the same few; the methods of this room rank with the other
//! lists in mind. They work on dense [`Preferences`] of two sides, called by a host that has such a market and by the
//! laboratory, and they know nothing of the population. Pure: seeds and numbers of threads come in as arguments, and
//! results depend on neither the clock nor the number of threads.

mod examination;
mod matrix;
pub(crate) mod parallel;
mod preferences;

pub use examination::{Examination, UnknownExamination};
pub use matrix::Matrix;
pub use preferences::{Exposures, Preferences};
