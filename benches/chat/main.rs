//! A load of chatting people on your own server.
//!
//! `GPTING_LOAD_COUPLES=FILE GPTING_LOAD_RATE=200 GPTING_LOAD_SECONDS=30 cargo bench -p gpting-benches --bench chat`
//!
//! Each line of the file is a couple: room id, access token, access token, server, and a second server if the listener is
//! to be connected elsewhere (`ws://host:port`), separated by spaces. Without a rate, as fast as messages are acknowledged.

#![expect(clippy::print_stdout, reason = "what was measured is told")]

mod load;

use std::time::Duration;

use load::Couple;

fn number(name: &str) -> Result<Option<u32>, Box<dyn std::error::Error + Send + Sync>> {
    std::env::var(name).ok().map(|text| Ok(text.parse()?)).transpose()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Ok(path) = std::env::var("GPTING_LOAD_COUPLES") else {
        println!("GPTING_LOAD_COUPLES names no file: nothing to do");
        return Ok(());
    };
    let mut couples = Vec::new();
    for line in std::fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [room, one, other, server, rest @ ..] = words.as_slice() else {
            return Err(format!("not a couple: {} words", words.len()).into());
        };
        let servers = [*server, rest.first().copied().unwrap_or(server)].map(str::to_owned);
        couples.push(Couple { room: room.parse()?, access: [*one, *other].map(str::to_owned), servers });
    }
    let seconds = number("GPTING_LOAD_SECONDS")?.unwrap_or(10);
    let outcome = load::run(&couples, number("GPTING_LOAD_RATE")?, Duration::from_secs(seconds.into())).await?;
    println!("{} acknowledged, {:.0} a second", outcome.acked, outcome.rate());
    println!(
        "{} delivered: p50 {:.1?}, p90 {:.1?}, p99 {:.1?}, at the most {:.1?}",
        outcome.delivered.len(),
        outcome.percentile(50),
        outcome.percentile(90),
        outcome.percentile(99),
        outcome.percentile(100),
    );
    Ok(())
}
