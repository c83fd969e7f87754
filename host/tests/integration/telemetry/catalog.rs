//! All metrics that the host has, by name, kind and labels, are there and move.

use super::traffic::{Seen, everything};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use weir::telemetry::metrics::catalog::{ALL, Definition};

#[tokio::test]
async fn every_metric_of_the_catalogue_appears_with_its_labels_and_moves() {
    let (_host, seen) = everything().await;
    for definition in ALL {
        let name = definition.prometheus_name();
        let family = seen.0.get(&name);
        let family = family.unwrap_or_else(|| panic!("{name} does not appear"));
        assert_eq!(family.kind, definition.kind.to_string(), "{name}");
        assert_eq!(family.labels, labels(definition), "{name}");
        assert!(family.greatest > 0.0, "{name} has not moved");
    }
    compare(&list(&seen));
}

fn labels(definition: &Definition) -> BTreeSet<String> {
    let labels = definition.labels.iter();
    labels.map(|label| label.replace('.', "_")).collect()
}

/// A line for each metric: name, kind, labels.
fn list(seen: &Seen) -> String {
    let mut list = String::new();
    for (name, family) in &seen.0 {
        let labels: Vec<_> = family.labels.iter().map(String::as_str).collect();
        writeln!(list, "{name} {} {{{}}}", family.kind, labels.join(", ")).unwrap();
    }
    list
}

/// Compares the list with the one that is kept; dashboards and alerts depend on it.
fn compare(list: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/metrics.txt");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, list).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == list, "BLESS=1 accepts this:\n{list}");
}
