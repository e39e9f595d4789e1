//! People in CSV: one row each, columns by the first line.
//!
//! Called by the import for files that do not begin like JSON. Either the columns are OkCupid's, or they are `id
//! nickname gender birth_date age bio interests location latitude longitude genders age_min age_max max_distance_km` and
//! codes of attributes, in any order, as many as there are; lists are separated by semicolons. An empty cell tells
//! nothing.
//! Invariant: a column that means nothing stops the import before its first row, so that nobody is taken in without it.

use std::io::Read;

use csv::{ByteRecord, ErrorKind, Reader, StringRecord};
use gpting_core::profile::catalogue::{AttributeKind, Catalogue};
use serde_json::{Value, json};

use super::okcupid;
use super::row::{Id, Rejected, Row, WishedFor};
use super::{ImportError, Numbered, Told, content_hash};

/// Columns that are no attributes.
const COLUMNS: [&str; 14] = [
    "id",
    "nickname",
    "gender",
    "birth_date",
    "age",
    "bio",
    "interests",
    "location",
    "latitude",
    "longitude",
    "genders",
    "age_min",
    "age_max",
    "max_distance_km",
];

/// Reads people from CSV.
pub(super) struct Table<'a> {
    reader: Reader<Box<dyn Read + 'a>>,
    columns: Vec<String>,
    is_okcupid: bool,
    catalogue: &'a Catalogue,
    record: ByteRecord,
}

impl<'a> Table<'a> {
    /// Reads the first line.
    pub(super) fn open(input: Box<dyn Read + 'a>, catalogue: &'a Catalogue) -> Result<Self, ImportError> {
        let mut reader = Reader::from_reader(input);
        let unreadable = |reason: String| ImportError::Columns { reason };
        let heads = reader.headers().map_err(|error| {
            if error.is_io_error() {
                return ImportError::Read(error.into());
            }
            unreadable("the first line is not the names of columns in UTF-8".to_owned())
        })?;
        let columns: Vec<String> = heads.iter().map(|head| head.trim().to_owned()).collect();
        let has = |name: &&str| columns.iter().any(|column| column == name);
        let is_okcupid = okcupid::COLUMNS.iter().all(has);
        if let Some((_, twice)) = columns.iter().enumerate().find(|(at, name)| columns[..*at].contains(name)) {
            return Err(unreadable(format!("the column `{twice}` is there twice")));
        }
        if !is_okcupid {
            let known = |name: &&String| COLUMNS.contains(&name.as_str()) || catalogue.attribute(name).is_some();
            if let Some(unknown) = columns.iter().find(|name| !known(name)) {
                let reason =
                    format!("`{unknown}` is no column of people; there are {} and attributes", COLUMNS.join(", "));
                return Err(unreadable(reason));
            }
        }
        Ok(Self { reader, columns, is_okcupid, catalogue, record: ByteRecord::new() })
    }

    /// What people are called whose file does not say where it is from.
    pub(super) fn default_source(&self) -> &'static str {
        if self.is_okcupid { "okcupid" } else { "import" }
    }

    /// The next row with its line; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Numbered>, ImportError> {
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                let record = StringRecord::from_byte_record(self.record.clone());
                Ok(Some((line, record.map_err(|_| Rejected::new("malformed: not UTF-8")).and_then(|r| self.told(&r)))))
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                if error.is_io_error() {
                    return Err(ImportError::Read(error.into()));
                }
                let reason = if let ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
                    format!("malformed: {len} cells instead of {expected_len}")
                } else {
                    "malformed".to_owned()
                };
                Ok(Some((line, Err(Rejected(reason)))))
            }
        }
    }

    fn told(&self, record: &StringRecord) -> Result<Told, Rejected> {
        let cells = || self.columns.iter().map(String::as_str).zip(record.iter().map(str::trim));
        let filled = || cells().filter(|(_, value)| !value.is_empty());
        let row = if self.is_okcupid {
            okcupid::row(|name| cells().find(|(column, _)| *column == name).map_or("", |(_, value)| value))?
        } else {
            self.row(filled())?
        };
        let mut sorted: Vec<_> = filled().collect();
        sorted.sort_unstable();
        let hash = content_hash(sorted.into_iter().flat_map(|(column, value)| [column, value]));
        let complete = if self.is_okcupid { okcupid::complete } else { |_: &mut Row, _: &str| () };
        Ok(Told { row, hash, complete })
    }

    fn row<'c>(&self, cells: impl Iterator<Item = (&'c str, &'c str)>) -> Result<Row, Rejected> {
        let mut row = Row::default();
        let mut wished = WishedFor::default();
        let mut has_wishes = false;
        for (column, value) in cells {
            let text = || Some(value.to_owned());
            let number = || value.parse().map(Some).map_err(|_| Rejected(format!("{column}: not a whole number")));
            let degrees = || value.parse().map(Some).map_err(|_| Rejected(format!("{column}: not a number")));
            has_wishes |= matches!(column, "genders" | "age_min" | "age_max" | "max_distance_km");
            match column {
                "id" => row.id = Some(Id::Text(value.to_owned())),
                "nickname" => row.nickname = text(),
                "gender" => row.gender = text(),
                "birth_date" => row.birth_date = text(),
                "age" => row.age = number()?,
                "bio" => row.bio = text(),
                "interests" => row.interests = Some(list(value)),
                "location" => row.location = text(),
                "latitude" => row.latitude = degrees()?,
                "longitude" => row.longitude = degrees()?,
                "genders" => wished.genders = list(value),
                "age_min" => wished.age_min = number()?,
                "age_max" => wished.age_max = number()?,
                "max_distance_km" => wished.max_distance_km = number()?,
                attribute => {
                    row.attributes.insert(attribute.to_owned(), self.value(attribute, value));
                }
            }
        }
        row.preferences = has_wishes.then_some(wished);
        Ok(row)
    }

    fn value(&self, attribute: &str, cell: &str) -> Value {
        match self.catalogue.attribute(attribute).map(|attribute| &attribute.kind) {
            Some(AttributeKind::Choices) => json!(list(cell)),
            Some(AttributeKind::Choice | AttributeKind::Number { .. }) | None => json!(cell),
        }
    }
}

fn list(cell: &str) -> Vec<String> {
    cell.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
