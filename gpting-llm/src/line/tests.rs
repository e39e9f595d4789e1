//! The line over a scripted transport, on a clock that stands still: every count and every wait exactly.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use gpting_core::SeededRng;

use super::*;

const FIRST: Duration = Duration::from_millis(500);
const BACKGROUND: Duration = Duration::from_secs(20);

/// One turn of the script.
#[derive(Clone, Debug)]
enum Plays {
    Status(u16),
    Asks(u16, &'static str, &'static str),
    Says(&'static str),
    Loses(Lost),
    Hangs,
    /// Answers well, after so long.
    Takes(Duration),
}

#[derive(Debug)]
struct Script {
    turns: Mutex<VecDeque<Plays>>,
    then: Plays,
    at: Mutex<Vec<Instant>>,
    at_once: Mutex<(usize, usize)>,
}

impl Script {
    fn new(turns: &[Plays], then: Plays) -> Arc<Self> {
        Arc::new(Self {
            turns: Mutex::new(turns.iter().cloned().collect()),
            then,
            at: Mutex::default(),
            at_once: Mutex::default(),
        })
    }

    /// When each request came, from the first on.
    fn times(&self) -> Vec<Duration> {
        let at = self.at.lock().unwrap();
        at.iter().map(|time| *time - at[0]).collect()
    }
}

#[async_trait]
impl Transport for Script {
    async fn exchange(&self, _: Path, _: Option<Vec<u8>>) -> Result<Answer, Lost> {
        self.at.lock().unwrap().push(Instant::now());
        let turn = self.turns.lock().unwrap().pop_front().unwrap_or_else(|| self.then.clone());
        let answer = |status, body: &str| Answer { status, body: body.into(), ..Answer::default() };
        match turn {
            Plays::Status(status) => Ok(answer(status, "")),
            Plays::Asks(status, "retry-after-ms", value) => {
                Ok(Answer { retry_after_ms: Some(value.to_owned()), ..answer(status, "") })
            }
            Plays::Asks(status, _, value) => Ok(Answer { retry_after: Some(value.to_owned()), ..answer(status, "") }),
            Plays::Says(text) => Ok(answer(200, text)),
            Plays::Loses(lost) => Err(lost),
            Plays::Hangs => std::future::pending().await,
            Plays::Takes(time) => {
                let now = {
                    let mut at_once = self.at_once.lock().unwrap();
                    at_once.0 += 1;
                    at_once.1 = at_once.1.max(at_once.0);
                    *at_once
                };
                assert!(now.0 > 0);
                sleep(time).await;
                self.at_once.lock().unwrap().0 -= 1;
                Ok(answer(200, "good"))
            }
        }
    }
}

fn line(script: &Arc<Script>, seed: u64) -> Line {
    Line::new(Arc::<Script>::clone(script), Arc::new(SeededRng::new(seed)), 4, FIRST)
}

fn read(bytes: &[u8]) -> Result<(), Failure> {
    match bytes {
        b"good" => Ok(()),
        b"no" => Err(Failure::Refused { usage: None }),
        _ => Err(Failure::Unreadable),
    }
}

async fn ask(line: &Line) -> Result<(), Failure> {
    line.ask(Path::Chat, b"{}", Instant::now() + BACKGROUND, read).await
}

/// The waits that a seed draws.
fn waits(seed: u64) -> [Duration; 2] {
    let rng = SeededRng::new(seed);
    [1, 2].map(|attempt| jitter(&rng, FIRST, attempt))
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_twice_more_after_the_drawn_waits() {
    let troubles = [
        Plays::Status(500),
        Plays::Status(503),
        Plays::Status(429),
        Plays::Status(408),
        Plays::Status(409),
        Plays::Loses(Lost::Unreachable),
        Plays::Loses(Lost::Cut),
    ];
    for (seed, trouble) in (1..).zip(troubles) {
        let script = Script::new(&[], trouble.clone());
        let line = line(&script, seed);
        let ended = ask(&line).await;
        assert!(matches!(ended, Err(Failure::Unavailable { retry_after: None, .. })), "{trouble:?}: {ended:?}");
        let [first, second] = waits(seed);
        assert_eq!(script.times(), [Duration::ZERO, first, first + second], "{trouble:?}");
        let stats = line.stats();
        assert_eq!((stats.requests, stats.retries, stats.in_hand), (3, 2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_answered_ends_it() {
    let script = Script::new(&[Plays::Status(503), Plays::Loses(Lost::Cut)], Plays::Says("good"));
    let line = line(&script, 3);
    assert!(ask(&line).await.is_ok());
    assert_eq!(script.times().len(), 3);
    assert!(ask(&line).await.is_ok());
    assert_eq!(script.times().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_asked_once() {
    for status in [400, 401, 402, 403, 404, 413, 422, 301, 302, 307, 308] {
        let script = Script::new(&[], Plays::Status(status));
        let ended = ask(&line(&script, 1)).await;
        assert!(matches!(ended, Err(Failure::Rejected { status: told, .. }) if told == status), "{status}: {ended:?}");
        assert_eq!(script.times().len(), 1, "{status}");
    }
    for (turn, is_refusal) in
        [(Plays::Says("no"), true), (Plays::Says("?"), false), (Plays::Loses(Lost::TooLarge), false)]
    {
        let script = Script::new(&[], turn.clone());
        let ended = ask(&line(&script, 1)).await;
        let expected = matches!(ended, Err(Failure::Refused { .. })) && is_refusal
            || matches!(ended, Err(Failure::Unreadable)) && !is_refusal;
        assert!(expected, "{turn:?}: {ended:?}");
        assert_eq!(script.times().len(), 1, "{turn:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_says_when_to_come_back() {
    let turns = [Plays::Asks(429, "retry-after-ms", "1234"), Plays::Asks(503, "retry-after", "5")];
    let script = Script::new(&turns, Plays::Says("good"));
    assert!(ask(&line(&script, 1)).await.is_ok());
    let millis = Duration::from_millis;
    assert_eq!(script.times(), [Duration::ZERO, millis(1_234), millis(6_234)]);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_more_time_than_there_is_gets_it_all() {
    let script = Script::new(&[Plays::Asks(429, "retry-after", "20")], Plays::Says("good"));
    let begun = Instant::now();
    let ended = ask(&line(&script, 1)).await;
    assert!(
        matches!(ended, Err(Failure::Unavailable { retry_after: Some(wait), .. }) if wait == Duration::from_secs(20))
    );
    assert_eq!((script.times().len(), begun.elapsed()), (1, Duration::ZERO), "nobody waits for what cannot come");
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_is_waited_for_until_the_deadline_and_no_longer() {
    for patience in [Duration::from_secs(8), BACKGROUND] {
        let script = Script::new(&[], Plays::Hangs);
        let line = line(&script, 1);
        let begun = Instant::now();
        let ended = line.ask(Path::Chat, b"{}", begun + patience, read).await;
        assert!(matches!(ended, Err(Failure::Unavailable { .. })));
        assert_eq!((script.times().len(), begun.elapsed()), (1, patience));
    }
    // Half of the time is gone with the first try: the second has the rest.
    let script = Script::new(&[Plays::Asks(503, "retry-after", "12")], Plays::Hangs);
    let begun = Instant::now();
    assert!(ask(&line(&script, 1)).await.is_err());
    assert_eq!((script.times().len(), begun.elapsed()), (2, BACKGROUND));
}

#[tokio::test(start_paused = true)]
async fn after_five_failures_nothing_is_sent_for_thirty_seconds_and_then_one_request() {
    let script = Script::new(&[], Plays::Status(500));
    let line = line(&script, 1);
    assert!(ask(&line).await.is_err());
    assert_eq!(script.times().len(), 3);
    let ended = ask(&line).await;
    assert_eq!(script.times().len(), 5, "the fifth failure ends the call");
    assert!(matches!(ended, Err(Failure::Unavailable { retry_after: Some(_), .. })));
    for _ in 0..100 {
        let begun = Instant::now();
        assert!(matches!(ask(&line).await, Err(Failure::Unavailable { retry_after: Some(_), .. })));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
    assert_eq!((script.times().len(), line.breaker(Path::Chat).open_for().is_some()), (5, true));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert!(ask(&line).await.is_err());
    assert_eq!(script.times().len(), 6, "one probe, without retries");
    tokio::time::advance(Duration::from_secs(30)).await;
    script.turns.lock().unwrap().push_back(Plays::Says("good"));
    assert!(ask(&line).await.is_ok());
    assert!(line.breaker(Path::Chat).open_for().is_none());
}

#[tokio::test(start_paused = true)]
async fn garbage_and_shut_doors_open_the_breaker_and_refusals_do_not() {
    for (turn, requests) in [
        (Plays::Says("?"), 5),
        (Plays::Loses(Lost::TooLarge), 5),
        (Plays::Hangs, 5),
        (Plays::Status(401), 5),
        (Plays::Status(402), 5),
        (Plays::Status(404), 5),
        (Plays::Status(302), 5),
        (Plays::Status(400), 12),
        (Plays::Status(422), 12),
        (Plays::Says("no"), 12),
        (Plays::Says("good"), 12),
    ] {
        let script = Script::new(&[], turn.clone());
        let line = line(&script, 1);
        for _ in 0..12 {
            let _ = line.ask(Path::Chat, b"{}", Instant::now() + Duration::from_secs(1), read).await;
        }
        assert_eq!(script.times().len(), requests, "{turn:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_at_once_than_permits_and_those_in_line_learn_that_it_opened() {
    let script = Script::new(&[], Plays::Takes(Duration::from_secs(1)));
    let begun = Instant::now();
    let all = Arc::new(line(&script, 1));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let line = Arc::clone(&all);
        tasks.spawn(async move { ask(&line).await.is_ok() });
    }
    let ended = tasks.join_all().await;
    assert!(ended.iter().all(|ok| *ok));
    assert_eq!((script.at_once.lock().unwrap().1, begun.elapsed()), (4, Duration::from_secs(10)));

    let script = Script::new(&[], Plays::Status(500));
    let all = Arc::new(line(&script, 1));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..1_000 {
        let line = Arc::clone(&all);
        tasks.spawn(async move { ask(&line).await.is_err() });
    }
    assert!(tasks.join_all().await.iter().all(|failed| *failed));
    assert_eq!(script.times().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let script = Script::new(&[], Plays::Hangs);
    let line = line(&script, 1);
    for _ in 0..50 {
        assert!(tokio::time::timeout(Duration::from_millis(1), ask(&line)).await.is_err());
    }
    let stats = line.stats();
    assert_eq!((stats.requests, stats.in_hand, line.permits.available_permits()), (50, 0, 4));
    assert!(line.breaker(Path::Chat).open_for().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_there_does_not_silence_the_other() {
    let script = Script::new(&[], Plays::Status(404));
    let line = line(&script, 1);
    for _ in 0..9 {
        assert!(line.ask(Path::Embeddings, b"{}", Instant::now() + BACKGROUND, read).await.is_err());
    }
    assert_eq!(script.times().len(), 5);
    script.turns.lock().unwrap().push_back(Plays::Says("good"));
    assert!(ask(&line).await.is_ok());
    let stats = line.stats();
    assert_eq!((stats.text.is_open, stats.embeddings.is_open), (false, true));
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_and_brought_nothing_may_have_been_worked_on() {
    for (turns, begun) in [
        (vec![Plays::Hangs], true),
        (vec![Plays::Loses(Lost::Cut); 3], true),
        (vec![Plays::Status(500); 3], true),
        (vec![Plays::Status(504); 3], true),
        (vec![Plays::Loses(Lost::Unreachable); 3], false),
        (vec![Plays::Status(429); 3], false),
        (vec![Plays::Status(503); 3], false),
        // One of three is enough.
        (vec![Plays::Loses(Lost::Cut), Plays::Status(503), Plays::Loses(Lost::Unreachable)], true),
        (vec![Plays::Loses(Lost::Cut), Plays::Asks(429, "retry-after", "60")], true),
    ] {
        let script = Script::new(&turns, Plays::Says("good"));
        let ended = ask(&line(&script, 1)).await;
        let is_told = matches!(ended, Err(Failure::Unavailable { begun: told, .. }) if told == begun);
        assert!(is_told, "{turns:?}: {ended:?}");
    }
    // Nor is anything begun while nothing is sent.
    let script = Script::new(&[], Plays::Status(500));
    let line = line(&script, 1);
    while line.breaker(Path::Chat).open_for().is_none() {
        assert!(ask(&line).await.is_err());
    }
    assert!(matches!(ask(&line).await, Err(Failure::Unavailable { begun: false, .. })));
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_longer_than_the_breaker_stays_open_is_believed() {
    let script = Script::new(&[], Plays::Asks(429, "retry-after", "120"));
    let line = line(&script, 1);
    for call in 1..=5 {
        let ended = ask(&line).await;
        assert!(
            matches!(ended, Err(Failure::Unavailable { retry_after: Some(wait), .. }) if wait.as_secs() == 120),
            "{call}: {ended:?}"
        );
    }
    assert!(line.breaker(Path::Chat).open_for().is_some(), "the fifth has opened it");
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_a_place_is_no_failure_of_the_server() {
    // One place, and answers that take nearly all the time that there is: whoever comes second gets a moment.
    let script = Script::new(&[], Plays::Takes(Duration::from_secs(19)));
    let line = Line::new(Arc::<Script>::clone(&script), Arc::new(SeededRng::new(1)), 1, FIRST);
    for round in 0..15 {
        let (first, second) = tokio::join!(ask(&line), ask(&line));
        assert!(first.is_ok(), "{round}: {first:?}");
        assert!(matches!(second, Err(Failure::Unavailable { begun: true, .. })), "{round}: {second:?}");
    }
    assert_eq!((script.times().len(), line.breaker(Path::Chat).open_for()), (30, None));
}
