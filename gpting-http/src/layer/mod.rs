//! What happens to every request and answer, whatever the route: ids, limits, headers, origins, rates.
//!
//! Called by [`service`](crate::service) in a fixed order; each file is one concern and knows nothing of the others.

pub(crate) mod body_limit;
pub(crate) mod client;
pub(crate) mod cors;
pub(crate) mod drain;
pub(crate) mod header_limit;
pub(crate) mod rate;
pub(crate) mod request_id;
pub(crate) mod security;
