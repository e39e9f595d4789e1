//! The accept loop: connections in, requests to the service, and a gentle end.
//!
//! Called by [`start`](super::start) for the public and the admin port; calls whatever service it is given, in HTTP/1.1
//! or HTTP/2 as the client speaks, upgrades included. The peer's address goes into the request's extensions. Invariants:
//!
//! - who connects and says nothing, or says it one byte at a time, is cut off after [`Limits::head`];
//! - there is a bound on connections, and at the bound new ones wait in the kernel's queue;
//! - once stopping, what has been read is answered, and nothing lives longer than the time that was given.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

use super::traffic::Traffic;
use crate::layer::client::PeerAddr;

/// The largest head of a request, in bytes, and the most that is read ahead.
const READ_AHEAD: usize = 64 * 1024;
/// Most headers of a request.
const HEADERS: usize = 100;
/// Most requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How long to wait when no connection can be taken because files have run out.
const OUT_OF_FILES: Duration = Duration::from_millis(100);

/// How long somebody who has connected just before the end may take to say something.
const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// What one listener allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Longest time from connecting, or from the end of an answer, to the end of a request's head.
    pub(crate) head: Duration,
    /// Most connections at once.
    pub(crate) connections: usize,
}

impl Default for Limits {
    /// 10 s, as slow as a telephone in a lift; 16,384 connections, below the usual limit of open files.
    fn default() -> Self {
        Self { head: Duration::from_secs(10), connections: 16_384 }
    }
}

/// Serves what comes in until `stopping`, then finishes what is in hand for at most `patience`.
pub(crate) async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    traffic: Arc<Traffic>,
    stopping: CancellationToken,
    patience: Duration,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (builder, places, tasks) = (builder(limits), Arc::new(Semaphore::new(limits.connections)), TaskTracker::new());
    let cut = CancellationToken::new();
    let begin = {
        let (stopping, cut, tasks) = (stopping.clone(), cut.clone(), tasks.clone());
        move |stream, peer, place| {
            let (traffic, stopping) = (Arc::clone(&traffic), stopping.clone());
            let connection = Connection { peer, limits, traffic, stopping, _place: place };
            let (service, builder, cut) = (service.clone(), builder.clone(), cut.clone());
            tasks.spawn(async move {
                tokio::select! {
                    () = connection.run(stream, service, builder) => {}
                    () = cut.cancelled() => {}
                }
            });
        }
    };
    while let Some((stream, peer, place)) = next(&listener, &places, &stopping).await {
        begin(stream, peer, place);
    }
    // Whoever has connected before the port is closed is served: their first request may be on its way.
    for (stream, peer) in waiting(listener) {
        if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            begin(stream, peer, place);
        }
    }
    tasks.close();
    if tokio::time::timeout(patience, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "cut off what did not finish in time");
        cut.cancel();
        tasks.wait().await;
    }
}

/// Closes the port; answers the connections that were waiting to be taken.
fn waiting(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let mut found = Vec::new();
    let Ok(listener) = listener.into_std() else { return found };
    // Until there is none: it does not block.
    while let Ok((stream, peer)) = listener.accept() {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        found.extend(stream.ok().map(|stream| (stream, peer)));
    }
    found
}

/// The next connection and its place; none once stopping.
async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    stopping: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let accept = async {
        let place = Arc::clone(places).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return (stream, peer, place),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(OUT_OF_FILES).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stopping.cancelled() => None,
        accepted = accept => Some(accepted),
    }
}

fn builder(limits: Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(HEADERS)
        .max_buf_size(READ_AHEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(READ_AHEAD).unwrap_or(u32::MAX));
    builder
}

/// One connection's surroundings.
struct Connection {
    peer: SocketAddr,
    limits: Limits,
    traffic: Arc<Traffic>,
    stopping: CancellationToken,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn run<S, B>(self, stream: TcpStream, service: S, builder: Builder<TokioExecutor>)
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        // A socket's short frames must not wait for each other; where it cannot be set they are only slower.
        let _ = stream.set_nodelay(true);
        let _open = self.traffic.opened();
        let heard = Arc::new(AtomicBool::new(false));
        let (peer, traffic) = (self.peer, Arc::clone(&self.traffic));
        let handle = {
            let heard = Arc::clone(&heard);
            hyper::service::service_fn(move |mut request: Request<Incoming>| {
                heard.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(PeerAddr(peer));
                let (service, traffic, asked) = (service.clone(), Arc::clone(&traffic), Instant::now());
                async move {
                    let answer = service.oneshot(request).await;
                    if let Ok(answer) = &answer {
                        traffic.answered(answer.status(), asked.elapsed());
                    }
                    answer
                }
            })
        };
        let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), handle));
        // Until the protocol is known hyper's own timeout does not run.
        let mut first_head = pin!(tokio::time::sleep(self.limits.head));
        let mut grace = pin!(tokio::time::sleep(Duration::ZERO));
        let (mut told, mut graced, mut waited) = (false, false, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::trace!(error = %error, "a connection broke");
                    }
                    return;
                }
                () = self.stopping.cancelled(), if !told => {
                    told = true;
                    if heard.load(Ordering::Relaxed) {
                        connection.as_mut().graceful_shutdown();
                    } else {
                        // The first request may be on its way; its answer then closes the connection.
                        grace.as_mut().reset(tokio::time::Instant::now() + FIRST_REQUEST);
                    }
                }
                () = grace.as_mut(), if told && !graced => {
                    graced = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = first_head.as_mut(), if !waited => {
                    waited = true;
                    if !heard.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
