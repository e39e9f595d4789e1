//! [`GptingHttp`]: the whole HTTP and WebSocket edge as one tower service.
//!
//! Called by whoever accepts connections; finds the route, tells who calls, reads the body, runs the handler. The order
//! of the layers is this file: id → head limits → preflight → route → rate by address → caller → rate by member → body
//! → handler → headers. Invariants: every request gets exactly one answer, an answer is never an error of the service,
//! and nothing of a request's query, body or token is logged.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gpting_core::lang::Lang;
use gpting_core::{Code, Gpting};
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header, request::Parts};
use http_body_util::BodyExt as _;
use tokio::time::Instant;

use crate::access::Access;
use crate::authenticate::{Authenticate, Caller, Proof};
use crate::body::Body;
use crate::cursor::Cursors;
use crate::endpoint::{Call, Gives, Payload};
use crate::error::{Edge, Problem};
use crate::extract::query_pairs;
use crate::lang;
use crate::layer::body_limit::{self, Incoming};
use crate::layer::drain::Drain;
use crate::layer::rate::{self, RateKey};
use crate::layer::{client, cors, header_limit, request_id, security};
use crate::openapi;
use crate::options::HttpOptions;
use crate::photo_url::PhotoUrls;
use crate::router::{Found, Names, Route, Router};
use crate::shared::{Shared, unknown};
use crate::socket;

/// The longest that an answer may take.
const TOTAL: Duration = Duration::from_secs(30);

/// The HTTP and WebSocket edge of a [`Gpting`], as a service that others mount. Cheap to clone; clones share everything.
///
/// Serve it with upgrades enabled, put a [`PeerAddr`](crate::PeerAddr) into each request's extensions where addresses
/// matter (rate limits), and end it by [`GptingHttp::drain`].
#[derive(Clone, Debug)]
pub struct GptingHttp {
    shared: Arc<Shared>,
    router: Arc<Router>,
}

impl GptingHttp {
    /// The service over `g`, for callers whom `auth` knows, with default options.
    pub fn new(g: Gpting, auth: impl Authenticate) -> Self {
        Self::build(g, Arc::new(auth), HttpOptions::default())
    }

    /// The same service with other options.
    #[must_use]
    pub fn with(self, options: HttpOptions) -> Self {
        Self::build(self.shared.g.clone(), Arc::clone(&self.shared.auth), options)
    }

    fn build(g: Gpting, auth: Arc<dyn Authenticate>, mut options: HttpOptions) -> Self {
        options.public_url.truncate(options.public_url.trim_end_matches('/').len());
        let router = Router::new();
        let shared = Shared {
            cursors: Cursors::new(&options.signing_key),
            photos: PhotoUrls::new(&options.signing_key, &options.public_url),
            documents: openapi::documents(router.routes(), &options.public_url),
            drain: Drain::default(),
            sockets: socket::registry::Registry::default(),
            g,
            auth,
            options,
        };
        Self { shared: Arc::new(shared), router: Arc::new(router) }
    }

    /// The handle that ends the service gently.
    pub fn drain(&self) -> Drain {
        self.shared.drain.clone()
    }
}

impl<B> tower::Service<Request<B>> for GptingHttp
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (shared, router) = (Arc::clone(&self.shared), Arc::clone(&self.router));
        let request = request.map(|body| {
            let body = body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
            body.map_err(Into::into).boxed_unsync()
        });
        Box::pin(async move { Ok(answer(shared, &router, request).await) })
    }
}

/// Answers a request, whatever happens.
async fn answer(shared: Arc<Shared>, router: &Router, request: Request<Incoming>) -> Response<Body> {
    let started = Instant::now();
    let id = request_id::of(request.headers(), &*shared.options.rng);
    let language = lang::negotiate(request.headers());
    let method = request.method().clone();
    let has_connection_headers = request.version() <= Version::HTTP_11;
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = cors::is_preflight(&request);
    let mut route = "";
    let run = dispatch(&shared, router, request, language, &mut route);
    let outcome = tokio::time::timeout(TOTAL, AssertUnwindSafe(run).catch_unwind()).await;
    let refused = |problem: Problem| problem.into_response(language, &id);
    let mut response = match outcome {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(problem))) => refused(problem),
        Ok(Err(_)) => {
            // The panic itself has been printed by the hook; this says which request it was.
            tracing::error!(request_id = id, route, "handler panicked");
            refused(Code::Internal.into())
        }
        Err(_) => refused(Edge::Timeout.into()),
    };
    if method == Method::HEAD {
        let length = http_body::Body::size_hint(response.body()).exact().unwrap_or_default();
        *response.body_mut() = Body::empty();
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let status = response.status();
    let headers = response.headers_mut();
    if shared.drain.has_begun() && has_connection_headers && status != StatusCode::SWITCHING_PROTOCOLS {
        // Who keeps the connection for the next request opens another instead, elsewhere if it is told so.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    request_id::stamp(headers, &id);
    cors::apply(origin.as_ref(), &shared.options.allowed_origins, preflight, headers);
    if status != StatusCode::SWITCHING_PROTOCOLS {
        security::apply(headers);
    }
    let (status, elapsed_ms) = (status.as_u16(), u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX));
    tracing::info!(request_id = id, %method, route, status, elapsed_ms, "request");
    response
}

