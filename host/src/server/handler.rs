//! A request from its head to the head of its response.

use super::admission::Rejection;
use super::body::{Fault, Progress, RequestBody, ResponseBody};
use super::linger::linger;
use super::record::{Access, Recorder};
use super::request::{self, Routed};
use super::response;
use super::route::{Component, Generation, Route, RouteTable, StaticResponse, Target};
use super::router::Match;
use crate::drain::Stage;
use crate::engine::answer::{self, GuestBody};
use crate::engine::exchange::{Origin, Permits};
use crate::engine::failure::Failure;
use crate::telemetry::metrics::http_server::{HOST, RouteSeries};
use crate::telemetry::registry::Registry;
use crate::telemetry::traces::TraceContext;
use crate::telemetry::traces::context::TRACEPARENT;
use crate::telemetry::traces::tracer::{Description, Tracer};
use arc_swap::ArcSwap;
use http::header::CONTENT_LENGTH;
use http::uri::Scheme;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use opentelemetry::KeyValue;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use wasmtime_wasi_http::WasiBody;

/// Answers as Spin does, for probes that were written for it.
const SPIN_HEALTH: &str = "/.well-known/spin/health";
/// Where a listener serves metrics, if it does.
const METRICS: &str = "/metrics";

/// What all requests of one listener share.
#[derive(Debug)]
pub struct Handler {
    /// The routes of the app.
    pub table: Arc<ArcSwap<RouteTable>>,
    /// Which of the table's listeners this is.
    pub listener: usize,
    /// What is put in front of every path; without a slash at its end.
    pub base_path: String,
    /// `https` where the listener has TLS.
    pub scheme: Scheme,
    /// The registry, where the listener serves metrics itself.
    pub metrics: Option<Registry>,
    /// How many requests the host admits over all components.
    pub admission: Arc<super::admission::Admission>,
    /// The longest wait for a part of a request's body.
    pub body_timeout: Duration,
    /// Whether requests are logged.
    pub access_log: bool,
    /// Begins spans of requests.
    pub tracer: Tracer,
    /// How far the drain is.
    pub stage: watch::Receiver<Stage>,
}

impl Handler {
    /// Answers a request of the client whose address is `client`.
    pub async fn handle(
        &self,
        request: Request<Incoming>,
        client: &HeaderValue,
    ) -> Result<Response<ResponseBody>, Infallible> {
        let began = Instant::now();
        let table = self.table.load_full();
        let path = self.path(request.uri().path());
        let matched = table
            .listeners
            .get(self.listener)
            .and_then(|router| router.find(&path));
        Ok(match matched {
            Some(Match {
                value: route,
                parameters,
                rest,
            }) => {
                let routed = Routed {
                    headers: &route.headers,
                    parameters: (&route.parameters, &parameters),
                    rest,
                    path: &path,
                    scheme: &self.scheme,
                    client,
                };
                self.answer(request, route, &routed, began).await
            }
            None => self.unmatched(&request, &table, client, began),
        })
    }

    /// The path by which a request is routed.
    fn path(&self, sent: &str) -> String {
        match self.base_path.is_empty() {
            true => sent.to_owned(),
            false => format!("{}/{}", self.base_path, sent.trim_start_matches('/')),
        }
    }

    fn record(&self, series: &Arc<RouteSeries>, method: &Method, began: Instant) -> Recorder {
        let stage = self.stage.clone();
        Recorder::begin(Arc::clone(series), method.clone(), began, stage)
    }

    fn unmatched(
        &self,
        request: &Request<Incoming>,
        table: &RouteTable,
        client: &HeaderValue,
        began: Instant,
    ) -> Response<ResponseBody> {
        let mut response = match (request.uri().path(), &self.metrics) {
            (SPIN_HEALTH, _) => Response::new(ResponseBody::full("OK")),
            (METRICS, Some(registry)) => metrics(registry),
            _ => response::text(StatusCode::NOT_FOUND, "no route matches this path"),
        };
        if let Some(series) = &table.unmatched {
            let mut recorder = self.record(series, request.method(), began);
            self.log(&mut recorder, request, client, None, parent(request));
            seal(&mut response, recorder);
        }
        response
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        route: &Arc<Route>,
        routed: &Routed<'_>,
        began: Instant,
    ) -> Response<ResponseBody> {
        let mut recorder = self.record(&route.series, request.method(), began);
        let trace = self.trace(&mut request, route, &mut recorder);
        self.log(&mut recorder, &request, routed.client, Some(route), trace);
        let mut response = match &route.target {
            Target::Static(given) => fixed(given),
            Target::Component(component) => {
                recorder.set_component(&component.series);
                let origin = Origin {
                    route: Arc::clone(&route.label),
                    trace,
                    depth: 0,
                };
                self.ask(request, routed, component, origin, &mut recorder)
                    .await
            }
        };
        seal(&mut response, recorder);
        response
    }

    /// The trace that the request goes on under: its own span's if it is recorded, else what came.
    fn trace(
        &self,
        request: &mut Request<Incoming>,
        route: &Route,
        recorder: &mut Recorder,
    ) -> Option<TraceContext> {
        let parent = parent(request);
        let span = self.tracer.server(parent, || describe(request, route));
        let Some(span) = span else { return parent };
        let context = span.context();
        recorder.set_span(Some(span));
        if let Some(header) = context.header() {
            request.headers_mut().insert(TRACEPARENT, header);
        }
        Some(context)
    }

