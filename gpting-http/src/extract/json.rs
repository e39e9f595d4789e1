//! JSON, read strictly: no repeated names, no NUL, no half surrogates, no bottomless nesting.
//!
//! Called by [`Fields`](super::Fields); calls `serde_json`. What most readers let through silently (the last of two
//! equal names wins, NUL that a database refuses later) is refused here, with the name of the outermost field in
//! which it was found.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep values may nest. Nothing that is taken is deeper than four.
const MAX_DEPTH: usize = 32;

/// The text is not JSON that is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JsonError {
    /// The outermost field in which reading ended, if it was inside one.
    pub(crate) field: Option<String>,
}

/// Reads a JSON text.
///
/// # Errors
/// Where it stopped making sense.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let field = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Strict { depth: 0, field: &field }.deserialize(&mut reader).and_then(|value| {
        *field.borrow_mut() = None;
        reader.end().map(|()| value)
    });
    read.map_err(|_| JsonError { field: field.into_inner() })
}

/// Reads one value at a depth; `field` is the outermost field that is being read.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    field: &'a RefCell<Option<String>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        if text.contains('\0') {
            return Err(E::custom("NUL in a text"));
        }
        Ok(Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut values = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if self.depth == 0 {
                *self.field.borrow_mut() = Some(name.clone());
            }
            if name.contains('\0') || values.contains_key(&name) {
                return Err(A::Error::custom("a name twice, or with NUL"));
            }
            let value = map.next_value_seed(inner)?;
            values.insert(name, value);
            if self.depth == 0 {
                *self.field.borrow_mut() = None;
            }
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(text: &str) -> Option<String> {
        parse(text.as_bytes()).unwrap_err().field
    }

    #[test]
    fn what_other_readers_take_is_read_the_same() {
        let text = r#"{"a": [1, -2, 2.5, true, null, "가"], "b": {"c": {}}}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), json!({"a": [1, -2, 2.5, true, null, "가"], "b": {"c": {}}}));
        assert_eq!(parse(b" 5 ").unwrap(), json!(5));
    }

    #[test]
    fn what_would_break_later_is_refused_with_its_field() {
        assert_eq!(field(r#"{"a": 1, "b": "\ud800"}"#).as_deref(), Some("b"));
        assert_eq!(field(r#"{"a": 1, "a": 2}"#).as_deref(), Some("a"));
        assert_eq!(field(r#"{"a": {"b": ["x\u0000"]}}"#).as_deref(), Some("a"));
        assert_eq!(field(r#"{"a": 1e999}"#).as_deref(), Some("a"));
        assert_eq!(parse(b"{\"a\": \"\xff\"}").unwrap_err().field.as_deref(), Some("a"));
    }

    #[test]
    fn what_is_no_json_is_refused_without_a_field() {
        for text in ["", "{", "{} {}", "nonsense", "{\"a\": 1} x", &"[".repeat(20_000), "{\"a\\u0000"] {
            assert_eq!(field(text), None, "{text:.40}");
        }
        assert!(parse(format!("{}1{}", "[".repeat(32), "]".repeat(32)).as_bytes()).is_ok());
        assert!(parse(format!("{}1{}", "[".repeat(33), "]".repeat(33)).as_bytes()).is_err());
    }
}
