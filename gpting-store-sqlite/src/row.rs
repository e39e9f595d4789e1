//! Between rows and the domain: times, numbers, ids and documents.
//!
//! Called by the files of the nouns. A row that cannot be read is [`StoreError::Corrupt`] with its table, column and
//! key, so that it can be found; its content is never part of the error.

use std::fmt::Display;

use gpting_core::id::MemberId;
use gpting_core::store::{StoreError, StoreResult, Version, Versioned};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A time as it is stored: whole microseconds since 1970.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// A version, `seq` or position as it is stored. What lies beyond SQLite's range equals no stored number.
pub(crate) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A limit as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A domain value as its document.
pub(crate) fn to_document<T: Serialize>(value: &T) -> StoreResult<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(Box::new(error)))
}

/// One row, for saying where something unreadable was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<Id> {
    pub(crate) table: &'static str,
    pub(crate) id: Id,
}

impl<Id: Display> Place<Id> {
    pub(crate) const fn new(table: &'static str, id: Id) -> Self {
        Self { table, id }
    }

    pub(crate) fn corrupt(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, column, id: self.id.to_string() }
    }

    pub(crate) fn document<T: DeserializeOwned>(&self, text: &str) -> StoreResult<T> {
        serde_json::from_str(text).map_err(|_| self.corrupt("document"))
    }

    pub(crate) fn versioned<T: DeserializeOwned>(&self, version: i64, text: &str) -> StoreResult<Versioned<T>> {
        Ok(Versioned { version: self.version(version)?, value: self.document(text)? })
    }

    pub(crate) fn version(&self, value: i64) -> StoreResult<Version> {
        self.unsigned("version", value)
    }

    pub(crate) fn unsigned(&self, column: &'static str, value: i64) -> StoreResult<u64> {
        u64::try_from(value).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn time(&self, column: &'static str, value: i64) -> StoreResult<Timestamp> {
        Timestamp::from_microsecond(value).map_err(|_| self.corrupt(column))
    }

    pub(crate) fn member(&self, column: &'static str, value: i64) -> StoreResult<MemberId> {
        MemberId::new(value).ok_or_else(|| self.corrupt(column))
    }
}
