//! An echo on the code of GPTing's sockets, for conformance suites. `GPTING_ECHO_LISTEN=127.0.0.1:9001 cargo run --release
//! -p gpting-examples --example echo`, then point a suite at it; `tests/autobahn.sh` does so with Autobahn's.

#![expect(clippy::print_stdout, reason = "says where it listens")]

use std::convert::Infallible;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(address) = std::env::var("GPTING_ECHO_LISTEN") else {
        println!("GPTING_ECHO_LISTEN names no address: nothing to do");
        return Ok(());
    };
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let echo = tower::service_fn(|request| async { Ok::<_, Infallible>(gpting_http::echo(request).await) });
    axum::serve(listener, axum::Router::new().fallback_service(echo)).await?;
    Ok(())
}
