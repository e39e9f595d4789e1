//! A Redis that loses messages: a proxy that leaves out some of what is published, whole, on its way to subscribers.

use std::net::SocketAddr;

use gpting_core::{Rng, SystemRng};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, UnixStream};
use tokio::task::AbortHandle;

/// A proxy in front of a Redis.
#[derive(Debug)]
pub(crate) struct Lossy {
    address: SocketAddr,
    task: AbortHandle,
}

impl Lossy {
    /// In front of a Redis on a socket of this machine (`redis+unix://…`), losing so many of a hundred messages.
    pub(crate) async fn before(url: &str, percent: u32) -> Self {
        let path = url.strip_prefix("redis+unix://").expect("a Redis of the rig").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = UnixStream::connect(&path).await else { continue };
                let ((mut asks, mut told), (answers, mut server)) = (client.into_split(), server.into_split());
                tokio::spawn(async move { tokio::io::copy(&mut asks, &mut server).await });
                tokio::spawn(async move {
                    let mut answers = BufReader::new(answers);
                    while let Some(one) = next(&mut answers).await {
                        let is_message = one.windows(9).any(|part| part == b"\r\nmessage");
                        let is_lost = is_message && SystemRng.below(100) < percent;
                        if !is_lost && told.write_all(&one).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address: here, task: task.abort_handle() }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }
}

impl Drop for Lossy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The bytes of the next whole answer of the Redis protocol.
async fn next(from: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> Option<Vec<u8>> {
    let (mut bytes, mut open) = (Vec::new(), 1_usize);
    while open > 0 {
        open -= 1;
        let start = bytes.len();
        if from.read_until(b'\n', &mut bytes).await.ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&bytes[start..]).into_owned();
        let count: i64 = line.get(1..)?.trim().parse().unwrap_or(0);
        let count = usize::try_from(count).unwrap_or(0);
        match line.as_bytes()[0] {
            b'*' | b'>' | b'~' => open += count,
            b'%' => open += 2 * count,
            b'$' | b'=' if !line.starts_with("$-1") => {
                let before = bytes.len();
                bytes.resize(before + count + 2, 0);
                from.read_exact(&mut bytes[before..]).await.ok()?;
            }
            _ => {}
        }
    }
    Some(bytes)
}
