//! From the bytes of a request to the fields of an operation: parse, or refuse with the name of what is wrong.
//!
//! Called by [`endpoint`](crate::endpoint) before a handler runs, and by sockets for frames. A JSON object, a posted
//! form and a multipart form all become [`Fields`]; an [`Input`] takes what it knows out of them, unknown fields are
//! ignored, and every fault is collected, so that one answer names all of them.
//! Invariants: no text with NUL passes, a repeated field is refused, a number is never a text (but in forms, where
//! everything is text).

pub(crate) mod json;
pub(crate) mod multipart;

use std::collections::BTreeMap;

use bytes::Bytes;
use gpting_core::{Fault, FieldError};
use serde_json::{Map, Value};

use crate::error::{Edge, Problem};

/// What an operation takes.
pub(crate) trait Input: Sized + Send + 'static {
    /// Whether it makes sense without a body.
    const REQUIRED: bool = true;
    /// Whether files may come along, as multipart.
    const FILES: bool = false;
    /// Whether it makes sense as multipart only.
    const ONLY_FILES: bool = false;
    /// Takes the fields it knows; faults are noted in `fields`.
    fn read(fields: &mut Fields) -> Self;
}

/// The fields of a body, with the faults found so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    values: Map<String, Value>,
    files: BTreeMap<String, Bytes>,
    /// Everything is text: numbers and truth values are read from it.
    is_form: bool,
    faults: Vec<FieldError>,
}

impl Fields {
    /// The fields of a JSON object.
    pub(crate) fn of_json(bytes: &[u8]) -> Result<Self, Problem> {
        match json::parse(bytes).map_err(|error| Problem::malformed(error.field.as_deref()))? {
            Value::Object(values) => Ok(Self { values, ..Self::default() }),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(Problem::malformed(None))
            }
        }
    }

    /// The fields of a posted form; a repeated one is a list.
    fn of_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut values = Map::new();
        for (name, text) in pairs {
            let text = Value::String(text);
            match values.get_mut(&name) {
                None => {
                    values.insert(name, text);
                }
                Some(Value::Array(list)) => list.push(text),
                Some(first) => *first = Value::Array(vec![first.take(), text]),
            }
        }
        Self { values, is_form: true, ..Self::default() }
    }

    /// Notes a fault.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, fault: Fault) {
        self.faults.push(FieldError::new(field, fault));
    }

    /// Ends reading.
    ///
    /// # Errors
    /// Every fault that was noted.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() { Ok(()) } else { Err(Problem::fields(self.faults)) }
    }

    /// Whether a field is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|value| !value.is_null())
    }

    /// The value as it stands; null is none.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        let value = self.values.remove(name).filter(|value| !value.is_null())?;
        match &value {
            // A form has no other way to send what is no text.
            Value::String(text) if self.is_form && text.trim_start().starts_with(['{', '[']) => {
                if let Ok(parsed) = json::parse(text.as_bytes()) {
                    return Some(parsed);
                }
                self.refuse(name, Fault::Invalid);
                None
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Some(value)
            }
        }
    }

    /// Whether the field is there as null.
    pub(crate) fn is_null(&self, name: &str) -> bool {
        let value = self.values.get(name);
        value.is_some_and(Value::is_null) || (self.is_form && value.and_then(Value::as_str) == Some(""))
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(name)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.refuse(name, Fault::Invalid);
                None
            }
        }
    }

    /// A text that must be there; empty after its fault has been noted.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        let faults = self.faults.len();
        match self.text(name) {
            Some(text) if !text.trim().is_empty() => text,
            _ => {
                if self.faults.len() == faults {
                    self.refuse(name, Fault::Required);
                }
                String::new()
            }
        }
    }

    /// A whole number.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.values.remove(name)?;
        let read = match &value {
            Value::Null => return None,
            Value::String(text) if self.is_form && text.trim().is_empty() => return None,
            Value::String(text) if self.is_form => text.trim().parse().ok(),
            Value::Number(number) => number.as_i64(),
            Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if read.is_none() {
            self.refuse(name, Fault::Invalid);
        }
        read
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str) -> Option<f64> {
        let value = self.values.remove(name)?;
        let read = match &value {
            Value::Null => return None,
            Value::String(text) if self.is_form && text.trim().is_empty() => return None,
            Value::String(text) if self.is_form => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            Value::Number(number) => number.as_f64(),
            Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if read.is_none() {
            self.refuse(name, Fault::Invalid);
        }
        read
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.values.remove(name)?;
        let read = match &value {
            Value::Null => return None,
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if self.is_form => match text.as_str() {
                "true" | "on" | "1" => Some(true),
                "false" | "off" | "0" | "" => Some(false),
                _ => None,
            },
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
        };
        if read.is_none() {
            self.refuse(name, Fault::Invalid);
        }
        read
    }

    /// A list of texts; in a form, one field is a list of one.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let list = match self.value(name)? {
            Value::Array(list) => list,
            Value::String(text) if self.is_form => vec![Value::String(text)],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.refuse(name, Fault::Invalid);
                return None;
            }
        };
        let texts: Option<Vec<String>> = list.iter().map(|text| text.as_str().map(str::to_owned)).collect();
        if texts.is_none() {
            self.refuse(name, Fault::Invalid);
        }
        texts
    }

    /// An id, read by `read` from its integer.
    pub(crate) fn id<T>(&mut self, name: &str, read: fn(i64) -> Option<T>) -> Option<T> {
        let number = self.integer(name)?;
        let id = read(number);
        if id.is_none() {
            self.refuse(name, Fault::Invalid);
        }
        id
    }

    /// An id that must be there; `None` after its fault has been noted.
    pub(crate) fn required_id<T>(&mut self, name: &str, read: fn(i64) -> Option<T>) -> Option<T> {
        let faults = self.faults.len();
        let id = self.id(name, read);
        if id.is_none() && self.faults.len() == faults {
            self.refuse(name, Fault::Required);
        }
        id
    }

    /// A file that came along. An empty file field is none: a form posts it when nobody chose a file.
    pub(crate) fn file(&mut self, name: &str) -> Option<Bytes> {
        self.files.remove(name).filter(|bytes| !bytes.is_empty())
    }
}

