//! The admin port: `/metrics` for Prometheus, `/healthz`, dead letters, and what is flagged, on an address of its own that is
//! not for the public.
//!
//! Called by the accept loop of that port; calls the counters and the core. Invariant: only numbers, kinds and times leave
//! here.

mod flags;
mod jobs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use gpting_core::Gpting;
use gpting_llm::Llm;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;

use super::llm;
use super::traffic::{Traffic, metric};
use crate::layer::drain::Drain;

/// What the admin port tells about.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    g: Gpting,
    llm: Option<Llm>,
    traffic: Arc<Traffic>,
    drain: Drain,
    started: Instant,
    ready_after: Duration,
}

impl Admin {
    /// Tells about this service, its language model, these counters, these sockets; it has just become ready.
    pub(crate) fn new(g: Gpting, llm: Option<Llm>, traffic: Arc<Traffic>, drain: Drain, started: Instant) -> Self {
        Self { g, llm, traffic, drain, started, ready_after: started.elapsed() }
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, request: &Parts) -> Response<Full<Bytes>> {
        match (&request.method, request.uri.path()) {
            (&Method::GET, "/metrics") => {
                answer(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", self.metrics())
            }
            (&Method::GET, "/healthz") => answer(StatusCode::OK, "text/plain; charset=utf-8", "ok\n".to_owned()),
            (_, "/metrics" | "/healthz") => not_allowed("GET"),
            (_, flags::FLAGS) => flags::respond(&self.g, request).await,
            (_, path) if path.starts_with(jobs::DEAD) => jobs::respond(&self.g, request).await,
            _ => not_found(),
        }
    }

    fn metrics(&self) -> String {
        let mut text = String::new();
        metric(
            &mut text,
            "gpting_up",
            "gauge",
            "1 while serving, 0 while draining.",
            u8::from(!self.drain.has_begun()),
        );
        text.push_str("# HELP gpting_build_info The version that runs.\n# TYPE gpting_build_info gauge\n");
        text.push_str(concat!("gpting_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"));
        let uptime = self.started.elapsed().as_secs_f64();
        metric(&mut text, "gpting_uptime_seconds", "gauge", "Time since the start.", uptime);
        let ready = self.ready_after.as_secs_f64();
        metric(&mut text, "gpting_start_seconds", "gauge", "From the start until it was ready.", ready);
        let loaded = u8::from(self.g.index_was_loaded());
        metric(&mut text, "gpting_index_loaded", "gauge", "1 when the start used the index on the disk.", loaded);
        metric(&mut text, "gpting_people", "gauge", "Members that the engine can propose.", self.g.people());
        metric(&mut text, "gpting_sockets_open", "gauge", "WebSockets open.", self.drain.open_sockets());
        let age = self.g.feed_age().as_secs_f64();
        metric(&mut text, "gpting_feed_age_seconds", "gauge", "Time since other instances' changes were read.", age);
        if let Some(bus) = self.g.bus_health() {
            metric(&mut text, "gpting_bus_up", "gauge", "1 while other instances can be woken.", u8::from(bus.reached));
            metric(&mut text, "gpting_bus_said_total", "counter", "Hints handed to other instances.", bus.said);
            metric(&mut text, "gpting_bus_heard_total", "counter", "Hints heard of other instances.", bus.heard);
            metric(&mut text, "gpting_bus_lost_total", "counter", "Hints let go: too many waited.", bus.lost);
            metric(&mut text, "gpting_bus_failures_total", "counter", "Connections of the bus lost.", bus.failures);
        }
        jobs::metrics(&mut text, &self.g.jobs().health());
        if let Some(llm) = &self.llm {
            llm::metrics(&mut text, &llm.stats());
        }
        process(&mut text);
        text.push_str(&self.traffic.render());
        text
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

fn not_allowed(allow: &'static str) -> Response<Full<Bytes>> {
    let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain", String::new());
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    answer
}

fn not_found() -> Response<Full<Bytes>> {
    answer(StatusCode::NOT_FOUND, "text/plain", String::new())
}

/// What the system tells of this process, under the names that Prometheus' own libraries use.
fn process(text: &mut String) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    if let Some(kib) = kib {
        metric(text, "process_resident_memory_bytes", "gauge", "Resident memory.", kib * 1024);
    }
    // The one that reads the folder is open too.
    if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
        metric(text, "process_open_fds", "gauge", "Open files and sockets.", open.count().saturating_sub(1));
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let most = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    if let Some(most) = most.and_then(|most| most.parse::<u64>().ok()) {
        metric(text, "process_max_fds", "gauge", "Files and sockets that may be open.", most);
    }
}

#[cfg(test)]
mod tests {
    use gpting_core::store::MemoryStore;
    use http::Request;
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn metrics_are_numbers_in_the_text_format() {
        let g = Gpting::builder(MemoryStore::default()).build().await.unwrap();
        let drain = Drain::default();
        let admin = Admin::new(g, None, Arc::default(), drain.clone(), Instant::now());
        let get = async |path: &str| admin.answer(&Request::get(path).body(()).unwrap().into_parts().0).await;
        let body = get("/metrics").await.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("gpting_") || name.starts_with("process_"), "{line}");
            value.parse::<f64>().unwrap();
        }
        assert!(text.contains("\ngpting_people 0\n") && text.contains("gpting_up 1\n"), "{text}");
        drain.begin();
        assert!(admin.metrics().contains("gpting_up 0\n"));
        assert_eq!(get("/healthz").await.status(), StatusCode::OK);
        assert_eq!(get("/else").await.status(), StatusCode::NOT_FOUND);
        let post = admin.answer(&Request::post("/metrics").body(()).unwrap().into_parts().0).await;
        assert_eq!(
            (post.status(), post.headers().get("allow").unwrap().as_bytes()),
            (StatusCode::METHOD_NOT_ALLOWED, b"GET".as_slice())
        );
    }
}
