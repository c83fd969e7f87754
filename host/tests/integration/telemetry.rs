//! What the host says of itself and of the requests it served: metrics, access log, traces' ids.

mod access_log;
mod capabilities;
mod catalog;
mod counts;
mod log;
mod process;
mod scrape;
mod series;
mod traffic;
mod zeros;

const FAILURES: &str = "weir_component_failures_total";
const REJECTED: &str = "weir_requests_rejected_total";
const REQUESTS: &str = "http_server_request_duration_seconds_count";
