//! What guests and clients may not do: each fault with the status that the client sees and the
//! reason under which it is counted, after which the same host serves as before.

mod admin;
mod admission;
mod bodies;
mod clients;
mod descriptors;
mod disconnects;
mod faults;
mod pool;
mod siblings;
mod timeouts;

use crate::harness::app::App;
use crate::harness::host::Host;

const FAILURES: &str = "weir_component_failures_total";
const REJECTED: &str = "weir_requests_rejected_total";
const REQUESTS: &str = "http_server_request_duration_seconds_count";

/// An app whose instances leave as soon as they have nothing to do.
fn app<'a>(guests: impl IntoIterator<Item = &'a str>) -> App {
    let app = guests
        .into_iter()
        .fold(App::new(), |app, guest| app.guest(guest, ""));
    app.guest("p3_hello", "")
        .args(["--idle-instance-timeout", "50ms"])
}

/// The host answers, and all that faults took of the pool is given back.
async fn is_whole(host: &Host) {
    host.rests().await;
    assert_eq!(host.get("/p3_hello").await.pair(), (200, "Hello".into()));
    host.rests().await;
    host.metric_is("weir_component_instances", &[], 0.0).await;
    host.metric_is("weir_pool_used", &[], 0.0).await;
    host.metric_is("weir_component_memory_bytes", &[], 0.0)
        .await;
}

/// A component has failed so often for this reason and for no other.
async fn failed(host: &Host, component: &str, reason: &str, times: usize) {
    let of_component = ("component", component);
    let times = times as f64;
    host.metric_is(FAILURES, &[of_component, ("reason", reason)], times)
        .await;
    let all = host.metrics().await.sum(FAILURES, &[of_component]);
    assert_eq!(all, times, "{component} failed for other reasons too");
}
