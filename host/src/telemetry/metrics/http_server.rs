//! Requests: how many, how long, how they ended, how large.
//!
//! Recorded once a request, at the end of the response's body or at its abort. A route keeps its
//! label sets bound, one for each method and status it has answered with, so that the hot path
//! neither builds labels nor looks them up: two index steps lead to the series. The table of a
//! method takes about 12 KB once it is used.
//!
//! All labels are closed sets. Methods that are not HTTP's own are `_OTHER`; a status that is not
//! registered with IANA counts under its class (`4xx`).

use super::catalog;
use super::instrument::Observer;
use super::observed::Observed;
use crate::telemetry::registry::Registry;
use http::{Method, StatusCode};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The value of `component` where the host itself answers.
pub const HOST: &str = "_host";

/// The value of `http_route` where no route matches.
pub const UNMATCHED: &str = "_unmatched";

const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "_OTHER",
];

/// A status is between 100 and 999 by type; label sets are kept for 100 to 599.
const STATUSES: usize = 500;

type ByStatus = Box<[OnceLock<BoundHistogram<f64>>]>;

/// The instruments of requests; makes the series of each route.
#[derive(Debug)]
pub struct HttpServer {
    duration: Histogram<f64>,
    request_size: Histogram<f64>,
    response_size: Histogram<f64>,
    routes: Observed<RouteSeries>,
}

/// The series of one route.
pub struct RouteSeries {
    labels: [KeyValue; 2],
    duration: Histogram<f64>,
    bound: [OnceLock<ByStatus>; METHODS.len()],
    request_size: BoundHistogram<f64>,
    response_size: BoundHistogram<f64>,
    active: AtomicI64,
}

/// What is recorded of a request that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// Of the request.
    pub method: &'a Method,
    /// The status that was sent, if a head was sent.
    pub status: Option<StatusCode>,
    /// Why it failed, from a closed set, if the host or the client ended it.
    pub error: Option<&'static str>,
    /// From the request's head to the end of the response.
    pub elapsed: Duration,
    /// Bytes of the request's body that the component was given.
    pub request_bytes: u64,
    /// Bytes of the response's body that were sent.
    pub response_bytes: u64,
}

impl HttpServer {
    /// Registers the instruments.
    pub fn new(registry: &Registry) -> Self {
        let meter = registry.meter();
        let routes = Observed::default();
        let observed = routes.clone();
        catalog::HTTP_SERVER_ACTIVE_REQUESTS
            .observe_gauge(&meter, move |observer| observe_active(&observed, &observer));
        Self {
            duration: catalog::HTTP_SERVER_REQUEST_DURATION.histogram(&meter),
            request_size: catalog::HTTP_SERVER_REQUEST_BODY_SIZE.histogram(&meter),
            response_size: catalog::HTTP_SERVER_RESPONSE_BODY_SIZE.histogram(&meter),
            routes,
        }
    }

    /// Requests that are active now, over all routes.
    pub fn active(&self) -> usize {
        let active = |route: Arc<RouteSeries>| route.active.load(Ordering::Acquire);
        let sum: i64 = self.routes.live().into_iter().map(active).sum();
        usize::try_from(sum).unwrap_or_default()
    }

    /// The series of the route that is written `route` in the manifest; the same as long as anybody
    /// has it, so that a new route table goes on counting.
    pub fn route(&self, component: &str, route: &str) -> Arc<RouteSeries> {
        let labels = [
            KeyValue::new("component", component.to_owned()),
            KeyValue::new("http.route", route.to_owned()),
        ];
        let known = self.routes.live();
        if let Some(known) = known.into_iter().find(|known| known.labels == labels) {
            return known;
        }
        let series = Arc::new(RouteSeries {
            duration: self.duration.clone(),
            bound: Default::default(),
            request_size: self.request_size.bind(&labels),
            response_size: self.response_size.bind(&labels),
            active: AtomicI64::new(0),
            labels,
        });
        self.routes.insert(&series);
        series
    }
}

fn observe_active(routes: &Observed<RouteSeries>, observer: &Observer<'_>) {
    for route in routes.live() {
        observer.observe(route.active.load(Ordering::Relaxed) as f64, &route.labels);
    }
}

