//! An echo on the upgrade and the frame code of our sockets, with limits raised: what a conformance suite talks to.

use http::{Request, Response, StatusCode};
use hyper_tungstenite::HyperWebsocket;
use hyper_tungstenite::tungstenite::Message;

use super::line::{Line, config_up_to};
use crate::body::Body;

/// The largest message that comes back, in bytes: the suite's largest is 16 MiB.
const MOST: usize = 64 << 20;

/// Answers an upgrade by a socket that sends back what it is sent, and everything else by 426.
pub async fn echo<B: Send>(request: Request<B>) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let mut request = Request::from_parts(parts, ());
    let Ok((response, upgraded)) = hyper_tungstenite::upgrade(&mut request, Some(config_up_to(MOST, MOST))) else {
        let mut refused = Response::new(Body::empty());
        *refused.status_mut() = StatusCode::UPGRADE_REQUIRED;
        return refused;
    };
    tokio::spawn(run(upgraded));
    response.map(|_| Body::empty())
}

async fn run(upgraded: HyperWebsocket) {
    let Ok(stream) = upgraded.await else { return };
    let mut line = Line::new(stream);
    let ended = loop {
        match line.next().await {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => {
                if let Err(close) = line.write(message).await {
                    break close;
                }
            }
            // The library answers pings and the closing; the stream ends by itself.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_) | Message::Close(_)) => {}
            Err(close) => break close,
        }
    };
    if let Some(close) = ended {
        line.hang_up(close).await;
    }
}
