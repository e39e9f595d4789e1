//! Settings of the service, with defaults that work for one process on one machine.

use std::fmt;
use std::sync::Arc;

use gpting_core::{Clock, Rng, SystemClock, SystemRng};

use crate::layer::client::AddrRange;
use crate::layer::rate::RateLimit;

/// Settings of [`GptingHttp`](crate::GptingHttp).
#[derive(Clone)]
pub struct HttpOptions {
    /// Whether sockets take `?token=<access>`, as documented clients send it. Default: true. The value never reaches a
    /// log of ours, but may reach one of a proxy.
    pub ws_query_token: bool,
    /// Origins (`https://app.example`) whose pages may call and open sockets, beside this host's own. Default: none.
    pub allowed_origins: Vec<String>,
    /// What addresses in answers begin with: an absolute URL or a path prefix, without a slash at its end. Default:
    /// empty, for a service at the root of its host. A service nested under `/dating` needs at least `/dating` here.
    pub public_url: String,
    /// Signs cursors and picture addresses. Default: drawn at random, which several instances or a restart outlive only
    /// when it is set.
    pub signing_key: [u8; 32],
    /// Proxies whose `X-Forwarded-For` is believed. Default: none.
    pub trusted_proxies: Vec<AddrRange>,
    /// Limits how often somebody may call. Default: nothing is limited.
    pub rate_limit: Option<Arc<dyn RateLimit>>,
    /// Whether the embedded web client is served (feature `web`). Default: true.
    pub web: bool,
    /// Most sockets that one member may have open at once. Default: 8.
    pub sockets_per_member: usize,
    /// The clock by which picture addresses run out. Default: the system's.
    pub clock: Arc<dyn Clock>,
    /// Where request ids come from. Default: the operating system.
    pub rng: Arc<dyn Rng>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        let mut signing_key = [0; 32];
        SystemRng.fill(&mut signing_key);
        Self {
            ws_query_token: true,
            allowed_origins: Vec::new(),
            public_url: String::new(),
            signing_key,
            trusted_proxies: Vec::new(),
            rate_limit: None,
            web: true,
            sockets_per_member: 8,
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng),
        }
    }
}

impl fmt::Debug for HttpOptions {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpOptions")
            .field("ws_query_token", &self.ws_query_token)
            .field("allowed_origins", &self.allowed_origins)
            .field("public_url", &self.public_url)
            .field("trusted_proxies", &self.trusted_proxies)
            .field("rate_limit", &self.rate_limit)
            .field("web", &self.web)
            .field("sockets_per_member", &self.sockets_per_member)
            .finish_non_exhaustive()
    }
}
