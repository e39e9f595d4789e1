//! A row as every store can read and write it, and the sum over many that does not depend on their order.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Whole numbers up to here are the same in every way of writing numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// One value of a row.
#[derive(Clone, PartialEq)]
pub enum Cell {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A document.
    Document(Value),
}

impl std::fmt::Debug for Cell {
    /// Numbers only: the rest is what people wrote.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Text(_) => f.write_str("Text"),
            Self::Bytes(_) => f.write_str("Bytes"),
            Self::Document(_) => f.write_str("Document"),
        }
    }
}

/// The values of a row, in the order of its table's columns.
pub type Row = Vec<Cell>;

/// How many rows, and a sum over what they say: the same whatever their order, another one (but for a chance of 2⁻¹²⁸)
/// when a row is missing, doubled or different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Digest {
    /// How many rows.
    pub rows: u64,
    #[serde(with = "hex")]
    sum: u128,
}

impl Digest {
    /// Adds a row.
    pub fn add(&mut self, row: &[Cell]) {
        let mut said = Vec::new();
        for cell in row {
            write_cell(cell, &mut said);
        }
        let hash: [u8; 32] = Sha256::digest(&said).into();
        let mut half = [0; 16];
        half.copy_from_slice(&hash[..16]);
        self.sum = self.sum.wrapping_add(u128::from_le_bytes(half));
        self.rows += 1;
    }

    /// The sum as 32 hexadecimal digits.
    pub fn sum(&self) -> String {
        format!("{:032x}", self.sum)
    }
}

/// Each value with its kind and length before it, so that no two rows are written alike.
fn write_cell(cell: &Cell, out: &mut Vec<u8>) {
    match cell {
        Cell::Null => out.push(b'n'),
        Cell::Integer(number) => {
            out.push(b'i');
            out.extend(number.to_le_bytes());
        }
        Cell::Text(text) => write_bytes(b't', text.as_bytes(), out),
        Cell::Bytes(bytes) => write_bytes(b'b', bytes, out),
        Cell::Document(document) => write_value(document, out),
    }
}

fn write_bytes(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend((bytes.len() as u64).to_le_bytes());
    out.extend(bytes);
}

/// A document by what it says: fields by name, numbers by value.
fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'0'),
        Value::Bool(yes) => out.push(if *yes { b'T' } else { b'F' }),
        Value::Number(number) => match number.as_f64() {
            Some(float) if !number.is_f64() || (float.fract() == 0.0 && float.abs() < EXACT) => {
                let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and below 2^53")]
                let whole = whole.unwrap_or(float as i128);
                write_bytes(b'w', &whole.to_le_bytes(), out);
            }
            float => write_bytes(b'f', &float.unwrap_or_default().to_bits().to_le_bytes(), out),
        },
        Value::String(text) => write_bytes(b't', text.as_bytes(), out),
        Value::Array(items) => {
            write_bytes(b'[', &(items.len() as u64).to_le_bytes(), out);
            for item in items {
                write_value(item, out);
            }
        }
        Value::Object(fields) => {
            write_bytes(b'{', &(fields.len() as u64).to_le_bytes(), out);
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in fields {
                write_bytes(b't', name.as_bytes(), out);
                write_value(value, out);
            }
        }
    }
}

mod hex {
    //! A sum in JSON, whose numbers end at 2^53.

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(sum: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{sum:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        u128::from_str_radix(&String::deserialize(from)?, 16).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn digest(rows: &[Row]) -> Digest {
        let mut digest = Digest::default();
        for row in rows {
            digest.add(row);
        }
        digest
    }

    #[test]
    fn the_order_of_rows_and_fields_and_the_way_of_writing_numbers_do_not_matter() {
        let one = vec![Cell::Integer(1), Cell::Document(json!({"a": 1, "b": [0.5, 2.0], "c": "x"}))];
        let text = r#"{"c": "x", "b": [0.50, 2], "a": 1.0}"#;
        let same = vec![Cell::Integer(1), Cell::Document(serde_json::from_str(text).unwrap())];
        let other = vec![Cell::Integer(2), Cell::Null];
        assert_eq!(digest(&[one.clone(), other.clone()]), digest(&[other, same]));
        let kept: Digest =
            serde_json::from_value(serde_json::to_value(digest(std::slice::from_ref(&one))).unwrap()).unwrap();
        assert_eq!(kept, digest(&[one]));
    }

    #[test]
    fn every_difference_shows() {
        let row = |text: &str, id| vec![Cell::Integer(id), Cell::Text(text.to_owned())];
        let whole = digest(&[row("a", 1), row("b", 2)]);
        let others = [
            vec![row("a", 1)],
            vec![row("a", 1), row("b", 2), row("b", 2)],
            vec![row("b", 1), row("a", 2)],
            vec![row("a", 1), vec![Cell::Integer(2), Cell::Bytes(b"b".to_vec())]],
            vec![row("a", 1), vec![Cell::Integer(2), Cell::Null]],
            vec![row("a", 1), vec![Cell::Integer(2), Cell::Document(json!("b")), Cell::Null]],
        ];
        for other in others {
            assert_ne!(digest(&other), whole, "{other:?}");
        }
        let document = |value| digest(&[vec![Cell::Document(value)]]);
        assert_ne!(document(json!({"a": [1, 2]})), document(json!({"a": [2, 1]})), "lists have an order");
        assert_ne!(document(json!(9_007_199_254_740_993_i64)), document(json!(9_007_199_254_740_992_i64)));
        assert_ne!(document(json!(null)), document(json!({})));
    }
}
