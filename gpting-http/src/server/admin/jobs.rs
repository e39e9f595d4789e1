//! Jobs on the admin port: dead letters to look at, try again or let go, and how jobs and events fare as metrics.
//!
//! Called by [`admin`](super); calls the core. Invariant: of a dead letter its kind, its times and the kind of its last
//! error leave here, nothing of what it was about.

use std::fmt::Write as _;

use bytes::Bytes;
use gpting_core::id::JobId;
use gpting_core::job::{Job, JobCount, JobHealth};
use gpting_core::{Code, Error, Gpting};
use http::request::Parts;
use http::{Method, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::{Value, json};

use super::{answer, not_allowed, not_found};
use crate::server::traffic::{head, metric};

/// Where the dead letters are.
pub(super) const DEAD: &str = "/admin/jobs/dead";
/// How many a page has when nothing is said.
const PAGE: usize = 100;

/// Answers a request below [`DEAD`].
pub(super) async fn respond(g: &Gpting, request: &Parts) -> Response<Full<Bytes>> {
    let rest = request.uri.path().strip_prefix(DEAD).unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    match (parts.as_slice(), &request.method) {
        ([], &Method::GET) => list(g, request.uri.query().unwrap_or_default()).await,
        ([], _) => not_allowed("GET"),
        ([id], &Method::DELETE) | ([id, "retry"], &Method::POST) => {
            // A page that somebody has open in a browser on this machine must not be able to do this.
            if request.headers.contains_key(header::ORIGIN) {
                return told(StatusCode::FORBIDDEN, "foreign_origin");
            }
            let Ok(id) = id.parse::<JobId>() else { return told(StatusCode::NOT_FOUND, "not_found") };
            let done = if parts.len() == 1 { g.jobs().discard(id).await } else { g.jobs().retry(id).await };
            match done {
                Ok(()) => answer(StatusCode::NO_CONTENT, "application/json", String::new()),
                Err(error) => failed(&error),
            }
        }
        ([_], _) => not_allowed("DELETE"),
        ([_, "retry"], _) => not_allowed("POST"),
        _ => not_found(),
    }
}

async fn list(g: &Gpting, query: &str) -> Response<Full<Bytes>> {
    let (mut after, mut limit) = (None, PAGE);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("after", id)) if id.parse::<JobId>().is_ok() => after = id.parse().ok(),
            Some(("limit", most)) if most.parse::<usize>().is_ok_and(|most| most > 0) => {
                limit = most.parse().unwrap_or(PAGE);
            }
            _ => return told(StatusCode::BAD_REQUEST, "validation_failed"),
        }
    }
    match g.jobs().dead(after, limit).await {
        Ok(jobs) => {
            let jobs: Vec<Value> = jobs.iter().map(letter).collect();
            answer(StatusCode::OK, "application/json", Value::from(jobs).to_string())
        }
        Err(error) => failed(&error),
    }
}

fn letter(job: &Job) -> Value {
    let failure = job.failure.as_ref();
    json!({
        "id": job.id.value(),
        "kind": job.task.kind(),
        "attempts": job.attempts,
        "dead_at": job.dead_at.map(|at| at.to_string()),
        "failed_at": failure.map(|failure| failure.at.to_string()),
        "code": failure.map(|failure| &failure.code),
        "what": failure.map(|failure| &failure.what),
    })
}

fn failed(error: &Error) -> Response<Full<Bytes>> {
    let code = error.code();
    if code == Code::NotFound {
        return told(StatusCode::NOT_FOUND, code.as_str());
    }
    tracing::warn!(error = %gpting_core::error::Chain(error), "dead letters are out of reach");
    let is_passing = code == Code::Unavailable;
    told(if is_passing { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::INTERNAL_SERVER_ERROR }, code.as_str())
}

fn told(status: StatusCode, code: &str) -> Response<Full<Bytes>> {
    answer(status, "application/json", json!({ "code": code }).to_string())
}

/// Writes how jobs and the delivery of events fare.
pub(super) fn metrics(text: &mut String, health: &JobHealth) {
    type Read = fn(&JobCount) -> u64;
    let families: [(&str, &str, Read); 3] = [
        ("gpting_jobs_done_total", "Jobs performed, by kind.", |count| count.done),
        ("gpting_jobs_failed_total", "Attempts at jobs that failed, by kind.", |count| count.failed),
        ("gpting_jobs_lost_total", "Jobs taken over by others while they were performed, by kind.", |count| count.lost),
    ];
    for (name, help, read) in families {
        head(text, name, "counter", help);
        for (kind, count) in &health.kinds {
            let _ = writeln!(text, "{name}{{kind=\"{kind}\"}} {}", read(count));
        }
    }
    metric(text, "gpting_jobs_dead", "gauge", "Jobs that were given up and wait for a person.", health.dead);
    let late = health.late.as_secs_f64();
    metric(text, "gpting_jobs_late_seconds", "gauge", "How long the longest due job has waited.", late);
    metric(text, "gpting_events_delivered_total", "counter", "Events taken by the host's sink.", health.delivered);
    metric(text, "gpting_events_refused_total", "counter", "Deliveries refused by the host's sink.", health.refused);
    metric(text, "gpting_events_held", "gauge", "Pairs whose events wait for their next try.", health.held);
}
