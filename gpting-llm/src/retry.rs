//! Whether a request is worth another try, and after how long.
//!
//! Called by `line`; pure but for the random source it is given. Full jitter: each wait is drawn evenly from nothing to a
//! ceiling that doubles, so that many who failed together do not come back together. What the server asks for comes first.
//!
//! Source: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

use gpting_core::Rng;

use crate::transport::Answer;

/// How often a request is tried again.
pub(crate) const RETRIES: u32 = 2;
/// The most that a wait can be, unless the server asks for more.
const CEILING: Duration = Duration::from_secs(8);

/// The most that is believed of a server that asks to be left alone.
const BELIEVED: Duration = Duration::from_hours(1);

/// What a status means for the request that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// An answer.
    Success,
    /// Later may be better: 408, 409, 429, 5xx.
    Again,
    /// The server works and does not take this request: 400, 413, 422 and the like.
    Refused,
    /// Nobody here is served, whatever they ask: 401, 402, 403, 404, 407, redirects.
    Closed,
}

impl Verdict {
    /// Of a status.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            408 | 409 | 429 | 500..=599 => Self::Again,
            401..=404 | 407 | 300..=399 => Self::Closed,
            _ => Self::Refused,
        }
    }
}

/// A wait before try `attempt` (1 for the first retry): evenly between nothing and a ceiling that doubles from `first`.
pub(crate) fn jitter(rng: &dyn Rng, first: Duration, attempt: u32) -> Duration {
    let ceiling = first.saturating_mul(1 << (attempt - 1).min(16)).min(CEILING);
    let millis = u32::try_from(ceiling.as_millis()).unwrap_or(u32::MAX - 1);
    Duration::from_millis(rng.below(millis + 1).into())
}

/// How long a server asks to be left alone, an hour at the most: `retry-after-ms` before `retry-after`, which is seconds or a
/// date.
pub(crate) fn asked_for(answer: &Answer) -> Option<Duration> {
    written(answer).map(|wait| wait.min(BELIEVED))
}

fn written(answer: &Answer) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| (0.0..1e9).contains(number));
    if let Some(millis) = answer.retry_after_ms.as_deref().and_then(number) {
        return Some(Duration::from_secs_f64(millis / 1_000.0));
    }
    let text = answer.retry_after.as_deref()?;
    if let Some(seconds) = number(text) {
        return Some(Duration::from_secs_f64(seconds));
    }
    // By the server's own clock: ours may differ.
    let instant = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let wait = instant(text)?.duration_since(instant(answer.date.as_deref()?)?);
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use gpting_core::SeededRng;

    use super::*;

    #[test]
    fn statuses_have_one_meaning() {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert_eq!(Verdict::of(status), Verdict::Again, "{status}");
        }
        for status in [400, 401, 402, 403, 404, 405, 413, 415, 422, 301, 302, 307, 308, 100, 600] {
            assert!(!matches!(Verdict::of(status), Verdict::Again | Verdict::Success), "{status}");
        }
        for status in [401, 402, 403, 404, 407, 302] {
            assert_eq!(Verdict::of(status), Verdict::Closed, "{status}");
        }
        assert_eq!((Verdict::of(200), Verdict::of(201)), (Verdict::Success, Verdict::Success));
    }

    #[test]
    fn what_the_server_asks_for_is_read() {
        let asked = |ms: Option<&str>, after: Option<&str>, date: Option<&str>| {
            let own = |text: Option<&str>| text.map(str::to_owned);
            asked_for(&Answer {
                retry_after_ms: own(ms),
                retry_after: own(after),
                date: own(date),
                ..Answer::default()
            })
        };
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(asked(Some("250"), Some("9"), None), millis(250));
        assert_eq!(asked(Some("soon"), Some("9"), None), millis(9_000));
        assert_eq!(asked(None, Some("1.5"), None), millis(1_500));
        let (then, now) = ("Fri, 27 Nov 2026 22:00:07 GMT", "Fri, 27 Nov 2026 22:00:00 GMT");
        assert_eq!(asked(None, Some(then), Some(now)), millis(7_000));
        assert_eq!(asked(None, Some(now), Some(then)), millis(0), "a time that is past");
        assert_eq!(asked(None, Some("999999"), None), Some(BELIEVED));
        for nothing in ["", "-1", "NaN", "inf", "1e12", "tomorrow", then] {
            assert_eq!(asked(None, Some(nothing), None), None, "{nothing}");
        }
        assert_eq!(asked(None, None, None), None);
    }

    #[test]
    fn waits_fill_their_range_and_end_at_the_ceiling() {
        let rng = SeededRng::new(7);
        let first = Duration::from_millis(500);
        for attempt in 1..40 {
            let ceiling = first.saturating_mul(1 << (attempt - 1).min(16)).min(CEILING);
            let waits: Vec<Duration> = (0..400).map(|_| jitter(&rng, first, attempt)).collect();
            assert!(waits.iter().all(|wait| *wait <= ceiling), "{attempt}");
            let low = waits.iter().filter(|wait| **wait < ceiling / 4).count();
            let high = waits.iter().filter(|wait| **wait > ceiling * 3 / 4).count();
            assert!((60..140).contains(&low) && (60..140).contains(&high), "{attempt}: {low} {high} of 400");
        }
    }
}
