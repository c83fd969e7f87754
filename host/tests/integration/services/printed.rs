//! What `components/spin-shim` prints, where the host has no `weir:platform`.

use crate::harness::eventually;
use serde_json::Value;

/// The events of this kind in the lines that a component has printed.
fn events(lines: &[String], kind: &str) -> Vec<Value> {
    let parsed = lines.iter().map(|line| serde_json::from_str(line));
    let mut events: Vec<Value> = parsed.filter_map(Result::ok).collect();
    events.retain(|event| event["weir"] == kind);
    events
}

/// The text of every entry among the lines of a component, once there are `count`.
pub(super) async fn entries(lines: impl Fn() -> Vec<String>, count: usize) -> Vec<String> {
    let entries = eventually(&format!("{count} entries"), async || {
        let entries = events(&lines(), "log-entry");
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

/// Waits until what a component has counted amounts to `value`.
pub(super) async fn counted(lines: impl Fn() -> Vec<String>, metric: &str, value: u64) {
    eventually(&format!("{metric} of {value}"), async || {
        let events = events(&lines(), "metric");
        let own = events.iter().filter(|event| event["name"] == metric);
        let sum: u64 = own.filter_map(|event| event["value"].as_u64()).sum();
        (sum == value).then_some(())
    })
    .await;
}
