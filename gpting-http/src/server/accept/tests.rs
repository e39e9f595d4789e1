use http_body_util::Full;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinHandle;

use super::*;

struct Rig {
    address: SocketAddr,
    stopping: CancellationToken,
    traffic: Arc<Traffic>,
    server: JoinHandle<()>,
}

/// Answers with the peer's port; `/slow` after 300 ms.
async fn start(limits: Limits) -> Rig {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopping, traffic) = (CancellationToken::new(), Arc::new(Traffic::default()));
    let service = tower::service_fn(|request: Request<Incoming>| async move {
        if request.uri().path() == "/slow" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        let peer = request.extensions().get::<PeerAddr>().unwrap().0;
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(format!("port {}", peer.port())))))
    });
    let server = serve(listener, service, limits, Arc::clone(&traffic), stopping.clone(), Duration::from_secs(2));
    Rig { address, stopping, traffic, server: tokio::spawn(server) }
}

fn quick() -> Limits {
    Limits { head: Duration::from_millis(200), connections: 4 }
}

async fn connect(rig: &Rig) -> TcpStream {
    TcpStream::connect(rig.address).await.unwrap()
}

async fn read_all(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection cut off with unread bytes on it may end in a reset.
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("it ends");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_is_answered_with_its_peer_known() {
    let rig = start(quick()).await;
    let mut stream = connect(&rig).await;
    let port = stream.local_addr().unwrap().port();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&format!("port {port}")), "{answer}");
    assert!(rig.traffic.render().contains("gpting_http_responses_total{class=\"2xx\"} 1"));
}

#[tokio::test]
async fn who_says_nothing_or_stops_in_the_middle_is_cut_off() {
    let rig = start(quick()).await;
    for beginning in [b"".as_slice(), b"P", b"PRI * HTTP/2.0", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = connect(&rig).await;
        stream.write_all(beginning).await.unwrap();
        let asked = Instant::now();
        read_all(&mut stream).await;
        assert!(asked.elapsed() < Duration::from_secs(2), "{}", String::from_utf8_lossy(beginning));
    }
}

#[tokio::test]
async fn a_connection_beyond_the_bound_waits_for_a_place() {
    let rig = start(Limits { head: Duration::from_millis(500), connections: 1 }).await;
    let silent = connect(&rig).await;
    let mut second = connect(&rig).await;
    second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), second.readable()).await;
    assert!(early.is_err(), "answered although the only place is taken");
    drop(silent);
    assert!(read_all(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn stopping_answers_what_has_been_read_and_takes_nothing_new() {
    let rig = start(Limits { head: Duration::from_secs(5), connections: 4 }).await;
    let (mut busy, mut idle) = (connect(&rig).await, connect(&rig).await);
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    tokio::time::sleep(Duration::from_millis(50)).await;
    rig.stopping.cancel();
    assert!(read_all(&mut busy).await.starts_with("HTTP/1.1 200"), "a request in hand is finished");
    read_all(&mut idle).await;
    tokio::time::timeout(Duration::from_secs(1), rig.server).await.unwrap().unwrap();
    assert!(TcpStream::connect(rig.address).await.is_err());
}
