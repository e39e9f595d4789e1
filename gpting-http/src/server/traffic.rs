//! What went through the accept loop, counted for Prometheus.
//!
//! Written by [`accept`](super::accept) with relaxed atomics, read by [`admin`](super::admin). Invariant: nothing of a
//! request is kept, neither path nor address.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;

/// Upper bounds of the histogram of times to answer, in milliseconds.
const BOUNDS_MS: [u64; 10] = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

/// Counters of one listener.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    accepted: AtomicU64,
    closed: AtomicU64,
    /// By the first digit of the status.
    answers: [AtomicU64; 5],
    /// Answers by time, one per bound and one beyond.
    times: [AtomicU64; BOUNDS_MS.len() + 1],
    time_micros: AtomicU64,
}

/// An open connection; closed when it is dropped.
#[derive(Debug)]
pub(crate) struct OpenConnection<'a>(&'a Traffic);

impl Drop for OpenConnection<'_> {
    fn drop(&mut self) {
        self.0.closed.fetch_add(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Counts a connection until what is returned is dropped.
    pub(crate) fn opened(&self) -> OpenConnection<'_> {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self)
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> u64 {
        let closed = self.closed.load(Ordering::Relaxed);
        self.accepted.load(Ordering::Relaxed).saturating_sub(closed)
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
        let slot = BOUNDS_MS.iter().position(|bound| took <= Duration::from_millis(*bound)).unwrap_or(BOUNDS_MS.len());
        self.times[slot].fetch_add(1, Ordering::Relaxed);
        self.time_micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The counters in the text format of Prometheus (exposition format 0.0.4).
    pub(crate) fn render(&self) -> String {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut text = String::new();
        let (closed, accepted) = (read(&self.closed), read(&self.accepted));
        metric(&mut text, "gpting_connections_total", "counter", "Connections accepted.", accepted);
        metric(&mut text, "gpting_connections_open", "gauge", "Connections open.", accepted.saturating_sub(closed));
        head(&mut text, "gpting_http_responses_total", "counter", "Answers by class of status.");
        for (class, count) in (1..).zip(&self.answers) {
            let _ = writeln!(text, "gpting_http_responses_total{{class=\"{class}xx\"}} {}", read(count));
        }
        head(&mut text, "gpting_http_response_seconds", "histogram", "Time from a request's head to its answer's.");
        let mut so_far = 0;
        for (bound, count) in BOUNDS_MS.iter().zip(&self.times) {
            so_far += read(count);
            let seconds = Duration::from_millis(*bound).as_secs_f64();
            let _ = writeln!(text, "gpting_http_response_seconds_bucket{{le=\"{seconds}\"}} {so_far}");
        }
        so_far += self.times.last().map_or(0, read);
        let sum = Duration::from_micros(read(&self.time_micros)).as_secs_f64();
        let _ = writeln!(text, "gpting_http_response_seconds_bucket{{le=\"+Inf\"}} {so_far}");
        let _ = writeln!(text, "gpting_http_response_seconds_sum {sum}\ngpting_http_response_seconds_count {so_far}");
        text
    }
}

/// Writes one metric with its head.
pub(super) fn metric(text: &mut String, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    head(text, name, kind, help);
    let _ = writeln!(text, "{name} {value}");
}

/// Writes the head of a metric.
pub(super) fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_class_and_time() {
        let traffic = Traffic::default();
        let open = traffic.opened();
        drop(traffic.opened());
        for (status, millis) in [(200, 0), (201, 3), (404, 30), (503, 9_000)] {
            traffic.answered(StatusCode::from_u16(status).unwrap(), Duration::from_millis(millis));
        }
        let text = traffic.render();
        for line in [
            "gpting_connections_total 2",
            "gpting_connections_open 1",
            "gpting_http_responses_total{class=\"2xx\"} 2",
            "gpting_http_responses_total{class=\"4xx\"} 1",
            "gpting_http_responses_total{class=\"5xx\"} 1",
            "gpting_http_response_seconds_bucket{le=\"0.001\"} 1",
            "gpting_http_response_seconds_bucket{le=\"0.05\"} 3",
            "gpting_http_response_seconds_bucket{le=\"+Inf\"} 4",
            "gpting_http_response_seconds_sum 9.033",
            "gpting_http_response_seconds_count 4",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} in\n{text}");
        }
        drop(open);
        assert!(traffic.render().contains("gpting_connections_open 0"));
    }
}
