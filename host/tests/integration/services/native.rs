//! The services on Weir as it is: entries are files, metrics are the host's.

#[path = "backend.rs"]
mod backend;
#[path = "storage.rs"]
mod storage;

use crate::harness::app::App;
use crate::harness::host::Host;

/// The app of this project.
pub(super) fn app() -> App {
    App::services()
}

/// Starts it.
async fn start(app: App) -> Option<Host> {
    Some(app.start().await)
}

/// The text of every entry that a component left, once there are `count`.
async fn entries(host: &Host, component: &str, count: usize) -> Vec<String> {
    let files = host.log_files(component);
    assert_eq!(files.len(), count);
    let read = |path| std::fs::read_to_string(path).unwrap();
    files.iter().map(read).collect()
}

/// Waits until a component has counted to `value`.
async fn counted(host: &Host, component: &str, metric: &str, value: u64) {
    let name = format!("{}_{metric}_total", component.replace('-', "_"));
    host.metric_is(&name, &[], value as f64).await;
}
