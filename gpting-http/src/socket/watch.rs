//! Ends sockets with their sessions, also of sessions that ended at another instance and without a bus: everybody who
//! has a socket is asked about together, once in a while, by one statement.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::sleep;

use crate::shared::Shared;

/// How often. Whoever signs out is gone within the second.
const EVERY: Duration = Duration::from_millis(700);

/// Makes sure that sessions are watched as long as there are sockets.
pub(super) fn watch(shared: &Arc<Shared>) {
    if shared.sockets.begin_watching() {
        tokio::spawn(run(Arc::downgrade(shared)));
    }
}

async fn run(shared: Weak<Shared>) {
    loop {
        sleep(EVERY).await;
        let Some(shared) = shared.upgrade() else { return };
        let Some(callers) = shared.sockets.callers() else { return };
        match shared.auth.ended(&callers).await {
            Ok(ended) => shared.sockets.end(&ended),
            // What cannot be found out counts as still there.
            Err(error) => tracing::warn!(%error, "sessions could not be checked"),
        }
    }
}
