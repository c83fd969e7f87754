//! The services on Weir as Spin would run them: what they write and measure is printed by the
//! component that stands in for `weir:platform`, and Weir logs it.

#[path = "backend.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod backend;
#[path = "storage.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod storage;

use super::printed;
use crate::harness::app::App;
use crate::harness::host::Host;
use serde_json::Value;

/// The app of this project.
fn app() -> App {
    App::services().args(["--portable"])
}

/// Starts it.
async fn start(app: App) -> Option<Host> {
    Some(app.start().await)
}

/// The lines that a component has printed.
fn lines(host: &Host, component: &str) -> Vec<String> {
    let log = host.log();
    let logged = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let own = logged.filter(|line: &Value| line["component"] == component);
    own.filter_map(|line| line["message"].as_str().map(str::to_owned))
        .collect()
}

/// The text of every entry that a component left, once there are `count`.
async fn entries(host: &Host, component: &str, count: usize) -> Vec<String> {
    printed::entries(|| lines(host, component), count).await
}

/// Waits until a component has counted to `value`.
async fn counted(host: &Host, component: &str, metric: &str, value: u64) {
    printed::counted(|| lines(host, component), metric, value).await;
}
