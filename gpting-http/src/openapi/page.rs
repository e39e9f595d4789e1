//! The OpenAPI document as a page people can read: plain HTML, no script, nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Renders the page. Aliases are left out: they are the same operations under other spellings.
pub(super) fn render(document: &Value, base: &str) -> String {
    let mut page = String::with_capacity(64 * 1024);
    let base = escaped(base);
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>GPTing API</title>\
         <link rel=\"stylesheet\" href=\"{base}/docs/style.css\"></head><body><main><h1>GPTing API</h1><p>{}</p>\
         <p><a href=\"{base}/openapi.json\">openapi.json</a> · \
         <a href=\"{base}/docs/frames.schema.json\">frames.schema.json</a></p>",
        escaped(document["info"]["description"].as_str().unwrap_or_default())
    );
    let empty = Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    for area in ["accounts", "matches", "chat", "service"] {
        let _ = write!(page, "<h2 id=\"{area}\">{area}</h2>");
        for (path, item) in paths {
            for (method, operation) in item.as_object().unwrap_or(&empty) {
                if operation["tags"][0] == area && operation["deprecated"] != true {
                    operation_section(&mut page, method, path, operation, document);
                }
            }
        }
    }
    page.push_str("</main></body></html>\n");
    page
}

fn operation_section(page: &mut String, method: &str, path: &str, operation: &Value, document: &Value) {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let lock = if operation["security"].is_array() { " <span class=\"lock\">token</span>" } else { "" };
    let _ = write!(
        page,
        "<details><summary><code class=\"method {method}\">{}</code> <code>{}</code>{lock} <span>{}</span></summary>",
        method.to_uppercase(),
        escaped(path),
        text(&operation["summary"])
    );
    if let Some(parameters) = operation["parameters"].as_array() {
        page.push_str("<h3>Parameters</h3><dl>");
        for parameter in parameters {
            let _ = write!(
                page,
                "<dt><code>{}</code> <span class=\"kind\">{}</span></dt><dd>{}</dd>",
                text(&parameter["name"]),
                text(&parameter["in"]),
                text(&parameter["description"])
            );
        }
        page.push_str("</dl>");
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        let media: Vec<&str> = content.keys().map(String::as_str).collect();
        let _ = write!(page, "<h3>Body</h3><p class=\"kind\">{}</p>", escaped(&media.join(", ")));
        if let Some(schema) = content.values().next().map(|media| &media["schema"]) {
            fields(page, schema, document);
        }
    }
    page.push_str("<h3>Answers</h3><dl>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let _ = write!(page, "<dt><code>{}</code></dt><dd>{}", escaped(status), text(&response["description"]));
        if let Some(schema) = response["content"]["application/json"].get("schema") {
            fields(page, schema, document);
        }
        page.push_str("</dd>");
    }
    page.push_str("</dl></details>");
}

/// The fields of an object, or of what a list holds; one level, objects inside are named.
fn fields(page: &mut String, schema: &Value, document: &Value) {
    let (schema, many) = if schema["type"] == "array" { (&schema["items"], true) } else { (schema, false) };
    let mut all = Vec::new();
    gather(schema, document, &mut all);
    if all.is_empty() {
        return;
    }
    let _ = write!(page, "<table>{}", if many { "<caption>a list of</caption>" } else { "" });
    for (name, field) in all {
        let about = field["description"].as_str().unwrap_or_default();
        let _ = write!(
            page,
            "<tr><td><code>{}</code></td><td class=\"kind\">{}</td><td>{}</td></tr>",
            escaped(name),
            escaped(&kind(field)),
            escaped(about)
        );
    }
    page.push_str("</table>");
}

fn gather<'a>(schema: &'a Value, document: &'a Value, all: &mut Vec<(&'a str, &'a Value)>) {
    let target = schema["$ref"].as_str().and_then(|pointer| document.pointer(pointer.trim_start_matches('#')));
    let schema = target.unwrap_or(schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(part, document, all);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        all.push((name, field));
    }
}

/// The type of a field in a word or two.
fn kind(field: &Value) -> String {
    if let Some(name) = field["$ref"].as_str().and_then(|pointer| pointer.rsplit('/').next()) {
        return name.to_owned();
    }
    match &field["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", kind_of_items(field)),
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            let is_list = kinds.iter().any(|kind| kind == "array");
            let names: Vec<&str> = kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect();
            let name = if is_list { format!("list of {}", kind_of_items(field)) } else { names.join(" or ") };
            format!("{name}, optional")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "any".to_owned(),
    }
}

fn kind_of_items(field: &Value) -> String {
    kind(&field["items"])
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn markup_in_the_document_stays_text() {
        let document = json!({"info": {"description": "<b>&\""}, "paths": {"/<x>": {"get": {
            "tags": ["chat"], "summary": "<script>", "responses": {}}}}});
        let page = render(&document, "");
        assert!(page.contains("&lt;b&gt;&amp;&quot;") && page.contains("/&lt;x&gt;"), "{page}");
        assert!(!page.contains("<script>"));
    }
}
