//! The reference of all metrics, docs/metrics.md: what each is, by the catalogue.

use super::catalog::{ALL, Definition};
use std::fmt::Write as _;

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut page = include_str!("reference.md").to_owned();
    page.push_str("| metric | type | labels | |\n|---|---|---|---|\n");
    for definition in ALL {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{}", row(definition));
    }
    page
}

fn row(definition: &Definition) -> String {
    let labels = definition.labels.iter();
    let labels: Vec<_> = labels
        .map(|label| format!("`{}`", label.replace('.', "_")))
        .collect();
    format!(
        "| `{}` | {} | {} | {} |",
        definition.prometheus_name(),
        definition.kind,
        labels.join(", "),
        definition.help
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::golden;
    use crate::telemetry::metrics::catalog;

    #[test]
    fn the_page_in_docs_is_not_stale() {
        golden::page("metrics.md", &markdown());
    }

    /// How many values the page lists in the table's row that begins with `first`.
    fn listed(page: &str, first: &str) -> usize {
        let row = page.lines().find(|line| line.starts_with(first)).unwrap();
        let values = row.split(" | ").nth(1).unwrap();
        values.matches('`').count() / 2
    }

    #[test]
    fn the_catalogue_has_room_for_all_reasons() {
        let page = markdown();
        let failures = listed(&page, "| `weir_component_failures_total` | `");
        let rejections = listed(&page, "| `weir_requests_rejected_total` | `");
        assert!(failures <= catalog::COMPONENT_FAILURES.series);
        assert!(rejections <= catalog::REQUESTS_REJECTED.series);
        let disconnect = 1;
        assert!(failures + rejections + disconnect <= catalog::ERROR_TYPES);
        let refused = listed(&page, "| `weir_guest_metrics_refused_total` | `");
        assert!(refused <= catalog::GUEST_METRICS_REFUSED.series);
        let connections = listed(&page, "| `weir_connection_errors_total` | `");
        assert!(connections <= catalog::CONNECTION_ERRORS.series);
        assert!(listed(&page, "| key-value `result`") <= catalog::RESULTS);
        assert!(
            2 * listed(&page, "| log directory `result`")
                <= catalog::LOG_DIRECTORY_WRITE_DURATION.series
        );
        assert!(listed(&page, "| `http_client_*` `error_type`") <= catalog::CLIENT_ERROR_TYPES);
    }

    #[test]
    fn every_metric_is_on_the_page() {
        let page = markdown();
        for definition in ALL {
            assert!(page.contains(&format!("| `{}` |", definition.prometheus_name())));
        }
    }
}
