//! The reference of all metrics, docs/metrics.md: what each is, by the catalogue, and the values that
//! their labels can have, by the types that those come from. Those lie all over the host, so it is
//! here and not beside the catalogue.

use crate::capability::{key_value, log_results, outbound_http::client};
use crate::server::trouble;
use crate::telemetry::metrics::capability::DENIED;
use crate::telemetry::metrics::capability::call::CANCELLED;
use crate::telemetry::metrics::catalog::{ALL, Definition};
use crate::telemetry::metrics::host::ConnectionError;
use std::fmt::Write as _;

/// Where the table of reasons stands in the page.
const PLACE: &str = "<!-- reasons -->\n";

/// What there is to say of a value beside its name.
const NOTES: [(&str, &str); 9] = [
    (
        "error_code",
        "the guest returned an error instead of a response",
    ),
    (
        "sibling",
        "another request brought the shared instance down",
    ),
    (
        "header_too_large",
        "over HTTP/2 a request, over HTTP/1 a connection",
    ),
    ("certificate", "a changed one cannot be used"),
    (
        "http2_error",
        "the client broke the rules of HTTP/2, as by a flood of resets",
    ),
    ("write_timeout", "the client took nothing"),
    (
        "destination_not_found",
        "no such component, or no route of the app",
    ),
    ("loop_detected", "components ask each other in a loop"),
    ("cancelled", "nobody waited for the end"),
];

/// Why measurements of guests are refused.
const MEASUREMENTS: [&str; 6] = [
    "name",
    "attribute",
    "kind",
    "value",
    "too_many_metrics",
    DENIED,
];

/// The values of a label that is a reason or a result.
struct Reasons {
    /// The label, with the metrics that have it.
    of: &'static str,
    values: Vec<&'static str>,
}

fn reasons() -> [Reasons; 7] {
    let of = |of, values| Reasons { of, values };
    let connections = ConnectionError::ALL.map(ConnectionError::reason);
    let client = client::REASONS.into_iter().chain([CANCELLED]);
    [
        of(
            "`weir_component_failures_total`",
            trouble::failures().collect(),
        ),
        of(
            "`weir_requests_rejected_total`",
            trouble::rejections().collect(),
        ),
        of("`weir_connection_errors_total`", connections.into()),
        of("`weir_guest_metrics_refused_total`", MEASUREMENTS.into()),
        of("key-value `result`", key_value::results().collect()),
        of("log directory `result`", log_results().collect()),
        of("`http_client_*` `error_type`", client.collect()),
    ]
}

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut page = include_str!("reference.md").replacen(PLACE, &table(), 1);
    page.push_str("| metric | type | labels | |\n|---|---|---|---|\n");
    for definition in ALL {
        // Writing to a string does not fail.
        let _ = writeln!(page, "{}", row(definition));
    }
    page
}

fn table() -> String {
    let mut table = "| metric | reasons |\n|---|---|\n".to_owned();
    for Reasons { of, values } in reasons() {
        let values: Vec<_> = values.into_iter().map(shown).collect();
        // As above.
        let _ = writeln!(table, "| {of} | {} |", values.join(", "));
    }
    table
}

fn shown(value: &str) -> String {
    match NOTES.iter().find(|(noted, _)| *noted == value) {
        Some((_, note)) => format!("`{value}` ({note})"),
        None => format!("`{value}`"),
    }
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
    use crate::telemetry::metrics::guest::{Kind, MeasurementError, NameError};

    #[test]
    fn the_page_in_docs_is_not_stale() {
        golden::page("metrics.md", &markdown());
    }

    #[test]
    fn the_catalogue_has_room_for_all_reasons() {
        let [
            failures,
            rejections,
            connections,
            refused,
            stores,
            logs,
            clients,
        ] = reasons().map(|reasons| reasons.values.len());
        assert!(failures <= catalog::COMPONENT_FAILURES.series);
        assert!(rejections <= catalog::REQUESTS_REJECTED.series);
        let disconnect = 1;
        assert!(failures + rejections + disconnect <= catalog::ERROR_TYPES);
        assert!(refused <= catalog::GUEST_METRICS_REFUSED.series);
        assert!(connections <= catalog::CONNECTION_ERRORS.series);
        assert!(stores <= catalog::RESULTS);
        assert!(stores <= catalog::KEY_VALUE_ERRORS.series);
        assert!(2 * logs <= catalog::LOG_DIRECTORY_WRITE_DURATION.series);
        assert!(logs <= catalog::LOG_DIRECTORY_ERRORS.series);
        assert!(clients <= catalog::CLIENT_ERROR_TYPES);
    }

    #[test]
    fn measurements_are_refused_for_these_reasons() {
        let form = || NameError::Form(String::new());
        let errors = [
            MeasurementError::Name(form()),
            MeasurementError::Attribute(form()),
            MeasurementError::TooManyAttributes,
            MeasurementError::KindConflict(Kind::Gauge),
            MeasurementError::InvalidValue,
            MeasurementError::TooManyMetrics,
        ];
        let mut reasons: Vec<_> = errors.iter().map(MeasurementError::reason).collect();
        reasons.dedup();
        reasons.push(DENIED);
        assert_eq!(reasons, MEASUREMENTS);
    }

    #[test]
    fn no_value_is_listed_twice() {
        for Reasons { of, values } in reasons() {
            let different: std::collections::HashSet<_> = values.iter().collect();
            assert_eq!(different.len(), values.len(), "{of}");
        }
    }

    #[test]
    fn every_metric_and_every_label_is_on_the_page() {
        let page = markdown();
        for definition in ALL {
            assert!(page.contains(&format!("| `{}` |", definition.prometheus_name())));
            for label in definition.labels {
                let label = format!("`{}`", label.replace('.', "_"));
                let explained = page.lines().any(|line| {
                    let first = line.split(" | ").next().unwrap_or_default();
                    line.starts_with("| ") && first.contains(&label)
                });
                assert!(explained, "{label} of {}", definition.name);
            }
        }
    }
}
