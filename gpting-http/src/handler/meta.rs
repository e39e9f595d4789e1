//! The service itself: health, documents, the picture of people without one.

use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::endpoint::{Answer, Call, Reply};
use crate::error::Edge;

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
pub(crate) struct StatusBody {
    /// `ok`.
    status: &'static str,
}

/// Whether the process runs: it does, if this is answered.
pub(crate) fn health(_: &Call) -> StatusBody {
    StatusBody { status: "ok" }
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
pub(crate) fn openapi(call: &Call) -> Bytes {
    call.shared.documents.openapi.clone()
}

/// The OpenAPI document as a page.
pub(crate) fn docs(call: &Call) -> Bytes {
    call.shared.documents.page.clone()
}

/// How that page looks.
pub(crate) fn docs_style(_: &Call) -> Bytes {
    include_str!("../openapi/page.css").into()
}

/// The frames of sockets.
pub(crate) fn frames(call: &Call) -> Bytes {
    call.shared.documents.frames.clone()
}

/// The picture of people without one.
pub(crate) fn default_picture(_: &Call) -> Bytes {
    include_str!("../default-profile.svg").into()
}
