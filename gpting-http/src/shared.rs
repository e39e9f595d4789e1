//! What every request shares: the core, who tells callers apart, the options, and what is signed, drained and counted.
//!
//! Built once by [`service`](crate::service); read by endpoints and sockets. Knows no route.

use std::sync::Arc;

use bytes::Bytes;
use gpting_core::{Code, Gpting};

use crate::authenticate::{AuthError, Authenticate};
use crate::cursor::Cursors;
use crate::error::Problem;
use crate::layer::drain::Drain;
use crate::options::HttpOptions;
use crate::photo_url::PhotoUrls;
use crate::socket::registry::Registry;

/// What requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) g: Gpting,
    pub(crate) auth: Arc<dyn Authenticate>,
    pub(crate) options: HttpOptions,
    pub(crate) cursors: Cursors,
    pub(crate) photos: PhotoUrls,
    pub(crate) documents: Documents,
    pub(crate) drain: Drain,
    pub(crate) sockets: Registry,
}

/// The documents that the service serves about itself.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    /// The OpenAPI document, JSON.
    pub(crate) openapi: Bytes,
    /// The same as a page.
    pub(crate) page: Bytes,
    /// The frames of sockets, JSON Schema.
    pub(crate) frames: Bytes,
}

/// The refusal of somebody who is not known.
pub(crate) fn unknown(error: AuthError) -> Problem {
    match error {
        AuthError::Missing | AuthError::Invalid => Code::TokenInvalid.into(),
        AuthError::Core(error) => error.into(),
    }
}
