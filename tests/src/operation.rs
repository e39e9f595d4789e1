//! The operations of a served OpenAPI document, with example bodies and ways to spoil them.
//!
//! Called by tests that go over every endpoint, so that an endpoint added tomorrow is tested tomorrow. Schemas
//! are read as far as an API description uses them: references, nullable types, `oneOf`, `allOf`, limits.

use serde_json::{Map, Value, json};

/// Stands for half of a surrogate pair, which a JSON text can hold and a string cannot.
const SURROGATE: &str = "@surrogate@";
/// Stands for a number of 20 digits, more than 64 bits hold.
const TWENTY_DIGITS: &str = "@twenty digits@";

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// As in the document, with `{names}`.
    pub path: String,
    /// Needs an access token.
    pub secured: bool,
    /// An alias of another path.
    pub deprecated: bool,
    /// The parameters in the path and the query.
    pub parameters: Vec<Parameter>,
    /// What may be sent along.
    pub body: Option<Body>,
}

/// A parameter in the path or the query.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// In the path; else in the query.
    pub in_path: bool,
    /// Must be a whole number.
    pub integer: bool,
}

/// The body of a request.
#[derive(Debug, Clone)]
pub struct Body {
    /// Cannot be left out.
    pub required: bool,
    /// The schema of the JSON form, without references.
    pub schema: Option<Value>,
    /// The accepted media types.
    pub media: Vec<String>,
}

/// A spoilt text.
#[derive(Debug, Clone)]
pub struct Spoilt {
    /// What is wrong with it.
    pub name: String,
    /// The body.
    pub text: Vec<u8>,
    /// Whether it has to be refused; else it only must not break anything.
    pub hopeless: bool,
}

/// All operations of a document.
pub fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("an OpenAPI document has paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in ["get", "post", "put", "patch", "delete"] {
            let Some(operation) = item.get(method) else { continue };
            let lists = [&item["parameters"], &operation["parameters"]];
            let parameters = lists.into_iter().filter_map(Value::as_array).flatten();
            let security = operation.get("security").or_else(|| document.get("security"));
            let requirements = security.and_then(Value::as_array).cloned().unwrap_or_default();
            all.push(Operation {
                method: method.to_uppercase(),
                path: path.clone(),
                // An empty requirement among others means that a token may be left out.
                secured: !requirements.is_empty() && requirements.iter().all(|one| one != &json!({})),
                deprecated: operation["deprecated"] == true,
                parameters: parameters.filter_map(|one| parameter(document, one)).collect(),
                body: operation.get("requestBody").map(|body| read_body(document, body)),
            });
        }
    }
    all
}

fn parameter(document: &Value, parameter: &Value) -> Option<Parameter> {
    let parameter = resolve(document, parameter, 0);
    let in_path = parameter["in"] == "path";
    let integer = kind(&parameter["schema"]) == "integer";
    let name = parameter["name"].as_str()?.to_owned();
    (in_path || parameter["in"] == "query").then_some(Parameter { name, in_path, integer })
}

fn read_body(document: &Value, body: &Value) -> Body {
    let body = resolve(document, body, 0);
    let content = body["content"].as_object().cloned().unwrap_or_default();
    let schema = content.get("application/json").map(|media| media["schema"].clone());
    Body { required: body["required"] == true, schema, media: content.keys().cloned().collect() }
}

/// The value with every reference replaced by what it refers to (some levels deep: schemas may be recursive).
fn resolve(document: &Value, value: &Value, depth: usize) -> Value {
    if depth > 24 {
        return json!({});
    }
    match value {
        Value::Object(fields) => {
            if let Some(pointer) = fields.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#')) {
                let target = document.pointer(pointer);
                return resolve(document, target.expect("references lead somewhere"), depth + 1);
            }
            let resolved = fields.iter().map(|(name, value)| (name.clone(), resolve(document, value, depth + 1)));
            let mut fields: Map<String, Value> = resolved.collect();
            if let Some(Value::Array(parts)) = fields.remove("allOf") {
                for part in parts {
                    merge(&mut fields, part);
                }
            }
            Value::Object(fields)
        }
        Value::Array(values) => values.iter().map(|value| resolve(document, value, depth + 1)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn merge(into: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (name, value) in part {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (Some(Value::Array(old)), Value::Array(new)) => old.extend(new),
            (_, value) => drop(into.insert(name, value)),
        }
    }
}

/// The one type of a schema, leaving out `null`; empty when there is a choice.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) => {
            let mut kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null");
            kinds.next().filter(|_| kinds.next().is_none()).unwrap_or_default()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "",
    }
}

/// A value that a schema accepts, as far as the schema says.
pub fn sample(schema: &Value) -> Value {
    for given in ["example", "default", "const"] {
        if let Some(value) = schema.get(given).filter(|value| !value.is_null()) {
            return value.clone();
        }
    }
    if let Some(first) = schema["examples"].get(0).or_else(|| schema["enum"].get(0)) {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        let options = schema[choice].as_array().into_iter().flatten();
        if let Some(option) = options.into_iter().find(|option| option["type"] != "null") {
            return sample(option);
        }
    }
    match kind(schema) {
        "string" => match schema["format"].as_str().unwrap_or_default() {
            "date" => json!("1996-03-02"),
            "date-time" => json!("2026-01-01T00:00:00Z"),
            "email" => json!("nobody@example.com"),
            "uuid" => json!("7f0e9c9e-58b4-4d7c-9f5f-3d6a2f0b8a11"),
            _ => json!("text"),
        },
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "array" if schema["minItems"].as_u64().unwrap_or(0) > 0 => json!([sample(&schema["items"])]),
        "array" => json!([]),
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            Value::Object(properties.map(|(name, schema)| (name.clone(), sample(schema))).collect())
        }
    }
}