    /// Asks the component, or says why not.
    async fn ask(
        &self,
        request: Request<Incoming>,
        routed: &Routed<'_>,
        component: &Component,
        origin: Origin,
        recorder: &mut Recorder,
    ) -> Response<ResponseBody> {
        let generation = component.generation.load_full();
        if declared_length(&request) > generation.max_request_body {
            linger(request.into_body());
            return refuse(Fault::TooLarge, recorder);
        }
        let permits = match self.admit(component, &generation).await {
            Ok(permits) => permits,
            Err(rejection) => {
                recorder.rejected(rejection.reason());
                return response::rejection(rejection);
            }
        };
        let progress = Arc::default();
        let prepared = self.prepare(request, routed, &generation, &progress);
        let Ok(prepared) = prepared else {
            recorder.rejected("invalid_target");
            return response::text(StatusCode::BAD_REQUEST, request::InvalidTarget);
        };
        recorder.set_request(&progress);
        let answer = answer::ask(&generation.pool, prepared, origin, permits).await;
        conclude(answer, &progress, recorder)
    }

    /// The component first: a request that waits for one component keeps no other from the host.
    async fn admit(
        &self,
        component: &Component,
        generation: &Generation,
    ) -> Result<Permits, Rejection> {
        let of_component = generation.admission.admit(&component.series).await?;
        let of_host = self.admission.admit(&component.series).await?;
        Ok(Permits {
            host: Some(of_host),
            component: Some(of_component),
        })
    }

    /// The request as the component gets it.
    fn prepare(
        &self,
        request: Request<Incoming>,
        routed: &Routed<'_>,
        generation: &Generation,
        progress: &Arc<Progress>,
    ) -> Result<Request<WasiBody>, request::InvalidTarget> {
        let (mut parts, body) = request.into_parts();
        let seen = request::uri(&parts.uri, &parts.headers, routed.scheme, routed.path)?;
        request::set_headers(&mut parts.headers, &parts.uri, &seen, routed);
        parts.uri = seen;
        let body = match body.is_end_stream() {
            true => Empty::new()
                .map_err(|never: Infallible| match never {})
                .boxed_unsync(),
            false => {
                let limit = generation.max_request_body;
                RequestBody::new(body, limit, self.body_timeout, Arc::clone(progress))
                    .boxed_unsync()
            }
        };
        Ok(Request::from_parts(parts, body))
    }

    fn log(
        &self,
        recorder: &mut Recorder,
        request: &Request<Incoming>,
        client: &HeaderValue,
        route: Option<&Arc<Route>>,
        trace: Option<TraceContext>,
    ) {
        if self.access_log {
            let component = route.and_then(|route| match &route.target {
                Target::Component(component) => Some(Arc::clone(&component.id)),
                Target::Static(_) => None,
            });
            recorder.set_access(Access {
                client: client.clone(),
                path: request.uri().path().to_owned(),
                route: route.cloned(),
                component,
                trace,
            });
        }
    }
}

/// The trace that the client says the request belongs to.
fn parent(request: &Request<Incoming>) -> Option<TraceContext> {
    let value = request.headers().get(TRACEPARENT);
    value.and_then(TraceContext::parse)
}

/// The span of a request, by OpenTelemetry's conventions for HTTP servers. The query is left out,
/// because it may hold secrets.
fn describe(request: &Request<Incoming>, route: &Route) -> Description {
    let method = request.method().as_str();
    let component = match &route.target {
        Target::Component(component) => &*component.id,
        Target::Static(_) => HOST,
    };
    Description {
        name: format!("{method} {}", route.label),
        attributes: vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("http.route", Arc::clone(&route.label)),
            KeyValue::new("url.path", request.uri().path().to_owned()),
            KeyValue::new("weir.component", component.to_owned()),
        ],
    }
}

/// What the request's head says its body's length is; 0 if it does not say.
fn declared_length(request: &Request<Incoming>) -> u64 {
    let value = request.headers().get(CONTENT_LENGTH);
    value
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

fn conclude(
    answer: Result<Response<GuestBody>, Failure>,
    progress: &Progress,
    recorder: &mut Recorder,
) -> Response<ResponseBody> {
    // Whatever the component made of a body that was cut short, the client is told the cause.
    if let Some(fault) = progress.fault() {
        return refuse(fault, recorder);
    }
    match answer {
        Ok(response) => response.map(ResponseBody::guest),
        Err(failure) => {
            recorder.failed(failure);
            response::failure(failure)
        }
    }
}

fn refuse(fault: Fault, recorder: &mut Recorder) -> Response<ResponseBody> {
    recorder.faulty(fault);
    let (status, line) = match fault {
        Fault::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request's body is too large",
        ),
        Fault::TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "the request's body did not arrive in time",
        ),
        Fault::Cut => (StatusCode::BAD_REQUEST, "the request's body is not whole"),
    };
    response::text(status, line)
}

fn fixed(given: &StaticResponse) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(given.body.clone()));
    *response.status_mut() = given.status;
    *response.headers_mut() = given.headers.clone();
    response
}

fn metrics(registry: &Registry) -> Response<ResponseBody> {
    match registry.render() {
        Ok(text) => {
            let mut response = Response::new(ResponseBody::full(text));
            let kind = HeaderValue::from_static(crate::telemetry::registry::CONTENT_TYPE);
            response
                .headers_mut()
                .insert(http::header::CONTENT_TYPE, kind);
            response
        }
        Err(error) => response::text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// Hands the recorder to the body, which knows when the response ends.
fn seal(response: &mut Response<ResponseBody>, mut recorder: Recorder) {
    let status = response.status();
    recorder.answered(status);
    let is_head = recorder.method() == Method::HEAD;
    let has_none = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if is_head
        && !has_none
        && let Some(length) = response.body().whole()
    {
        // HEAD is told what GET would be.
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    let body = response.body_mut();
    if is_head || has_none {
        body.withhold();
    }
    body.record_with(recorder);
}
