//! The OpenAPI 3.1 document, the page that shows it, and the schema of socket frames, all made at start.
//!
//! Called by the service once; served by [`handler::meta`](crate::handler::meta). Everything comes from the route table
//! and the types its handlers name, so the document cannot tell anything else than what is served.

mod page;

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, Deprecated, HttpMethod, InfoBuilder, OpenApiBuilder, PathsBuilder, Ref,
    RefOr, Required, Response, ResponseBuilder, ServerBuilder,
};

use crate::access::Access;
use crate::endpoint::{Gives, Param, ParamKind, Schemas};
use crate::router::{Route, aliases};
use crate::shared::Documents;
use crate::socket::schema;

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// The documents of these routes, served under `base`.
pub(crate) fn documents(routes: &[Route], base: &str) -> Documents {
    let document = document(routes, base);
    let page = page::render(&document, base);
    Documents { openapi: document.to_string().into(), page: page.into(), frames: schema::schema().to_string().into() }
}

/// The OpenAPI document.
pub(crate) fn document(routes: &[Route], base: &str) -> Value {
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    let mut paths = PathsBuilder::new();
    for route in routes {
        collect(route, &mut schemas);
        for method in route.methods {
            paths = paths.path(route.path, item(route, method, route.path, false));
            for alias in aliases(route.path) {
                let item = item(route, method, &alias, true);
                paths = paths.path(alias, item);
            }
        }
    }
    schemas.insert("Problem".to_owned(), RefOr::T(Schema::Object(ObjectBuilder::new().build())));
    let bearer = SecurityScheme::Http(
        HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("The `access` of `POST /api/accounts/login/`."))
            .build(),
    );
    let components = ComponentsBuilder::new().schemas_from_iter(schemas).security_scheme(BEARER, bearer).build();
    let info = InfoBuilder::new()
        .title("GPTing")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Matchmaking and chat. Errors are `application/problem+json`; lists page by `X-Next-Cursor`; operations \
             marked as deprecated are the original service's other spellings of the same.",
        ))
        .build();
    let mut builder = OpenApiBuilder::new().info(info).paths(paths.build()).components(Some(components));
    if !base.is_empty() {
        builder = builder.servers(Some([ServerBuilder::new().url(base).build()]));
    }
    let mut document = serde_json::to_value(builder.build()).expect("a document of builders is JSON");
    document["components"]["schemas"]["Problem"] = problem();
    document
}

/// The one shape of refusals (RFC 9457 and what clients of the original read).
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "A refused request, RFC 9457.",
        "required": ["type", "title", "status", "detail", "code", "message", "request_id"],
        "properties": {
            "type": {"type": "string", "description": "`urn:gpting:problem:<code>`"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable, snake_case"},
            "message": {"type": "string", "description": "The sentence for people"},
            "errors": {
                "type": "object",
                "description": "Sentences by refused field",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
            "request_id": {"type": "string"},
        },
    })
}

fn collect(route: &Route, schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let mut add = |needs: &Schemas| schemas.extend(needs.iter().cloned());
    if let Some(takes) = &route.endpoint.takes {
        add(&takes.shape.needs);
    }
    if let Gives::Json(shape) = &route.endpoint.gives {
        add(&shape.needs);
    }
}

fn item(route: &Route, method: &Method, path: &str, alias: bool) -> PathItem {
    let mut operation = OperationBuilder::new()
        .summary(Some(route.about))
        .operation_id(Some(operation_id(method, path)))
        .tag(tag(route.path));
    if alias {
        operation = operation.deprecated(Some(Deprecated::True));
    }
    if path.contains("{id}") {
        operation = operation.parameter(path_number("id", gpting_core::id::MAX_ID));
    }
    if path.contains("{seq}") {
        operation = operation.parameter(path_number("seq", i64::MAX));
    }
    for param in route.endpoint.query {
        operation = operation.parameter(query_param(param));
    }
    if let Some(takes) = &route.endpoint.takes {
        let mut body =
            RequestBodyBuilder::new().required(Some(if takes.required { Required::True } else { Required::False }));
        let schema = || Content::new(Some(takes.shape.schema.clone()));
        if !takes.only_files {
            body = body.content("application/json", schema()).content("application/x-www-form-urlencoded", schema());
        }
        body = body.content("multipart/form-data", schema());
        operation = operation.request_body(Some(body.build()));
    }
    operation = match route.access {
        Access::Member => operation.security(SecurityRequirement::new(BEARER, Vec::<String>::new())),
        Access::Public | Access::Signed => operation,
    };
    for status in route.answers {
        operation = operation.response(status.to_string(), success(route, *status));
    }
    let refused = || {
        let schema: RefOr<Schema> = RefOr::Ref(Ref::from_schema_name("Problem"));
        ResponseBuilder::new()
            .description("Refused")
            .content("application/problem+json", Content::new(Some(schema)))
            .build()
    };
    for status in refusals(route) {
        operation = operation.response(status.to_string(), refused());
    }
    operation = operation.response("default", refused());
    PathItem::new(http_method(method), operation.build())
}

