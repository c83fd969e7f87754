//! Requests from one component to another, or to the app, that never leave the process.
//!
//! They are answered as they would be over the network, with the same headers and statuses. They
//! pass no admission: a host that is full of requests which wait for each other would never become
//! less full. What bounds them is the instance pool, the component's timeout and the depth limit.

use super::request::{self, Routed};
use super::route::{Component, RouteTable, StaticResponse, Target};
use super::router::Match;
use crate::capability::outbound_http::chain::{self, Chain, Chained, Link};
use crate::engine::answer;
use crate::engine::exchange::{Origin, Permits};
use crate::engine::failure::Failure;
use arc_swap::ArcSwap;
use bytes::Bytes;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
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
        Target::Static(given) => Ok(fixed(given)),
        Target::Component(component) => {
            ask(component, Arc::clone(&route.label), request, &routed, link).await
        }
    }
}

async fn ask(
    component: &Component,
    route: Arc<str>,
    request: Request<WasiBody>,
    routed: &Routed<'_>,
    link: Link,
) -> Result<Response<WasiBody>, Error> {
    let began = Instant::now();
    let generation = component.generation.load_full();
    let (mut parts, body) = request.into_parts();
    let seen = request::uri(&parts.uri, &parts.headers, routed.scheme, routed.path)
        .map_err(|_| Error::HttpRequestUriInvalid)?;
    request::set_headers(&mut parts.headers, &parts.uri, &seen, routed);
    parts.uri = seen;
    let origin = Origin {
        route,
        trace: link.trace,
        depth: link.depth,
    };
    let request = Request::from_parts(parts, body);
    let answer = answer::ask(&generation.pool, request, origin, Permits::default()).await;
    let response = match answer {
        Ok(response) => response.map(|body| {
            body.map_err(|failure| Error::InternalError(Some(failure.to_string())))
                .boxed_unsync()
        }),
        Err(failure) => {
            component.series.failed(failure.reason());
            failed(failure)
        }
    };
    component
        .capabilities
        .chained(response.status(), began.elapsed());
    Ok(response)
}

fn failed(failure: Failure) -> Response<WasiBody> {
    let mut response = Response::new(whole(format!("{failure}\n").into()));
    *response.status_mut() = failure.status();
    response
}

fn fixed(given: &StaticResponse) -> Response<WasiBody> {
    let mut response = Response::new(whole(given.body.clone()));
    *response.status_mut() = given.status;
    *response.headers_mut() = given.headers.clone();
    response
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes)
        .map_err(|never: Infallible| match never {})
        .boxed_unsync()
}