/// The fields of a request's body.
///
/// # Errors
/// 415 for a media type the operation does not take, 400 for bytes that are not what it says.
pub(crate) async fn fields(content_type: Option<&str>, bytes: Bytes, files: bool) -> Result<Fields, Problem> {
    if bytes.is_empty() {
        return Ok(Fields::default());
    }
    let content_type = content_type.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Fields::of_json(&bytes),
        "application/x-www-form-urlencoded" => {
            let text = std::str::from_utf8(&bytes).map_err(|_| Problem::malformed(None))?;
            let pairs = query_pairs(text).map_err(|field| Problem::malformed(field.as_deref()))?;
            Ok(Fields::of_pairs(pairs))
        }
        "multipart/form-data" => {
            let form = multipart::parse(content_type, bytes, files).await?;
            Ok(Fields { files: form.files, ..Fields::of_pairs(form.texts) })
        }
        _ => Err(Edge::MediaType.into()),
    }
}

/// The pairs of a query or a posted form, percent-decoded.
///
/// # Errors
/// The name of the first pair that is not UTF-8, has a broken escape or holds NUL; `None` when it is the name itself.
pub(crate) fn query_pairs(text: &str) -> Result<Vec<(String, String)>, Option<String>> {
    let mut pairs = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).ok_or(None)?;
        let Some(value) = decoded(value) else { return Err(Some(name)) };
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Undoes percent encoding and `+`; `None` for a broken escape, bad UTF-8 or NUL.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, body: &[u8]) -> Result<Fields, Problem> {
        fields(Some(content_type), Bytes::copy_from_slice(body), false).await
    }

    fn faults(fields: Fields) -> Vec<String> {
        fields.faults.into_iter().map(|fault| format!("{} {:?}", fault.field, fault.fault)).collect()
    }

    #[tokio::test]
    async fn a_media_type_that_is_not_taken_is_415_and_broken_bodies_are_400() {
        assert_eq!(read("text/xml", b"<a/>").await.unwrap_err().status(), 415);
        assert_eq!(read("", b"{}").await.unwrap_err().status(), 415);
        for body in [&b"{\"a\":"[..], b"[1]", b"\"a\"", b"null", b"{\"a\":\"\xff\"}", b"{\"a\":1,\"a\":2}"] {
            let problem = read("application/json; charset=utf-8", body).await.unwrap_err();
            assert_eq!(problem.status(), 400, "{body:?}");
        }
        for body in [&b"a=%f&b=1"[..], b"a=%00", b"a=%ff", b"a=\xff", b"%=1"] {
            let problem = read("application/x-www-form-urlencoded", body).await.unwrap_err();
            assert_eq!(problem.status(), 400, "{body:?}");
        }
    }

    #[tokio::test]
    async fn every_fault_is_named_at_once() {
        let body = br#"{"name": 5, "age": "7", "list": "x", "flag": 1, "id": -4, "extra": {}}"#;
        let mut fields = read("application/json", body).await.unwrap();
        assert_eq!(fields.required_text("name"), "");
        assert_eq!(fields.required_text("missing"), "");
        assert_eq!(fields.integer("age"), None);
        assert_eq!(fields.texts("list"), None);
        assert_eq!(fields.flag("flag"), None);
        assert_eq!(fields.required_id("id", gpting_core::id::MemberId::new), None);
        let expected =
            ["name Invalid", "missing Required", "age Invalid", "list Invalid", "flag Invalid", "id Invalid"];
        assert_eq!(faults(fields), expected);
    }

    #[tokio::test]
    async fn forms_hold_text_for_everything() {
        let body = "age=7&tags=a&tags=b&one=x&on=on&bio=%EC%95%88+%EB%85%95&wishes=%5B1%5D&none=";
        let mut fields = read("application/x-www-form-urlencoded", body.as_bytes()).await.unwrap();
        assert_eq!(fields.integer("age"), Some(7));
        assert_eq!(fields.texts("tags"), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(fields.texts("one"), Some(vec!["x".to_owned()]));
        assert_eq!(fields.flag("on"), Some(true));
        assert_eq!(fields.text("bio").as_deref(), Some("안 녕"));
        assert_eq!(fields.value("wishes"), Some(serde_json::json!([1])));
        assert_eq!(fields.integer("none"), None);
        assert!(faults(fields).is_empty());
        let mut twice = read("application/x-www-form-urlencoded", b"name=a&name=b").await.unwrap();
        twice.required_text("name");
        assert_eq!(faults(twice), ["name Invalid"], "a repeated field is no text");
    }

    #[tokio::test]
    async fn integers_are_exact_or_refused() {
        for value in ["1.5", "99999999999999999999", "1e3", "true", "\"5\""] {
            let mut fields = read("application/json", format!("{{\"a\":{value}}}").as_bytes()).await.unwrap();
            assert_eq!(fields.integer("a"), None, "{value}");
            assert_eq!(faults(fields), ["a Invalid"], "{value}");
        }
    }
}
