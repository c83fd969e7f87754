//! The services under Spin itself, where there is one ([`crate::harness::spin`]): what they write and
//! measure is printed by the component that stands in for `weir:platform`, and Spin keeps it.

#[path = "backend.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod backend;
#[path = "storage.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod storage;

use super::printed;
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::spin::spin;

/// The app of this project.
fn app() -> App {
    App::services_beside_their_code()
}

/// Starts it, if there is a Spin.
async fn start(app: App) -> Option<Host> {
    Some(app.start_under(spin()?).await)
}

/// The lines that a component has printed.
fn lines(host: &Host, component: &str) -> Vec<String> {
    let file = host.folder().join(format!("log/{component}_stdout.txt"));
    // None before the first line.
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The text of every entry that a component left, once there are `count`.
async fn entries(host: &Host, component: &str, count: usize) -> Vec<String> {
    printed::entries(|| lines(host, component), count).await
}

/// Waits until a component has counted to `value`.
async fn counted(host: &Host, component: &str, metric: &str, value: u64) {
    printed::counted(|| lines(host, component), metric, value).await;
}