async fn dispatch(
    shared: &Arc<Shared>,
    router: &Router,
    request: Request<Incoming>,
    lang: Lang,
    name: &mut &'static str,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    header_limit::check(&parts.uri, &parts.headers)?;
    let found = router.find(&parts.method, parts.uri.path());
    if parts.method == Method::OPTIONS {
        return options(&found);
    }
    let (route, names) = match found {
        Found::Route(route, names) => (route, names),
        Found::Methods(allow) => return Err(Problem::method(allow)),
        Found::Nothing => return page(shared, &parts),
    };
    *name = route.path;
    let client = client::addr(&parts.headers, &parts.extensions, &shared.options.trusted_proxies);
    let limiter = shared.options.rate_limit.as_ref();
    if route.access != Access::Member {
        rate::check(limiter, route.rate, client.map(RateKey::of_addr))?;
    }
    if matches!(route.endpoint.gives, Gives::Socket) {
        return socket::open(shared, parts, names.id, client, lang).await;
    }
    let caller = match route.access {
        Access::Member => Some(caller(shared, &parts).await?),
        Access::Public | Access::Signed => None,
    };
    if let Some(caller) = caller {
        rate::check(limiter, route.rate, Some(RateKey::Member(caller.member)))?;
    }
    let query = query_pairs(parts.uri.query().unwrap_or_default());
    let query = query
        .map_err(|field| field.map_or_else(|| Problem::malformed(None), |field| Problem::malformed(Some(&field))))?;
    let input = payload(route, &parts, body).await?;
    let path = documented(route, &names);
    let shared = Arc::clone(shared);
    route.endpoint.run(Call { shared, caller, lang, names, query, path, headers: parts.headers, client, input }).await
}

/// Who calls.
///
/// # Errors
/// 401, or what kept it from being told.
pub(crate) async fn caller(shared: &Shared, parts: &Parts) -> Result<Caller, Problem> {
    shared.auth.authenticate(Proof::Head(parts)).await.map_err(unknown)
}

/// The body, where the route takes one. What another route would refuse is not even read.
async fn payload(route: &Route, parts: &Parts, body: Incoming) -> Result<Payload, Problem> {
    let Some(takes) = &route.endpoint.takes else { return Ok(Payload::default()) };
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_upload = takes.files && content_type.is_some_and(|value| value.starts_with("multipart/"));
    let limit = if is_upload { body_limit::UPLOAD_BYTES } else { body_limit::TEXT_BYTES };
    let bytes = body_limit::read(&parts.headers, body, limit).await?;
    Ok(Payload { content_type: content_type.map(str::to_owned), bytes })
}

/// The path as documented, with what it names.
fn documented(route: &Route, names: &Names) -> String {
    let parts = [("{id}", &names.id), ("{seq}", &names.seq)];
    parts.into_iter().fold(route.path.to_owned(), |path, (part, name)| match name {
        Some(name) => path.replace(part, name),
        None => path,
    })
}

fn options(found: &Found<'_>) -> Result<Response<Body>, Problem> {
    let allow = match found {
        Found::Methods(allow) => allow.as_str(),
        Found::Route(..) => "OPTIONS",
        Found::Nothing => return Err(Edge::NoRoute.into()),
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    Ok(response)
}

/// A page or file of the web client, if that is what the path names.
#[cfg(feature = "web")]
fn page(shared: &Shared, parts: &Parts) -> Result<Response<Body>, Problem> {
    let asset = if shared.options.web { crate::web::asset(parts.uri.path()) } else { None };
    let Some(asset) = asset else { return Err(Edge::NoRoute.into()) };
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(Problem::method("GET, HEAD, OPTIONS".to_owned()));
    }
    let fresh = parts.headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == asset.etag.as_bytes());
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = if fresh {
        let mut unchanged = Response::new(Body::empty());
        *unchanged.status_mut() = StatusCode::NOT_MODIFIED;
        unchanged
    } else {
        Response::new(match asset.body {
            std::borrow::Cow::Borrowed(bytes) => Body::from(bytes),
            std::borrow::Cow::Owned(bytes) => Body::from(bytes),
        })
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, asset.mime.as_str()),
        (header::ETAG, asset.etag.as_str()),
        (header::CACHE_CONTROL, caching),
    ] {
        headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
    }
    Ok(response)
}

#[cfg(not(feature = "web"))]
fn page(_: &Shared, _: &Parts) -> Result<Response<Body>, Problem> {
    Err(Edge::NoRoute.into())
}
