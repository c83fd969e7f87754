//! What can be counted is there at 0 before it is: Prometheus sees no increase in a series that
//! begins with its first event, so an alert would miss a burst of errors that comes only once.

use super::{FAILURES, REJECTED};
use crate::harness::app::App;
use crate::harness::metrics::Metrics;

/// Whether the series with exactly these labels is there, at 0.
fn is_zero(metrics: &Metrics, name: &str, labels: &str) -> bool {
    let zero = format!("{name}{{{labels}}} 0");
    metrics.text().lines().any(|line| line == zero)
}

#[tokio::test]
async fn what_can_go_wrong_with_a_component_is_at_0_once_it_is_loaded() {
    let grants = "key_value_stores = [\"default\"]\n[component.p3-key-value.tool.weir]\nlog_directory = true";
    let app = App::new().guest("p3_key_value", grants);
    let host = app.guest("p3_hello", "").start().await;
    let metrics = host.metrics().await;
    for component in ["p3-key-value", "p3-hello"] {
        for (name, reason) in [
            (FAILURES, "trap"),
            (FAILURES, "timeout"),
            (FAILURES, "sibling"),
            (REJECTED, "queue_full"),
            (REJECTED, "pool_exhausted"),
            (REJECTED, "body_timeout"),
            (REJECTED, "invalid_target"),
        ] {
            let labels = format!("component=\"{component}\",reason=\"{reason}\"");
            assert!(is_zero(&metrics, name, &labels), "{name} {labels}");
        }
        let denied = format!("component=\"{component}\"");
        assert!(is_zero(&metrics, "weir_outbound_denied_total", &denied));
    }
    let reasons = metrics.values(FAILURES, "reason");
    assert!(!reasons.iter().any(|reason| reason == "pool_exhausted"));
    for component in ["p3-key-value", "p3-hello", "_app"] {
        for result in ["success", "failure"] {
            let labels = format!("component=\"{component}\",result=\"{result}\"");
            assert!(is_zero(&metrics, "weir_reloads_total", &labels), "{labels}");
        }
    }
}

#[tokio::test]
async fn errors_are_at_0_for_what_a_component_is_granted_and_for_nothing_else() {
    let grants = "key_value_stores = [\"default\"]\n[component.p3-key-value.tool.weir]\nlog_directory = true";
    let app = App::new().guest("p3_key_value", grants);
    let host = app.guest("p3_hello", "").start().await;
    let metrics = host.metrics().await;
    let (stores, logs) = (
        "weir_key_value_errors_total",
        "weir_log_directory_errors_total",
    );
    for result in ["no_space", "unavailable", "io"] {
        let labels = format!("component=\"p3-key-value\",result=\"{result}\",store=\"default\"");
        assert!(is_zero(&metrics, stores, &labels), "{labels}");
    }
    for result in ["quota_exceeded", "no_space", "permission"] {
        let labels = format!("component=\"p3-key-value\",result=\"{result}\"");
        assert!(is_zero(&metrics, logs, &labels), "{labels}");
    }
    for name in [stores, logs] {
        assert_eq!(metrics.values(name, "component"), ["p3-key-value"]);
        let results = metrics.values(name, "result");
        assert!(!results.iter().any(|result| result == "ok"), "{results:?}");
    }
}
