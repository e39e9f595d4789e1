//! Own pictures.

use bytes::Bytes;
use gpting_core::Fault;
use gpting_core::id::PhotoId;
use serde_json::Value;
use utoipa::ToSchema;

use crate::extract::{Fields, Input};

/// A picture to add, in a multipart form.
#[derive(Debug, ToSchema)]
#[schema(as = PhotoUpload)]
pub(crate) struct PhotoUpload {
    /// JPEG, PNG or WebP, up to 10 MiB.
    #[schema(value_type = String, format = Binary)]
    pub(crate) photo: Option<Bytes>,
}

impl Input for PhotoUpload {
    const FILES: bool = true;
    const ONLY_FILES: bool = true;

    fn read(fields: &mut Fields) -> Self {
        let photo = ["photo", "image", "profile_picture"].into_iter().find_map(|name| fields.file(name));
        if photo.is_none() {
            fields.refuse("photo", Fault::Required);
        }
        Self { photo }
    }
}

/// The order of the own pictures.
#[derive(Debug, ToSchema)]
#[schema(as = PhotoOrder)]
pub(crate) struct PhotoOrder {
    /// Every own picture once.
    #[schema(value_type = Vec<i64>)]
    pub(crate) order: Vec<PhotoId>,
}

impl Input for PhotoOrder {
    fn read(fields: &mut Fields) -> Self {
        let name = if fields.has("photos") { "photos" } else { "order" };
        let order = match fields.value(name) {
            Some(Value::Array(ids)) => ids.iter().map(|id| PhotoId::new(id.as_i64()?)).collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => None,
            None => {
                fields.refuse(name, Fault::Required);
                return Self { order: Vec::new() };
            }
        };
        if order.is_none() {
            fields.refuse(name, Fault::Invalid);
        }
        Self { order: order.unwrap_or_default() }
    }
}
