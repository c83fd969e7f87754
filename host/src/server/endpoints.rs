//! What a listener answers itself, before any route is looked for.
//!
//! The paths are those that the client sent: neither the listener's base path nor a route of the
//! app, `/...` included, takes them away from probes and scrapers.
//!
//! They are not recorded as requests, nor logged: they come from machines at their own pace, and
//! would hide what users see of the app.

use super::body::ResponseBody;
use super::{request, response};
use crate::telemetry::registry::Registry;
use http::{Request, Response};

/// Answers as Spin does, for probes that were written for it.
const SPIN_HEALTH: &str = "/.well-known/spin/health";
/// Where a listener serves metrics, if it does.
const METRICS: &str = "/metrics";

/// The listener's own answer to a request, if it has one; `metrics` if it serves them.
pub(super) fn answer<B>(
    request: &Request<B>,
    metrics: Option<&Registry>,
) -> Option<Response<ResponseBody>> {
    let mut response = match (request.uri().path(), metrics) {
        (SPIN_HEALTH, _) => Response::new(ResponseBody::full("OK")),
        (METRICS, Some(registry)) => response::metrics(registry),
        _ => return None,
    };
    if let Err(error) = request::check_host(request) {
        response = response::text(error.status(), error);
    }
    response::fit(&mut response, request.method(), None);
    Some(response)
}
