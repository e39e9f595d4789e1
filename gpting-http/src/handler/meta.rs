//! The service itself: health, documents, the picture of people without one.

use std::future::{Ready, ready};

use http::{HeaderValue, Response, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Body;
use crate::endpoint::{Answer, Call, Reply};
use crate::error::{Edge, Problem};

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusBody {
    /// `ok`.
    status: &'static str,
}

/// Whether the process runs: it does, if this is answered.
pub(crate) fn health(_: Call) -> Ready<Answer<StatusBody>> {
    ready(Ok(Reply::ok(StatusBody { status: "ok" })))
}

/// Whether it can serve: the store is there and no stop has begun.
pub(crate) async fn ready_now(call: Call) -> Answer<StatusBody> {
    if call.shared.drain.has_begun() {
        return Err(Edge::Draining.into());
    }
    match call.g().health().await {
        Ok(()) => Ok(Reply::ok(StatusBody { status: "ok" })),
        Err(error) => {
            tracing::warn!(error = %gpting_core::error::Chain(&error), "not ready");
            Err(gpting_core::Code::Unavailable.into())
        }
    }
}

/// The OpenAPI document.
pub(crate) fn openapi(call: Call) -> Ready<Result<Response<Body>, Problem>> {
    document("application/json", call.shared.documents.openapi.clone())
}

/// The OpenAPI document as a page.
pub(crate) fn docs(call: Call) -> Ready<Result<Response<Body>, Problem>> {
    document("text/html; charset=utf-8", call.shared.documents.page.clone())
}

/// How that page looks.
pub(crate) fn docs_style(_: Call) -> Ready<Result<Response<Body>, Problem>> {
    document("text/css; charset=utf-8", include_str!("../openapi/page.css").into())
}

/// The frames of sockets.
pub(crate) fn frames(call: Call) -> Ready<Result<Response<Body>, Problem>> {
    document("application/schema+json", call.shared.documents.frames.clone())
}

/// The picture of people without one.
pub(crate) fn default_picture(_: Call) -> Ready<Result<Response<Body>, Problem>> {
    document("image/svg+xml; charset=utf-8", include_str!("../default-profile.svg").into())
}

fn document(media: &'static str, bytes: bytes::Bytes) -> Ready<Result<Response<Body>, Problem>> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    ready(Ok(response))
}
