//! Stopping without dropping anybody: readiness goes first, sockets are closed one by one, work in hand is finished.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Ends the service gently. All clones are one.
///
/// From [`Drain::begin`] on, `/readyz` answers 503, no socket is opened, and open ones are closed with 1012 (come back)
/// over the next two seconds, so that their clients do not all come back at once. Plain requests are still served, and their
/// answers close the connection (HTTP/1): the
/// accept loop stops on its own.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    begun: CancellationToken,
    sockets: TaskTracker,
}

impl Drain {
    /// Begins. Doing it again changes nothing.
    pub fn begin(&self) {
        self.begun.cancel();
        self.sockets.close();
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits until it has begun and every socket is closed.
    pub async fn done(&self) {
        self.begun.cancelled().await;
        self.sockets.wait().await;
    }

    /// How many sockets are open.
    pub fn open_sockets(&self) -> usize {
        self.sockets.len()
    }

    /// Resolves when it begins.
    pub(crate) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// Runs a socket's task.
    pub(crate) fn track(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.sockets.spawn(task);
    }
}
