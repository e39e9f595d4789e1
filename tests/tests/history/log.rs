//! What is there of a run: so far, and when all is over.

use std::time::{Duration, Instant};

use gpting_core::id::RoomId;
use gpting_core::store::{MessageRange, Store as _};
use gpting_store_pg::PgStore;

use crate::client::{Run, id_of};
use crate::history::History;

/// What is there in the end, straight from the database.
pub(crate) async fn log_of(store: &PgStore, history: &mut History) {
    for room in history.members.keys().copied().collect::<Vec<_>>() {
        let id = RoomId::new(i64::try_from(room).unwrap()).unwrap();
        let mut log = Vec::new();
        loop {
            let after = log.last().map_or(0, |(seq, _)| *seq);
            let part = store.messages(id, MessageRange::After(after), 1_000, None).await.unwrap();
            log.extend(part.iter().map(|message| (message.seq, id_of(&message.text))));
            if part.len() < 1_000 {
                break;
            }
        }
        history.log.insert(room, log);
    }
}

/// Waits until every message is acknowledged.
pub(crate) async fn acknowledged(run: &Run) {
    let since = Instant::now();
    while run.history.lock().unwrap().sends.values().any(|send| send.acks.is_empty()) {
        assert!(since.elapsed() < Duration::from_mins(2), "some messages are never acknowledged");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
