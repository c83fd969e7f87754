//! What a listener answers itself, before any route is looked for.
//!
//! The paths are those that the client sent: neither the listener's base path nor a route of the
//! app, `/...` included, takes them away from probes and scrapers.

use super::body::ResponseBody;
use super::response;
use crate::telemetry::registry::Registry;
use http::Response;

/// Answers as Spin does, for probes that were written for it.
const SPIN_HEALTH: &str = "/.well-known/spin/health";
/// Where a listener serves metrics, if it does.
const METRICS: &str = "/metrics";

/// The listener's own answer at `path`, if it has one; `metrics` if it serves them.
pub(super) fn answer(path: &str, metrics: Option<&Registry>) -> Option<Response<ResponseBody>> {
    match (path, metrics) {
        (SPIN_HEALTH, _) => Some(Response::new(ResponseBody::full("OK"))),
        (METRICS, Some(registry)) => Some(response::metrics(registry)),
        _ => None,
    }
}
