//! A load of chatting people on any server: sockets of theirs, messages on a schedule that does not wait for answers, and
//! how long each took to come out at the other side.
//!
//! Open loop: message `n` is due at `n / rate` after the start, whether or not the ones before it have been answered, and
//! its time is counted from when it was due. A server that falls behind shows it; one that is asked politely would not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// An open socket.
pub(crate) type Line = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Two people in a room: their access tokens, and the servers (`ws://host:port`) that each is connected to.
#[derive(Clone, Debug)]
pub(crate) struct Couple {
    /// Where they talk.
    pub(crate) room: u64,
    /// Who talks.
    pub(crate) access: [String; 2],
    /// Where each is connected.
    pub(crate) servers: [String; 2],
}

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// How many messages were acknowledged, and within what time.
    pub(crate) acked: usize,
    /// From the start to the last acknowledgement.
    pub(crate) spent: Duration,
    /// From when each message was due until it came out at the other side, sorted.
    pub(crate) delivered: Vec<Duration>,
}

impl Outcome {
    /// The time within which so many of a hundred came.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let at = (self.delivered.len() * percent / 100).min(self.delivered.len().saturating_sub(1));
        self.delivered.get(at).copied().unwrap_or_default()
    }

    /// Acknowledged messages a second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.acked).unwrap_or(u32::MAX)) / self.spent.as_secs_f64().max(1e-9)
    }
}

/// Opens a socket of all rooms and waits until it is ready.
///
/// # Errors
/// Why not.
pub(crate) async fn open(server: &str, access: &str) -> Result<Line, Box<dyn std::error::Error + Send + Sync>> {
    let mut request = format!("{server}/ws/").into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {access}").parse()?);
    // The library would clear 128 KiB before each reading: more work than everything else here.
    let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
    let (mut line, _) = connect_async_with_config(request, Some(config), true).await?;
    line.next().await.ok_or("closed at once")??;
    Ok(line)
}

#[derive(Debug, Default)]
struct Seen {
    due: HashMap<u64, Instant>,
    delivered: Vec<Duration>,
    acked: usize,
    last: Option<Instant>,
}

/// Lets the first of each couple say messages for `how_long`, all together at `rate` a second, or, without a rate, as
/// fast as each is acknowledged with 16 under way; the second of each listens.
///
/// # Errors
/// When a socket cannot be opened.
pub(crate) async fn run(
    couples: &[Couple],
    rate: Option<u32>,
    how_long: Duration,
) -> Result<Outcome, Box<dyn std::error::Error + Send + Sync>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut tasks = JoinSet::new();
    let mut lines = Vec::new();
    for couple in couples {
        let writer = open(&couple.servers[0], &couple.access[0]).await?;
        let reader = open(&couple.servers[1], &couple.access[1]).await?;
        lines.push((couple.room, writer, reader));
    }
    let (began, count) = (Instant::now(), u32::try_from(couples.len()).unwrap_or(1));
    for (number, (room, writer, reader)) in (0_u32..).zip(lines) {
        let every = rate.map(|rate| Duration::from_secs(1) * count / rate.max(1));
        // Not all in the same instant.
        let first = began + every.unwrap_or_default() * number / count;
        tasks.spawn(listen(reader, Arc::clone(&seen), began + how_long + Duration::from_secs(3)));
        tasks.spawn(talk(writer, room, u64::from(number), first, every, began + how_long, Arc::clone(&seen)));
    }
    tasks.join_all().await;
    let mut seen = seen.lock().expect("nobody panics");
    let mut delivered = std::mem::take(&mut seen.delivered);
    delivered.sort_unstable();
    let spent = seen.last.unwrap_or(began).duration_since(began);
    Ok(Outcome { acked: seen.acked, spent, delivered })
}

async fn listen(mut line: Line, seen: Arc<Mutex<Seen>>, until: Instant) {
    while let Ok(Some(Ok(message))) = tokio::time::timeout_at(until.into(), line.next()).await {
        let Message::Text(text) = message else { continue };
        // Read as little as possible: what the reader spends is the server's to lose, on one machine.
        let said = text.strip_prefix(r#"{"type":"message","message":""#);
        let number = said.and_then(|said| said.split(' ').next()?.parse().ok());
        if let Some(number) = number {
            let mut seen = seen.lock().expect("nobody panics");
            let due = seen.due.remove(&number);
            seen.delivered.extend(due.map(|due| due.elapsed()));
        }
    }
}

async fn talk(
    line: Line,
    room: u64,
    who: u64,
    first: Instant,
    every: Option<Duration>,
    until: Instant,
    seen: Arc<Mutex<Seen>>,
) {
    let (mut says, mut hears) = line.split();
    let (acks, mut acked) = mpsc::unbounded_channel();
    let counts = Arc::clone(&seen);
    let hearing = tokio::spawn(async move {
        let patience = until + Duration::from_secs(3);
        while let Ok(Some(Ok(message))) = tokio::time::timeout_at(patience.into(), hears.next()).await {
            if let Message::Text(text) = message
                && text.starts_with(r#"{"type":"ack""#)
            {
                let mut seen = counts.lock().expect("nobody panics");
                seen.acked += 1;
                seen.last = Some(Instant::now());
                drop(seen);
                let _ = acks.send(());
            }
        }
    });
    let mut under_way = 0_u32;
    for nth in 0_u32.. {
        let due = match every {
            Some(every) => first + every * nth,
            None => Instant::now(),
        };
        if due >= until {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        if every.is_none() {
            while under_way >= 16 {
                if acked.recv().await.is_none() {
                    return;
                }
                under_way -= 1;
            }
            under_way += 1;
        }
        let number = who << 32 | u64::from(nth);
        seen.lock().expect("nobody panics").due.insert(number, due);
        let text = format!("{number} 안녕하세요, 오늘 저녁에 시간 있어요?");
        let frame = json!({"type": "message", "room_id": room, "message": text, "client_msg_id": uuid::Uuid::new_v4()});
        if says.send(Message::text(frame.to_string())).await.is_err() {
            break;
        }
    }
    drop(acked);
    let _ = hearing.await;
}
