//! From a typed handler to something a table can hold: parse → one core call → encode, with its own documentation.
//!
//! Called by [`router`](crate::router), which names a handler per route; calls [`extract`](crate::extract). What a
//! handler takes and answers is told by its types alone, so that the OpenAPI document cannot say anything else.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use gpting_core::Gpting;
use gpting_core::id::MemberId;
use gpting_core::lang::Lang;
use gpting_core::{Code, Fault};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, schema::Schema};

use crate::authenticate::Caller;
use crate::body::Body;
use crate::error::Problem;
use crate::extract::{Fields, Input, fields};
use crate::router::Names;
use crate::shared::Shared;

/// A request on its way to a handler: who calls, where, and what they sent.
#[derive(Debug)]
pub(crate) struct Call<I = ()> {
    /// The service.
    pub(crate) shared: Arc<Shared>,
    /// Who calls; none on public routes.
    pub(crate) caller: Option<Caller>,
    /// The language of the answer.
    pub(crate) lang: Lang,
    /// What the path names, as it stands there.
    pub(crate) names: Names,
    /// The query, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The path as documented, for cursors and links.
    pub(crate) path: String,
    /// The request's headers.
    pub(crate) headers: HeaderMap,
    /// The client's address, if it is known.
    pub(crate) client: Option<IpAddr>,
    /// What was sent.
    pub(crate) input: I,
}

impl<I> Call<I> {
    /// The service.
    pub(crate) fn g(&self) -> &Gpting {
        &self.shared.g
    }

    /// The member who calls.
    ///
    /// # Errors
    /// 401 on a route that the table calls public.
    pub(crate) fn me(&self) -> Result<MemberId, Problem> {
        Ok(self.caller.ok_or(Code::TokenInvalid)?.member)
    }

    /// The id in the path; what is no id names nothing, so that it is the same `missing` as an unknown one.
    ///
    /// # Errors
    /// `missing`.
    pub(crate) fn id<T: std::str::FromStr>(&self, missing: Code) -> Result<T, Problem> {
        let id = self.names.id.as_deref().ok_or(missing)?;
        Ok(id.parse().map_err(|_| missing)?)
    }

    /// The `{seq}` in the path; what is no place names nothing.
    ///
    /// # Errors
    /// `missing`.
    pub(crate) fn seq(&self, missing: Code) -> Result<u64, Problem> {
        let seq = self.names.seq.as_deref().and_then(|seq| seq.parse::<u64>().ok());
        Ok(seq.filter(|seq| i64::try_from(*seq).is_ok()).ok_or(missing)?)
    }

    /// A value of the query, if it is there and not empty.
    ///
    /// # Errors
    /// 400 when it is there twice.
    pub(crate) fn query(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Problem::field(name, Fault::Invalid)),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// A whole number of the query.
    ///
    /// # Errors
    /// 400 when it is no number of the range.
    pub(crate) fn query_number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Problem> {
        let Some(text) = self.query(name)? else { return Ok(None) };
        let number: i64 = text.parse().map_err(|_| Problem::field(name, Fault::Invalid))?;
        if range.contains(&number) {
            Ok(Some(number))
        } else {
            let fault = Fault::OutOfRange { min: *range.start(), max: *range.end() };
            Err(Problem::field(name, fault))
        }
    }

    /// The call and what was sent, apart.
    pub(crate) fn take(self) -> (Call, I) {
        let Self { shared, caller, lang, names, query, path, headers, client, input } = self;
        (Call { shared, caller, lang, names, query, path, headers, client, input: () }, input)
    }

    fn and<J>(self, input: J) -> Call<J> {
        let Self { shared, caller, lang, names, query, path, headers, client, .. } = self;
        Call { shared, caller, lang, names, query, path, headers, client, input }
    }
}

/// What a handler answers.
#[derive(Debug)]
pub(crate) struct Reply<O> {
    status: StatusCode,
    body: O,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl<O> Reply<O> {
    /// 200.
    pub(crate) fn ok(body: O) -> Self {
        Self { status: StatusCode::OK, body, headers: Vec::new() }
    }

    /// 201.
    pub(crate) fn created(body: O) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// 201 for something new, 200 for what stood before.
    pub(crate) fn created_unless(already: bool, body: O) -> Self {
        if already { Self::ok(body) } else { Self::created(body) }
    }

    /// With a header; a value that is none is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::try_from(value).ok().map(|value| (name, value)));
        self
    }
}

impl<O: Serialize> Reply<O> {
    fn into_response(self, lang: Lang) -> Result<Response<Body>, Problem> {
        let body = serde_json::to_vec(&self.body).map_err(|source| gpting_core::Error::Internal {
            what: "an answer could not be encoded",
            source: Box::new(source),
        })?;
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang.code()));
        headers.extend(self.headers);
        Ok(response)
    }
}

/// What came along with a request, unread.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// `Content-Type`.
    pub(crate) content_type: Option<String>,
    /// The bytes.
    pub(crate) bytes: Bytes,
}

/// What a handler answers or refuses with.
pub(crate) type Answer<O> = Result<Reply<O>, Problem>;

type Run = Arc<dyn Fn(Call<Payload>) -> BoxFuture<'static, Result<Response<Body>, Problem>> + Send + Sync>;

/// A named schema, and those it refers to.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// What an operation takes or answers, for the document.
#[derive(Clone)]
pub(crate) struct Shape {
    /// The schema's name, or the schema itself where it is none of ours (a list, a plain value).
    pub(crate) schema: RefOr<Schema>,
    /// All schemas it needs.
    pub(crate) needs: Schemas,
}

impl std::fmt::Debug for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.needs.iter().map(|(name, _)| name)).finish()
    }
}

