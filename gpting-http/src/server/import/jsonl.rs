//! People in JSON Lines: one object per line, in the form of [`Row`](super::row::Row).
//!
//! Called by the import for files that begin with `{`. Invariant: a line of any length takes bounded memory.

use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::row::{Rejected, Row};
use super::{ImportError, Numbered, Told, content_hash};

/// Longest line in bytes: a profile with a long text and room to spare.
const LINE_BYTES: u64 = 256 * 1024;

/// Reads people from JSON Lines.
pub(super) struct Lines<'a> {
    input: Box<dyn BufRead + 'a>,
    line: u64,
    buffer: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: Box<dyn BufRead + 'a>) -> Self {
        Self { input, line: 0, buffer: Vec::new() }
    }

    /// The next line that is not blank, with its number; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Numbered>, ImportError> {
        loop {
            self.buffer.clear();
            let read =
                (&mut self.input).take(LINE_BYTES).read_until(b'\n', &mut self.buffer).map_err(ImportError::Read)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if read as u64 == LINE_BYTES && self.buffer.last() != Some(&b'\n') {
                self.skip_line()?;
                return Ok(Some((self.line, Err(Rejected(format!("malformed: longer than {LINE_BYTES} bytes"))))));
            }
            let text = self.buffer.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.buffer).trim_ascii();
            if !text.is_empty() {
                return Ok(Some((self.line, told(text))));
            }
        }
    }

    fn skip_line(&mut self) -> Result<(), ImportError> {
        loop {
            let ahead = self.input.fill_buf().map_err(ImportError::Read)?;
            let (used, found) = match ahead.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (ahead.len(), ahead.is_empty()),
            };
            self.input.consume(used);
            if found {
                return Ok(());
            }
        }
    }
}

fn told(text: &[u8]) -> Result<Told, Rejected> {
    let malformed = |error: serde_json::Error| Rejected(format!("malformed: {error}"));
    // Read straight into its form first: that notices a field that is there twice, which a `Value` would not.
    let row: Row = serde_json::from_slice(text).map_err(malformed)?;
    let value: Value = serde_json::from_slice(text).map_err(malformed)?;
    let mut canonical = Vec::new();
    flatten(&value, &mut canonical);
    let hash = content_hash(canonical.iter().map(String::as_str));
    Ok(Told { row, hash, complete: |_, _| () })
}

/// The value as a list of texts that does not depend on the order in which fields were written.
fn flatten(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            into.push(format!("{{{}", names.len()));
            for name in names {
                into.push(name.clone());
                flatten(&fields[name], into);
            }
        }
        Value::Array(items) => {
            into.push(format!("[{}", items.len()));
            for item in items {
                flatten(item, into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => into.push(value.to_string()),
    }
}
