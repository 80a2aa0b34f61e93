//! Serves the pages over an invented history, for looking at them: `cargo run --example web_preview -- young 8099`.
//! The picture's own time starts at a fixed moment and advances by a second a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use uphold::access::Tokens;
use uphold::clock::Clock;
use uphold::live::Counters;
use uphold::measure::heartbeat::HeartbeatError;
use uphold::web::{LOOPBACK_HOSTS, WebState, router};
use uphold_core::time::Millis;

#[path = "../tests/it/sample.rs"]
mod sample;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let story = match arguments.next().as_deref() {
        Some("empty") => sample::Story::Empty,
        Some("grown") => sample::Story::Grown,
        Some("revised") => sample::Story::Revised,
        _ => sample::Story::Young,
    };
    let port = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(8099);
    let (sender, live) = watch::channel(Arc::new(sample::live(story, sample::noon())));
    // Nobody can tell it anything: no token is known.
    let state = WebState {
        live,
        tokens: Tokens::of(std::path::Path::new("/nowhere")),
        accounts: uphold::accounts::Accounts::of(std::path::Path::new("/nowhere"), Clock::system()),
        identity_provider: None,
        data: "/nowhere".into(),
        tell: mpsc::channel(1).0,
        heartbeat: Arc::new(|_, _, _| Err(HeartbeatError::NoSuchCheck)),
        desk: uphold::measure::vantage::Desk::new().0,
        clock: Clock::system(),
        board: uphold::notify::Board::default(),
        printer: uphold::printer::Printer::default(),
        counters: Arc::new(Counters::default),
        allowed_hosts: LOOPBACK_HOSTS.map(str::to_owned).to_vec(),
    };
    tokio::spawn(async move {
        let mut now = sample::noon();
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        loop {
            ticks.tick().await;
            now = now + Millis(1000);
            sender.send_replace(Arc::new(sample::live(story, now)));
        }
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, router(state)).await
}
