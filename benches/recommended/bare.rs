//! What the same bytes cost at least: hyper, one statement by primary keys through sqlx, and a body that is there already.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use tokio::net::TcpListener;

use crate::Failure;
use crate::client::ids_of;

/// The statement by which the store loads members.
const MEMBERS: &str = "SELECT id, version, document FROM member WHERE id IN (SELECT value FROM json_each(?1))";

/// Who is on a page, as the statement takes it, and its bytes.
#[derive(Debug)]
struct Page {
    ids: String,
    body: Bytes,
}

/// Writes down pages for [`serve`].
pub(crate) fn write_down(file: &Path, pages: &[Vec<u8>]) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
    for page in pages {
        let line = json!({"ids": ids_of(page)?, "body": String::from_utf8_lossy(page)});
        writeln!(out, "{line}")?;
    }
    Ok(out.flush()?)
}

/// Serves `/<number of a page>` until the process is killed; says its port on standard output.
pub(crate) async fn serve(file: &Path, pages: &Path) -> Result<(), Failure> {
    let lines = std::fs::read_to_string(pages)?;
    let read = |line: &str| -> Result<Page, Failure> {
        let line: Value = serde_json::from_str(line)?;
        let body = line["body"].as_str().ok_or("no body")?.to_owned();
        Ok(Page { ids: line["ids"].to_string(), body: body.into() })
    };
    let pages: Arc<Vec<Page>> = Arc::new(lines.lines().map(read).collect::<Result<_, _>>()?);
    // As the store opens its readers.
    let options = SqliteConnectOptions::new().filename(file).pragma("cache_size", "-2000").pragma("query_only", "ON");
    let pool = SqlitePoolOptions::new().max_connections(4).connect_with(options).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (pages, pool) = (Arc::clone(&pages), pool.clone());
        let answer = service_fn(move |request| answer(Arc::clone(&pages), pool.clone(), request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), answer));
    }
}

async fn answer(
    pages: Arc<Vec<Page>>,
    pool: SqlitePool,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let place = request.uri().path().trim_start_matches('/').parse::<usize>().ok();
    let Some(page) = place.and_then(|place| pages.get(place)) else {
        return Ok(status(404));
    };
    let rows = sqlx::query_as::<_, (i64, i64, String)>(MEMBERS).bind(&page.ids).fetch_all(&pool).await;
    if !rows.is_ok_and(|rows| rows.iter().all(|(_, version, document)| *version > 0 && !document.is_empty())) {
        return Ok(status(500));
    }
    let mut response = Response::new(Full::new(page.body.clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

fn status(code: u16) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response
}
