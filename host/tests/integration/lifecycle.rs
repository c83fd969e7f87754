//! The life of a host: its start, what it says of itself meanwhile, and its end by a drain.

mod cut;
mod drain;
mod phases;
mod second_host;
mod stores;

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use rustix::process::Signal;
use std::process::ExitStatus;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Longer than any test takes.
const FOREVER: &str = "\"1h\"";

/// A host with guests that take their time, and this `[drain]`.
async fn start(drain: &str) -> Host {
    app(drain).start().await
}

fn app(drain: &str) -> App {
    ["p3_hello", "p3_sleep", "p3_chunks", "p3_echo_body"]
        .iter()
        .fold(App::new(), |app, guest| app.guest(guest, ""))
        .config(&format!("[drain]\n{drain}\n"))
}

/// A client whose request takes so many milliseconds, and that tells what came back.
async fn sleeper(host: &Host, milliseconds: u64) -> JoinHandle<String> {
    let mut wire = Wire::connect(host).await;
    wire.get(&format!("/p3_sleep?ms={milliseconds}")).await;
    tokio::spawn(wire.rest())
}

/// So many requests are in flight.
async fn in_flight(host: &Host, requests: f64) {
    host.metric_is("http_server_active_requests", &[], requests)
        .await;
}

/// Asks it to drain, and waits until it has begun to.
async fn begin_to_drain(host: &Host) {
    host.signal(Signal::TERM);
    host.logged(&["\"draining\""]).await;
}

/// Waits until new connections are refused.
async fn refuses_connections(host: &Host) {
    crate::harness::eventually("refusal of connections", async || {
        let connected = TcpStream::connect(host.socket()).await;
        connected.is_err().then_some(())
    })
    .await;
}

/// Whether its status says that nothing was cut.
fn is_clean(status: ExitStatus) -> bool {
    status.code() == Some(0)
}
