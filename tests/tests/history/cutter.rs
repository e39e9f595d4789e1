//! A line that breaks: a TCP proxy that cuts each connection after a random number of bytes, in the middle of whatever
//! passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use gpting_core::{Rng, SystemRng};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A proxy in front of one server. Dropping it cuts everything.
#[derive(Debug)]
pub(crate) struct Cutter {
    address: SocketAddr,
    task: AbortHandle,
    cuts: Arc<AtomicUsize>,
}

impl Cutter {
    /// In front of a port of loopback; each connection carries at most `most` bytes.
    pub(crate) async fn before(port: u16, most: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cuts = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&cuts);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let cuts = Arc::clone(&counted);
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await {
                        carry(client, server, u64::from(500 + SystemRng.below(most))).await;
                        cuts.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { address, task: task.abort_handle(), cuts }
    }

    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// How many connections have ended here.
    pub(crate) fn cuts(&self) -> usize {
        self.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Carries bytes both ways until one side ends or the budget of both together is spent: to the byte.
async fn carry(client: TcpStream, server: TcpStream, budget: u64) {
    let left = AtomicU64::new(budget);
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pass(&mut from_client, &mut to_server, &left) => {}
        () = pass(&mut from_server, &mut to_client, &left) => {}
    }
}

async fn pass(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    left: &AtomicU64,
) {
    let mut bytes = [0; 4096];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else { return };
        let before = left.load(Ordering::Relaxed);
        let allowed = usize::try_from(before).unwrap_or(usize::MAX).min(count);
        left.store(before - allowed as u64, Ordering::Relaxed);
        if to.write_all(&bytes[..allowed]).await.is_err() || allowed < count {
            return;
        }
    }
}