/// The bodies that are wrong in one way each.
pub fn spoil(schema: &Value) -> Vec<Spoilt> {
    let good = sample(schema);
    let needed: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let object = kind(schema) == "object" || schema["properties"].is_object();
    let whole = |name: &str, text: Vec<u8>, hopeless| Spoilt { name: name.to_owned(), text, hopeless };
    let mut all = vec![
        whole("no JSON", b"{\"a\":".to_vec(), true),
        whole("bad UTF-8", b"{\"message\":\"\xff\xfe\",\"content\":\"\xc3\x28\"}".to_vec(), true),
        whole("nested too deep", "[".repeat(20_000).into_bytes(), true),
        whole("a list for an object", json!([good]).to_string().into_bytes(), object),
        whole("a text for an object", b"\"text\"".to_vec(), object),
        whole("null", b"null".to_vec(), false),
        whole("nothing", Vec::new(), !needed.is_empty()),
    ];
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        let mut add = |name: &str, value: Option<Value>, hopeless: bool| {
            let mut body = good.clone();
            match (value, body.as_object_mut()) {
                (Some(value), Some(fields)) => drop(fields.insert(field.clone(), value)),
                (None, Some(fields)) => drop(fields.remove(field)),
                (_, None) => return,
            }
            let text = body.to_string().replace(SURROGATE, "\\ud800");
            let text = text.replace(&format!("\"{TWENTY_DIGITS}\""), "99999999999999999999");
            all.push(Spoilt { name: format!("{field}: {name}"), text: text.into_bytes(), hopeless });
        };
        let required = needed.contains(&field.as_str());
        let kind = kind(schema);
        let limit = schema["maxLength"].as_u64().is_some_and(|limit| limit < 30_000);
        add("missing", None, required);
        add("null", Some(Value::Null), false);
        add(
            "an object",
            Some(json!({"x": [1]})),
            matches!(kind, "string" | "integer" | "number" | "boolean" | "array"),
        );
        add("a list", Some(json!([[1]])), matches!(kind, "string" | "integer" | "number" | "boolean" | "object"));
        add("nobody's number", Some(json!(4_503_599_627_370_497_u64)), kind == "string" && required);
        match kind {
            "string" => {
                add("too long", Some(json!("a".repeat(30_000))), limit);
                add("NUL", Some(json!("a\u{0}b")), schema["enum"].is_array());
                add("half a surrogate pair", Some(json!(SURROGATE)), true);
                add("no such choice", Some(json!("nonsense")), schema["enum"].is_array());
                add("nothing visible", Some(json!("\u{200b} \u{202e}")), false);
            }
            "integer" => {
                add("20 digits", Some(json!(TWENTY_DIGITS)), true);
                add("a fraction", Some(json!(1.5)), true);
                add("a text", Some(json!("text")), true);
                add("negative", Some(json!(-1)), false);
                add("the largest", Some(json!(u64::MAX)), false);
            }
            "number" => add("huge", Some(json!(1e308)), false),
            "array" => add("very many", Some(json!(vec!["a"; 5_000])), false),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({
            "paths": {"/rooms/{id}/": {
                "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}],
                "post": {"security": [{"bearer": []}], "requestBody": {"required": true, "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Draft"}}}}},
                "get": {"parameters": [{"name": "limit", "in": "query", "schema": {"type": ["integer", "null"]}}]},
            }},
            "components": {"schemas": {"Draft": {"type": "object", "required": ["content"], "properties": {
                "content": {"type": "string"}, "to": {"type": ["integer", "null"]}}}}},
        })
    }

    #[test]
    fn operations_are_read_with_their_parameters_and_bodies() {
        let all = operations(&document());
        assert_eq!(all.len(), 2);
        let (get, post) = (&all[0], &all[1]);
        assert!(post.secured && !get.secured);
        assert!(get.parameters.iter().all(|parameter| parameter.integer));
        assert_eq!(get.parameters.iter().filter(|parameter| parameter.in_path).count(), 1);
        let body = post.body.as_ref().unwrap();
        assert_eq!(sample(body.schema.as_ref().unwrap()), json!({"content": "text", "to": 1}));
    }

    #[test]
    fn spoilt_bodies_say_what_json_values_cannot() {
        let all = operations(&document());
        let spoilt = spoil(all[1].body.as_ref().unwrap().schema.as_ref().unwrap());
        let text = |name: &str| {
            let found = spoilt.iter().find(|one| one.name == name).unwrap();
            assert!(found.hopeless, "{name}");
            String::from_utf8(found.text.clone()).unwrap()
        };
        assert_eq!(text("content: half a surrogate pair"), r#"{"content":"\ud800","to":1}"#);
        assert_eq!(text("to: 20 digits"), r#"{"content":"text","to":99999999999999999999}"#);
        assert_eq!(text("content: missing"), r#"{"to":1}"#);
        assert!(spoilt.iter().any(|one| one.name == "to: missing" && !one.hopeless));
    }
}
