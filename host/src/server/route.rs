//! What the routes of an app lead to, as one table that is replaced whole.

use super::admission::Admission;
use super::router::Router;
use crate::engine::pool::InstancePool;
use crate::telemetry::metrics::capability::CapabilitySeries;
use crate::telemetry::metrics::component::ComponentSeries;
use crate::telemetry::metrics::http_server::RouteSeries;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Everything that can be reached, by listener and by component.
#[derive(Debug, Default)]
pub struct RouteTable {
    /// The routes of each listener, in the listeners' order.
    pub listeners: Vec<Router<Arc<Route>>>,
    /// All public routes, for requests of the app to itself.
    pub app: Router<Arc<Route>>,
    /// The components, for requests from one to another.
    pub components: HashMap<String, Arc<Component>>,
    /// The public routes of each component as the manifest writes them, and under `_host` those with
    /// a static response.
    pub patterns: BTreeMap<Arc<str>, Vec<Arc<str>>>,
    /// The headers of requests that reach a component by its name.
    pub internal: Option<RouteHeaders>,
    /// Where requests that match no route are recorded.
    pub unmatched: Option<Arc<RouteSeries>>,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// As the manifest writes it; the label of its metrics.
    pub label: Arc<str>,
    /// The headers that are the same for each of its requests.
    pub headers: RouteHeaders,
    /// The names of its parameters, as `spin-path-match-<name>`.
    pub parameters: Vec<http::HeaderName>,
    /// Where its requests are recorded.
    pub series: Arc<RouteSeries>,
    /// Who answers.
    pub target: Target,
}

/// Who answers the requests of a route.
#[derive(Debug)]
pub enum Target {
    /// A component.
    Component(Arc<Component>),
    /// The host, always with the same response.
    Static(StaticResponse),
}

/// A response that the manifest gives.
#[derive(Debug)]
pub struct StaticResponse {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl StaticResponse {
    /// The response, with what `body` makes of the body.
    pub fn response<B>(&self, body: impl FnOnce(Bytes) -> B) -> Response<B> {
        let mut response = Response::new(body(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        response
    }
}

/// A component as the server sees it. Lives as long as the component is in the app; the
/// generation inside it is what a reload replaces.
#[derive(Debug)]
pub struct Component {
    /// Its id.
    pub id: Arc<str>,
    /// What serves now.
    pub generation: ArcSwap<Generation>,
    /// Where its failures and rejections are counted.
    pub series: Arc<ComponentSeries>,
    /// Where requests from other components are recorded.
    pub capabilities: CapabilitySeries,
}

/// One load of a component, with the limits that were set when it was loaded.
#[derive(Debug)]
pub struct Generation {
    /// Counts loads of the component from 1.
    pub number: u64,
    /// The digest of the component's bytes, in hexadecimal.
    pub digest: String,
    /// Its instances.
    pub pool: InstancePool,
    /// How many of its requests may be in flight.
    pub admission: Arc<Admission>,
    /// Bytes that a request's body may have.
    pub max_request_body: u64,
}

/// The values of Spin's headers that depend on the route alone.
#[derive(Clone, Debug)]
pub struct RouteHeaders {
    /// `spin-matched-route`.
    pub matched: HeaderValue,
    /// `spin-raw-component-route`.
    pub raw: HeaderValue,
    /// `spin-component-route`.
    pub component: HeaderValue,
}

impl RouteHeaders {
    /// The headers of the route that the manifest writes as `route`. `None` if it holds what no
    /// header can.
    pub fn new(route: &str) -> Option<Self> {
        // As Spin has it: one trailing slash is cut, which leaves the root empty.
        let matched = route.strip_suffix('/').unwrap_or(route);
        let component = route.strip_suffix("/...").unwrap_or(route);
        Some(Self {
            matched: HeaderValue::from_str(matched).ok()?,
            raw: HeaderValue::from_str(route).ok()?,
            component: HeaderValue::from_str(component).ok()?,
        })
    }
}
