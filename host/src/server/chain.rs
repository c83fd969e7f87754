//! Requests from one component to another, or to the app, that never leave the process.
//!
//! They are answered as they would be over the network, with the same headers and statuses, and
//! count against the limits of the component that is asked: its requests in flight, with their queue,
//! and the size of a body. The host's own limit of requests in flight they pass by: a host that is
//! full of requests which wait for each other would never become less full. A component that asks
//! itself can fill its limit so too; then the wait in the queue, which is bounded, is what ends it.

mod call;
mod limited;

use super::body::ResponseBody;
use super::request::{self, Routed};
use super::route::{Component, RouteTable, Target};
use super::router::Match;
use crate::capability::outbound_http::chain::{self, Chain, Chained, Link};
use crate::engine::answer;
use crate::engine::exchange::{Origin, Permits};
use arc_swap::ArcSwap;
use bytes::Bytes;
use call::Call;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use limited::{Excess, limited};
use std::convert::Infallible;
use std::sync::Arc;
use wasmtime_wasi_http::{Error, WasiBody};

/// The address of a client inside the process, as Spin gives it.
const CLIENT: HeaderValue = HeaderValue::from_static("0.0.0.0:0");

/// The route under which a component is reached by its name.
pub const INTERNAL_ROUTE: &str = "/...";

/// Leads requests inside the process through the app's route table.
#[derive(Debug)]
pub struct InternalRequests {
    /// The routes of the app.
    pub table: Arc<ArcSwap<RouteTable>>,
}

impl Chain for InternalRequests {
    fn call(&self, target: chain::Target, request: Request<WasiBody>, link: Link) -> Chained {
        let table = self.table.load_full();
        Box::pin(async move {
            match target {
                chain::Target::Component(id) => call_component(&table, &id, request, link).await,
                chain::Target::App => call_app(&table, request, link).await,
                chain::Target::Network { .. } => Err(Error::DestinationNotFound),
            }
        })
    }
}

async fn call_component(
    table: &RouteTable,
    id: &str,
    request: Request<WasiBody>,
    link: Link,
) -> Result<Response<WasiBody>, Error> {
    let component = table.components.get(id).ok_or(Error::DestinationNotFound)?;
    let headers = table.internal.as_ref().ok_or(Error::DestinationNotFound)?;
    let path = request.uri().path().to_owned();
    let routed = Routed {
        headers,
        parameters: (&[], &[]),
        rest: Some(path.trim_matches('/')),
        path: &path,
        scheme: &Scheme::HTTP,
        client: &CLIENT,
    };
    let label = Arc::from(INTERNAL_ROUTE);
    ask(component, label, request, &routed, link).await
}

async fn call_app(
    table: &RouteTable,
    request: Request<WasiBody>,
    link: Link,
) -> Result<Response<WasiBody>, Error> {
    let path = request.uri().path().to_owned();
    let found = table.app.find(&path).ok_or(Error::DestinationNotFound)?;
    let Match {
        value: route,
        parameters,
        rest,
    } = found;
    let routed = Routed {
        headers: &route.headers,
        parameters: (&route.parameters, &parameters),
        rest,
        path: &path,
        scheme: &Scheme::HTTP,
        client: &CLIENT,
    };
    match &route.target {
        Target::Static(given) => Ok(given.response(whole)),
        Target::Component(component) => {
            ask(component, Arc::clone(&route.label), request, &routed, link).await
        }
    }
}

async fn ask(
    component: &Arc<Component>,
    route: Arc<str>,
    request: Request<WasiBody>,
    routed: &Routed<'_>,
    link: Link,
) -> Result<Response<WasiBody>, Error> {
    let request =
        request::prepare(request, routed).map_err(|_invalid| Error::HttpRequestUriInvalid)?;
    let call = Call::begin(component, &route, link.trace);
    let generation = component.generation.load_full();
    let limit = generation.max_request_body;
    if request::declared_length(&request) > limit {
        return Ok(call.too_large());
    }
    let permits = match generation.admission.admit(&component.series).await {
        Ok(of_component) => Permits {
            host: None,
            component: Some(of_component),
        },
        Err(rejection) => return Ok(call.turned_away(rejection)),
    };
    let excess = Excess::default();
    let request = request.map(|body| limited(body, limit, &excess));
    let origin = Origin {
        route,
        trace: link.trace,
        trace_state: link.trace_state,
        depth: link.depth,
    };
    let answer = answer::ask(&generation.pool, request, origin, permits).await;
    // Whatever the component made of a body that was cut short, its caller is told the cause.
    if excess.is_there() {
        if let Ok(response) = answer {
            ResponseBody::guest(response.into_body()).withhold(None);
        }
        return Ok(call.too_large());
    }
    Ok(match answer {
        Ok(response) => call.answered(response),
        Err(failure) => call.failed(failure),
    })
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}