impl Shape {
    pub(crate) fn of<T: ToSchema>() -> Self {
        let mut needs = Vec::new();
        T::schemas(&mut needs);
        let schema = match T::schema() {
            // An object of ours is referred to by name; what has no name of its own stands where it is used.
            RefOr::T(Schema::Array(list)) => RefOr::T(Schema::Array(list)),
            schema @ (RefOr::Ref(_) | RefOr::T(_)) => {
                needs.push((T::name().into_owned(), schema));
                RefOr::Ref(utoipa::openapi::Ref::from_schema_name(T::name()))
            }
        };
        Self { schema, needs }
    }
}

/// What an operation takes, for the document.
#[derive(Clone, Debug)]
pub(crate) struct Takes {
    /// Its shape.
    pub(crate) shape: Shape,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether files may come along.
    pub(crate) files: bool,
    /// Whether it makes sense as multipart only.
    pub(crate) only_files: bool,
}

/// What an operation answers, for the document.
#[derive(Clone, Debug)]
pub(crate) enum Gives {
    /// JSON.
    Json(Box<Shape>),
    /// Bytes of a media type.
    Bytes(&'static str),
    /// A WebSocket.
    Socket,
}

/// A handler with its types forgotten and its documentation kept.
#[derive(Clone)]
pub(crate) struct Endpoint {
    run: Run,
    /// What it takes.
    pub(crate) takes: Option<Takes>,
    /// What it answers.
    pub(crate) gives: Gives,
    /// What its query may hold.
    pub(crate) query: &'static [Param],
}

/// A parameter of a query, for the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    /// What it may hold.
    pub(crate) kind: ParamKind,
}

/// What a parameter of a query may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ParamKind {
    /// A whole number from one to another.
    Integer(i64, i64),
    /// Text.
    Text,
    /// One of these.
    OneOf(&'static [&'static str]),
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("takes", &self.takes).field("gives", &self.gives).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// With parameters of the query.
    #[must_use]
    pub(crate) fn query(mut self, query: &'static [Param]) -> Self {
        self.query = query;
        self
    }

    /// Runs the handler.
    pub(crate) fn run(&self, call: Call<Payload>) -> BoxFuture<'static, Result<Response<Body>, Problem>> {
        (self.run)(call)
    }

    /// What a socket's route has for a handler: the service upgrades before it would be called.
    pub(crate) fn socket(query: &'static [Param]) -> Self {
        let run: Run = Arc::new(|_| Box::pin(async { Err(crate::error::Edge::Upgrade.into()) }));
        Self { run, takes: None, gives: Gives::Socket, query }
    }
}

/// An endpoint that takes nothing.
pub(crate) fn get<O, F>(handler: fn(Call) -> F) -> Endpoint
where
    O: Serialize + ToSchema + Send + 'static,
    F: Future<Output = Answer<O>> + Send + 'static,
{
    let run: Run = Arc::new(move |call| {
        let (call, _) = call.take();
        let lang = call.lang;
        let answer = handler(call);
        Box::pin(async move { answer.await?.into_response(lang) })
    });
    Endpoint { run, takes: None, gives: Gives::Json(Box::new(Shape::of::<O>())), query: &[] }
}

/// An endpoint that takes something.
pub(crate) fn on<I, O, F>(handler: fn(Call<I>) -> F) -> Endpoint
where
    I: Input + ToSchema,
    O: Serialize + ToSchema + Send + 'static,
    F: Future<Output = Answer<O>> + Send + 'static,
{
    let run: Run = Arc::new(move |call| {
        Box::pin(async move {
            let (call, payload) = call.take();
            let mut read: Fields = fields(payload.content_type.as_deref(), payload.bytes, I::FILES).await?;
            let input = I::read(&mut read);
            read.finish()?;
            let lang = call.lang;
            handler(call.and(input)).await?.into_response(lang)
        })
    });
    let takes = Takes { shape: Shape::of::<I>(), required: I::REQUIRED, files: I::FILES, only_files: I::ONLY_FILES };
    Endpoint { run, takes: Some(takes), gives: Gives::Json(Box::new(Shape::of::<O>())), query: &[] }
}

/// An endpoint that takes nothing and waits for nothing.
pub(crate) fn at_once<O>(handler: fn(&Call) -> O) -> Endpoint
where
    O: Serialize + ToSchema + Send + 'static,
{
    let run: Run = Arc::new(move |call| {
        let (call, _) = call.take();
        let answer = Reply::ok(handler(&call)).into_response(call.lang);
        Box::pin(std::future::ready(answer))
    });
    Endpoint { run, takes: None, gives: Gives::Json(Box::new(Shape::of::<O>())), query: &[] }
}

/// An endpoint that answers bytes it has at hand, the same for everybody.
pub(crate) fn document(media: &'static str, handler: fn(&Call) -> Bytes) -> Endpoint {
    let run: Run = Arc::new(move |call| {
        let (call, _) = call.take();
        let mut response = Response::new(Body::from(handler(&call)));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        Box::pin(std::future::ready(Ok(response)))
    });
    Endpoint { run, takes: None, gives: Gives::Bytes(media), query: &[] }
}

/// An endpoint that answers bytes of its own.
pub(crate) fn raw<F>(media: &'static str, handler: fn(Call) -> F) -> Endpoint
where
    F: Future<Output = Result<Response<Body>, Problem>> + Send + 'static,
{
    let run: Run = Arc::new(move |call| {
        let (call, _) = call.take();
        let answer = handler(call);
        Box::pin(answer)
    });
    Endpoint { run, takes: None, gives: Gives::Bytes(media), query: &[] }
}
