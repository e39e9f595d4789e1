//! The least value that a JSON Schema allows, of the keywords that schemas for models use.

use serde_json::{Map, Value, json};

/// A value for a schema.
pub(super) fn least(schema: &Value) -> Value {
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema["enum"].as_array().and_then(|values| values.first()) {
        return value.clone();
    }
    if let Some(first) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()).and_then(|all| all.first()) {
        return least(first);
    }
    let kind = schema["type"].as_array().and_then(|kinds| kinds.first()).unwrap_or(&schema["type"]);
    let whole = |name: &str| schema[name].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0);
    match kind.as_str() {
        Some("object") => {
            let required = schema["required"].as_array();
            let is_required = |name: &str| required.is_none_or(|all| all.iter().any(|one| one == name));
            let properties = schema["properties"].as_object().into_iter().flatten();
            let needed = properties.filter(|(name, _)| is_required(name));
            Value::Object(needed.map(|(name, inner)| (name.clone(), least(inner))).collect::<Map<_, _>>())
        }
        Some("array") => Value::Array(vec![least(&schema["items"]); whole("minItems")]),
        Some("string") => json!("ok".repeat(whole("minLength").div_ceil(2).max(1))),
        Some("integer") => json!(schema["minimum"].as_i64().unwrap_or(0)),
        Some("number") => json!(schema["minimum"].as_f64().unwrap_or(0.0)),
        Some("boolean") => json!(true),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_value_satisfies_its_schema() {
        let schema = json!({
            "type": "object",
            "properties": {
                "kind": { "enum": ["a", "b"] },
                "score": { "type": "integer", "minimum": 3 },
                "share": { "type": "number" },
                "lines": { "type": "array", "minItems": 2, "items": { "type": "string", "minLength": 3 } },
                "may": { "type": ["boolean", "null"] },
                "left_out": { "type": "string" },
                "either": { "anyOf": [{ "const": 7 }, { "type": "string" }] },
            },
            "required": ["kind", "score", "share", "lines", "may", "either"],
        });
        let value = least(&schema);
        assert!(jsonschema::is_valid(&schema, &value), "{value}");
        assert!(value.get("left_out").is_none());
    }
}