impl RouteSeries {
    /// Counts a request as active.
    pub fn begin(&self) {
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    /// Records a request that [`RouteSeries::begin`] counted.
    pub fn end(&self, ended: &Ended<'_>) {
        self.request_size.record(ended.request_bytes as f64);
        self.response_size.record(ended.response_bytes as f64);
        let seconds = ended.elapsed.as_secs_f64();
        match (ended.status, ended.error) {
            (Some(status), None) => self.record_answered(ended.method, status, seconds),
            (status, error) => self.record_failed(ended.method, status, error, seconds),
        }
        // Last, so that who sees none active finds all of them counted.
        self.active.fetch_sub(1, Ordering::Release);
    }

    fn record_answered(&self, method: &Method, status: StatusCode, seconds: f64) {
        let method = method_index(method);
        let slot = self
            .bound
            .get(method)
            .map(|table| table.get_or_init(|| vec![OnceLock::new(); STATUSES].into()))
            .and_then(|table| table.get(status_index(status)));
        if let Some(slot) = slot {
            let bind = || {
                let mut labels = self.labels.to_vec();
                labels.push(method_label(method));
                labels.push(status_label(status));
                self.duration.bind(&labels)
            };
            slot.get_or_init(bind).record(seconds);
        }
    }

    fn record_failed(
        &self,
        method: &Method,
        status: Option<StatusCode>,
        error: Option<&'static str>,
        seconds: f64,
    ) {
        let mut labels = self.labels.to_vec();
        labels.push(method_label(method_index(method)));
        labels.extend(status.map(status_label));
        labels.extend(error.map(|error| KeyValue::new("error.type", error)));
        self.duration.record(seconds, &labels);
    }
}

impl std::fmt::Debug for RouteSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RouteSeries")
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

fn method_index(method: &Method) -> usize {
    let known = METHODS.iter().position(|known| *known == method.as_str());
    known.unwrap_or(METHODS.len() - 1)
}

fn method_label(index: usize) -> KeyValue {
    KeyValue::new(
        "http.request.method",
        METHODS.get(index).copied().unwrap_or("_OTHER"),
    )
}

/// The label of a method, for instruments other than the server's.
pub fn method_attribute(method: &Method) -> KeyValue {
    method_label(method_index(method))
}

/// Statuses without a registered meaning share the slot of their class, which is at its `x99`;
/// none of those is registered.
fn status_index(status: StatusCode) -> usize {
    let code = usize::from(status.as_u16()).clamp(100, 599);
    match status.canonical_reason() {
        Some(_) => code - 100,
        None => (code / 100) * 100 - 1,
    }
}

/// The label of a status: the code itself if it is registered, else its class.
pub fn status_label(status: StatusCode) -> KeyValue {
    let key = "http.response.status_code";
    match (status.canonical_reason(), status.as_u16() / 100) {
        (Some(_), _) => KeyValue::new(key, i64::from(status.as_u16())),
        (None, 1) => KeyValue::new(key, "1xx"),
        (None, 2) => KeyValue::new(key, "2xx"),
        (None, 3) => KeyValue::new(key, "3xx"),
        (None, 4) => KeyValue::new(key, "4xx"),
        (None, _) => KeyValue::new(key, "5xx"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::registry::Scale;
    use std::collections::HashSet;

    const SCALE: Scale = Scale {
        routes: 1,
        components: 1,
        listeners: 1,
        stores: 1,
    };

    fn ended(method: &Method, status: u16) -> Ended<'_> {
        Ended {
            method,
            status: StatusCode::from_u16(status).ok(),
            error: None,
            elapsed: Duration::from_millis(3),
            request_bytes: 0,
            response_bytes: 5,
        }
    }

    #[test]
    fn series_stay_bounded_whatever_methods_and_statuses_come() {
        let registry = Registry::new(SCALE).unwrap();
        let server = HttpServer::new(&registry);
        let route = server.route("hello", "/hello/...");
        let methods = ["GET", "PUT", "BREW", "PROPFIND", "X1", "X2"];
        for name in methods {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            for status in 200..600 {
                route.begin();
                route.end(&ended(&method, status));
            }
        }
        let text = String::from_utf8(registry.render().unwrap()).unwrap();
        let counts = text
            .lines()
            .filter(|line| line.starts_with("http_server_request_duration_seconds_count"));
        let (series, total) = counts.fold((0, 0), |(series, total), line| {
            let value: usize = line.rsplit(' ').next().unwrap().parse().unwrap();
            (series + 1, total + value)
        });
        assert_eq!(total, methods.len() * 400);
        assert!(series <= 3 * 68, "{series} series");
        assert!(text.contains(r#"http_response_status_code="4xx""#));
        assert!(!text.contains("otel_metric_overflow"));
        assert!(!text.contains("BREW"));
    }

    #[test]
    fn the_catalogue_has_room_for_all_methods_and_statuses() {
        assert_eq!(METHODS.len(), catalog::METHODS);
        let statuses = (100..1000).filter_map(|code| StatusCode::from_u16(code).ok());
        let labels: HashSet<_> = statuses
            .map(|status| status_label(status).value.to_string())
            .collect();
        assert!(labels.len() <= catalog::STATUSES, "{}", labels.len());
    }

    #[test]
    fn active_requests_go_back_to_zero_and_routes_that_are_gone_leave_no_gauge() {
        let registry = Registry::new(SCALE).unwrap();
        let server = HttpServer::new(&registry);
        let route = server.route("hello", "/hello/...");
        let active = || {
            let text = String::from_utf8(registry.render().unwrap()).unwrap();
            let line = text
                .lines()
                .find(|line| line.starts_with("http_server_active_requests{"));
            line.map(|line| line.rsplit(' ').next().unwrap().to_owned())
        };
        route.begin();
        assert_eq!(active().as_deref(), Some("1"));
        route.end(&ended(&Method::GET, 200));
        assert_eq!(active().as_deref(), Some("0"));
        drop(route);
        assert_eq!(active(), None);
    }
}
