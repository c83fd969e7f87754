//! The services as Spin would run them: what they write and measure is printed by the component
//! that stands in for `weir:platform`.

#[path = "backend.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod backend;
#[path = "storage.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests on another host")]
mod storage;

use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use serde_json::Value;

/// The app of this project.
pub(super) fn app() -> App {
    App::services().args(["--portable"])
}

/// What a component has printed of this kind.
fn printed(host: &Host, component: &str, kind: &str) -> Vec<Value> {
    let log = host.log();
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let own = lines.filter(|line: &Value| line["component"] == component);
    own.filter_map(|line| serde_json::from_str(line["message"].as_str()?).ok())
        .filter(|event: &Value| event["weir"] == kind)
        .collect()
}

/// The text of every entry that a component left, once there are `count`.
pub(super) async fn entries(host: &Host, component: &str, count: usize) -> Vec<String> {
    let entries = eventually(&format!("{count} entries of {component}"), async || {
        let entries = printed(host, component, "log-entry");
        (entries.len() >= count).then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), count);
    for entry in &entries {
        let name = entry["name"].as_str().unwrap();
        assert!(name.starts_with("log_") && name.ends_with(".txt"), "{name}");
    }
    let text = |entry: &Value| entry["contents"].as_str().unwrap().to_owned();
    entries.iter().map(text).collect()
}

/// Waits until a component has counted to `value`.
pub(super) async fn counted(host: &Host, component: &str, metric: &str, value: u64) {
    eventually(&format!("{metric} of {value}"), async || {
        let events = printed(host, component, "metric");
        let own = events.iter().filter(|event| event["name"] == metric);
        let sum: u64 = own.filter_map(|event| event["value"].as_u64()).sum();
        (sum == value).then_some(())
    })
    .await;
}
