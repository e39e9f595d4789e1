//! Reads and checks the gazetteer's file.
//!
//! One place per line, ten columns without quoting:
//! `code,kind,parent,ko,en,short_ko,short_en,lat,lng,aliases`, aliases separated by `|`, the first
//! line naming the columns. A parent stands before its children and is of a larger kind. Every
//! refusal names the line.

use std::collections::HashMap;

use super::{Gazetteer, Place, PlaceKind};

/// The columns, as the first line must name them.
const HEADER: &str = "code,kind,parent,ko,en,short_ko,short_en,lat,lng,aliases";

/// What is wrong with a file of places. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GazetteerError {
    /// The first line does not name the columns.
    #[error("the first line must be `{HEADER}`")]
    Header,
    /// The file holds no place.
    #[error("the file holds no place")]
    Empty,
    /// A line has too few or too many columns.
    #[error("line {line}: {columns} columns instead of 10")]
    Columns {
        /// The line.
        line: usize,
        /// How many columns it has.
        columns: usize,
    },
    /// A code or a name is empty.
    #[error("line {line}: the column `{column}` is empty")]
    Missing {
        /// The line.
        line: usize,
        /// The empty column.
        column: &'static str,
    },
    /// The kind is none of `province`, `district`, `ward`, `area`.
    #[error("line {line}: `{kind}` is no kind of place")]
    Kind {
        /// The line.
        line: usize,
        /// What stands there.
        kind: String,
    },
    /// A code occurs twice.
    #[error("line {line}: the code `{code}` is taken")]
    DuplicateCode {
        /// The second line with the code.
        line: usize,
        /// The code.
        code: String,
    },
    /// The parent is missing, unknown, stands later or is not of a larger kind.
    #[error("line {line}: `{parent}` cannot contain `{code}`")]
    Parent {
        /// The line.
        line: usize,
        /// The place.
        code: String,
        /// The parent it names.
        parent: String,
    },
    /// A coordinate is not a number of degrees on Earth.
    #[error("line {line}: the column `{column}` is not in degrees")]
    Coordinate {
        /// The line.
        line: usize,
        /// `lat` or `lng`.
        column: &'static str,
    },
}

impl Gazetteer {
    /// Loads a gazetteer from the text of a file in the form of `data/places.csv`.
    ///
    /// # Errors
    /// A [`GazetteerError`] naming the first line that is wrong.
    pub fn from_csv(text: &str) -> Result<Self, GazetteerError> {
        let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end()));
        if lines.next().map(|(_, line)| line.trim_start_matches('\u{feff}')) != Some(HEADER) {
            return Err(GazetteerError::Header);
        }
        let mut places: Vec<Place> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for (line, text) in lines.filter(|(_, text)| !text.is_empty()) {
            let place = read(line, text, &places, &known)?;
            if known.insert(place.code.clone(), places.len()).is_some() {
                return Err(GazetteerError::DuplicateCode { line, code: place.code });
            }
            places.push(place);
        }
        if places.is_empty() { Err(GazetteerError::Empty) } else { Ok(Self::new(places)) }
    }
}

fn read(line: usize, text: &str, places: &[Place], known: &HashMap<String, usize>) -> Result<Place, GazetteerError> {
    let columns: Vec<&str> = text.split(',').map(str::trim).collect();
    let Ok([code, kind, parent, ko, en, short_ko, short_en, lat, lng, aliases]) =
        <[&str; 10]>::try_from(columns.as_slice())
    else {
        return Err(GazetteerError::Columns { line, columns: columns.len() });
    };
    for (column, value) in [("code", code), ("ko", ko), ("en", en), ("short_ko", short_ko), ("short_en", short_en)] {
        if value.is_empty() {
            return Err(GazetteerError::Missing { line, column });
        }
    }
    let kind = match kind {
        "province" => PlaceKind::Province,
        "district" => PlaceKind::District,
        "ward" => PlaceKind::Ward,
        "area" => PlaceKind::Area,
        _ => {
            return Err(GazetteerError::Kind { line, kind: kind.to_owned() });
        }
    };
    let parent_at = known.get(parent).copied();
    let parent_kind = parent_at.and_then(|at| places.get(at)).map(Place::kind);
    let fits = match kind {
        PlaceKind::Province => parent.is_empty(),
        PlaceKind::District => parent_kind == Some(PlaceKind::Province),
        PlaceKind::Ward => parent_kind == Some(PlaceKind::District),
        PlaceKind::Area => matches!(parent_kind, Some(PlaceKind::District | PlaceKind::Ward)),
    };
    if !fits {
        return Err(GazetteerError::Parent { line, code: code.to_owned(), parent: parent.to_owned() });
    }
    Ok(Place {
        code: code.to_owned(),
        kind,
        parent: parent_at,
        full: [ko.to_owned(), en.to_owned()],
        short: [short_ko.to_owned(), short_en.to_owned()],
        aliases: aliases.split('|').map(str::trim).filter(|alias| !alias.is_empty()).map(str::to_owned).collect(),
        latitude: degrees(line, "lat", lat, 90.0)?,
        longitude: degrees(line, "lng", lng, 180.0)?,
    })
}

fn degrees(line: usize, column: &'static str, text: &str, limit: f64) -> Result<f64, GazetteerError> {
    // A NaN is in no range.
    let valid = |value: &f64| (-limit..=limit).contains(value);
    text.parse().ok().filter(valid).ok_or(GazetteerError::Coordinate { line, column })
}