/// The refusals that a client of this route should be prepared for.
fn refusals(route: &Route) -> Vec<u16> {
    let mut statuses = vec![429];
    if route.endpoint.takes.is_some() || !route.endpoint.query.is_empty() {
        statuses.push(400);
    }
    if route.endpoint.takes.is_some() {
        statuses.extend([413, 415]);
    }
    if route.access == Access::Member {
        statuses.extend([401, 403]);
    }
    if route.path.contains("{id}") {
        statuses.push(404);
    }
    statuses.sort_unstable();
    statuses
}

fn success(route: &Route, status: u16) -> Response {
    let response = ResponseBuilder::new().description(match status {
        101 => "Switching to a WebSocket",
        201 => "Done, for the first time",
        _ => "Done",
    });
    match &route.endpoint.gives {
        Gives::Json(shape) => response.content("application/json", Content::new(Some(shape.schema.clone()))).build(),
        Gives::Bytes(media) => {
            let essence = media.split(';').next().unwrap_or(media);
            response.content(essence, ContentBuilder::new().build()).build()
        }
        Gives::Socket => response.build(),
    }
}

fn path_number(name: &str, most: i64) -> Parameter {
    let id = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(1_i64)).maximum(Some(most));
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(id.build()))
        .build()
}

fn query_param(param: &Param) -> Parameter {
    let schema = match param.kind {
        ParamKind::Integer(min, max) => {
            let integer = ObjectBuilder::new().schema_type(SchemaType::new(Type::Integer)).minimum(Some(min));
            if max == i64::MAX { integer } else { integer.maximum(Some(max)) }
        }
        ParamKind::Text => ObjectBuilder::new().schema_type(SchemaType::new(Type::String)),
        ParamKind::OneOf(values) => {
            ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).enum_values(Some(values.iter().copied()))
        }
    };
    ParameterBuilder::new()
        .name(param.name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(param.about))
        .schema(Some(schema.build()))
        .build()
}

/// `get_api_accounts_profile_id`, unique by method and path.
fn operation_id(method: &Method, path: &str) -> String {
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    std::iter::once(method.as_str().to_ascii_lowercase())
        .chain(words.map(str::to_ascii_lowercase))
        .collect::<Vec<_>>()
        .join("_")
}

fn tag(path: &str) -> &str {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match (parts.next(), parts.next()) {
        (Some("api"), Some(area)) => area,
        (Some("ws"), _) => "chat",
        _ => "service",
    }
}

fn http_method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::table;

    fn whole() -> Value {
        document(&table(), "")
    }

    #[test]
    fn every_route_and_alias_is_in_the_document_and_nothing_else() {
        let document = whole();
        let paths = document["paths"].as_object().unwrap();
        let mut wanted = 0;
        for route in table() {
            for path in aliases(route.path).into_iter().chain([route.path.to_owned()]) {
                for method in route.methods {
                    let operation = &paths[&path][method.as_str().to_ascii_lowercase()];
                    assert!(operation.is_object(), "{method} {path}");
                    assert_eq!(operation["deprecated"] == true, path != route.path, "{path}");
                    assert_eq!(operation["security"].is_array(), route.access == Access::Member, "{path}");
                    for status in route.answers {
                        assert!(operation["responses"][status.to_string()].is_object(), "{method} {path} {status}");
                    }
                    wanted += 1;
                }
            }
        }
        let present: usize = paths
            .values()
            .map(|item| {
                item.as_object()
                    .unwrap()
                    .keys()
                    .filter(|key| ["get", "post", "put", "patch", "delete"].contains(&key.as_str()))
                    .count()
            })
            .sum();
        assert_eq!(present, wanted);
        assert_eq!(document["openapi"], "3.1.0");
    }

    #[test]
    fn every_reference_leads_somewhere_and_operation_ids_are_unique() {
        fn walk(value: &Value, document: &Value, ids: &mut Vec<String>) {
            match value {
                Value::Object(map) => {
                    if let Some(pointer) = map.get("$ref").and_then(Value::as_str) {
                        assert!(document.pointer(pointer.trim_start_matches('#')).is_some(), "{pointer}");
                    }
                    ids.extend(map.get("operationId").and_then(Value::as_str).map(str::to_owned));
                    map.values().for_each(|value| walk(value, document, ids));
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, document, ids)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = whole();
        let mut ids = Vec::new();
        walk(&document, &document, &mut ids);
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn no_answer_about_others_has_a_private_field() {
        let document = whole();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            if ["OwnProfile", "SignUp", "Login", "LoggedIn", "MailedCode", "Address", "ProfileChange"]
                .contains(&name.as_str())
            {
                continue;
            }
            for field in ["email", "username", "birth_date", "last_active", "latitude", "password"] {
                let is_input = matches!(name.as_str(), "LocationChange" | "Leaving");
                assert!(is_input || schema["properties"][field].is_null(), "{name}.{field}");
            }
        }
    }

    #[test]
    fn the_page_names_every_operation_and_runs_nothing() {
        let documents = documents(&table(), "/dating");
        let page = String::from_utf8(documents.page.to_vec()).unwrap();
        for route in table() {
            assert!(page.contains(route.path), "{}", route.path);
        }
        assert!(!page.contains("<script") && !page.contains("style=") && !page.contains("http://"), "{page:.300}");
        assert!(page.contains("href=\"/dating/docs/style.css\""));
    }
}
