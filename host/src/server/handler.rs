//! A request from its head to the head of its response.

use super::admission::Rejection;
use super::body::{Fault, Progress, RequestBody, ResponseBody};
use super::client::Client;
use super::endpoints;
use super::linger::Upload;
use super::record::{Matched, Recorder};
use super::request::{self, HeadError, Routed};
use super::response;
use super::route::{Component, Generation, Route, RouteTable, Target};
use super::router::Match;
use crate::drain::Stage;
use crate::engine::answer::{self, GuestBody};
use crate::engine::exchange::{Origin, Permits};
use crate::engine::failure::Failure;
use crate::telemetry::metrics::http_server::HOST;
use crate::telemetry::registry::Registry;
use crate::telemetry::traces::TraceContext;
use crate::telemetry::traces::context::{self, TRACEPARENT};
use crate::telemetry::traces::tracer::{Description, Tracer};
use arc_swap::ArcSwap;
use http::uri::Scheme;
use http::{Request, Response, StatusCode};
use opentelemetry::KeyValue;
use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

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
    /// Bytes that the head of a request may have.
    pub header_bytes: usize,
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
    /// Answers a request of `client`.
    pub(super) async fn handle(
        &self,
        request: Request<Upload>,
        client: &Arc<Client>,
    ) -> Result<Response<ResponseBody>, Infallible> {
        let began = Instant::now();
        let table = self.table.load_full();
        let uri = request.uri().clone();
        if let Some(response) = endpoints::answer(&request, self.metrics.as_ref()) {
            return Ok(response);
        }
        let path = self.path(uri.path());
        let router = table.listeners.get(self.listener);
        Ok(match router.and_then(|router| router.find(&path)) {
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
                    client: &client.address,
                };
                let matched = Matched::Route(Arc::clone(route));
                let recorder = Recorder::begin(matched, request.method().clone(), began, client);
                self.answer(request, route, &routed, recorder).await
            }
            None => self.unrouted(&request, &table, client, began),
        })
    }

    /// The path by which a request is routed.
    fn path<'p>(&self, sent: &'p str) -> Cow<'p, str> {
        match self.base_path.is_empty() {
            true => sent.into(),
            false => format!("{}/{}", self.base_path, sent.trim_start_matches('/')).into(),
        }
    }

    /// Answers a request that no route matches.
    fn unrouted(
        &self,
        request: &Request<Upload>,
        table: &RouteTable,
        client: &Arc<Client>,
        began: Instant,
    ) -> Response<ResponseBody> {
        let mut response = response::text(StatusCode::NOT_FOUND, "no route matches this path");
        if let Some(series) = &table.unmatched {
            let matched = Matched::Nothing(Arc::clone(series));
            let mut recorder = Recorder::begin(matched, request.method().clone(), began, client);
            recorder.set_trace(parent(request));
            self.log(&mut recorder, request);
            if let Err(error) = request::check(request, self.header_bytes) {
                response = refuse_head(error, &mut recorder);
            }
            response::seal(&mut response, recorder);
        }
        response
    }

    async fn answer(
        &self,
        mut request: Request<Upload>,
        route: &Arc<Route>,
        routed: &Routed<'_>,
        mut recorder: Recorder,
    ) -> Response<ResponseBody> {
        let trace_state = context::state(request.headers());
        let trace = self.trace(&mut request, route, &mut recorder);
        self.log(&mut recorder, &request);
        let fit = request::check(&request, self.header_bytes);
        let mut response = match (fit, &route.target) {
            (Err(error), _) => refuse_head(error, &mut recorder),
            (Ok(()), Target::Static(given)) => given.response(ResponseBody::full),
            (Ok(()), Target::Component(component)) => {
                let origin = Origin {
                    route: Arc::clone(&route.label),
                    trace,
                    trace_state,
                    depth: 0,
                };
                self.ask(request, routed, component, origin, &mut recorder)
                    .await
            }
        };
        response::seal(&mut response, recorder);
        response
    }

    /// The trace that the request goes on under: its own span's if it is recorded, else what came.
    fn trace(
        &self,
        request: &mut Request<Upload>,
        route: &Route,
        recorder: &mut Recorder,
    ) -> Option<TraceContext> {
        let parent = parent(request);
        let span = self
            .tracer
            .server(parent, || describe(request, route, &self.scheme));
        let context = match (&span, parent) {
            (Some(span), _) => Some(span.context()),
            (None, None) => self.tracer.unrecorded(),
            (None, Some(_)) => None,
        };
        if let Some(header) = context.and_then(|context| context.header()) {
            request.headers_mut().insert(TRACEPARENT, header);
        }
        let trace = context.or(parent);
        recorder.set_span(span);
        recorder.set_trace(trace);
        trace
    }

    /// Asks the component, or says why not.
    async fn ask(
        &self,
        request: Request<Upload>,
        routed: &Routed<'_>,
        component: &Component,
        origin: Origin,
        recorder: &mut Recorder,
    ) -> Response<ResponseBody> {
        let generation = component.generation.load_full();
        if request::declared_length(&request) > generation.max_request_body {
            return refuse(Fault::TooLarge, recorder);
        }
        let permits = match self.admit(component, &generation).await {
            Ok(permits) => permits,
            Err(rejection) => {
                recorder.turned_away(rejection.reason());
                return response::rejection(rejection);
            }
        };
        let prepared = match request::prepare(request, routed) {
            Ok(prepared) => prepared,
            Err(error) => return refuse_head(error, recorder),
        };
        let progress = Arc::default();
        recorder.set_request(&progress);
        let (limit, timeout) = (generation.max_request_body, self.body_timeout);
        let prepared =
            prepared.map(|body| RequestBody::boxed(body, limit, timeout, Arc::clone(&progress)));
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

    fn log(&self, recorder: &mut Recorder, request: &Request<Upload>) {
        if self.access_log {
            recorder.set_access(request.uri().path());
        }
    }
}

/// The trace that the client says the request belongs to.
fn parent(request: &Request<Upload>) -> Option<TraceContext> {
    let value = request.headers().get(TRACEPARENT);
    value.and_then(TraceContext::parse)
}

/// The span of a request, by OpenTelemetry's conventions for HTTP servers. The query is left out,
/// because it may hold secrets.
fn describe(request: &Request<Upload>, route: &Route, scheme: &Scheme) -> Description {
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
            KeyValue::new("url.scheme", scheme.as_str().to_owned()),
            KeyValue::new("weir.component", component.to_owned()),
        ],
    }
}

fn conclude(
    answer: Result<Response<GuestBody>, Failure>,
    progress: &Progress,
    recorder: &mut Recorder,
) -> Response<ResponseBody> {
    // Whatever the component made of a body that was cut short, the client is told the cause.
    if let Some(fault) = progress.fault() {
        if let Ok(response) = answer {
            ResponseBody::guest(response.into_body()).withhold(None);
        }
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
    response::fault(fault)
}

fn refuse_head(error: HeadError, recorder: &mut Recorder) -> Response<ResponseBody> {
    recorder.rejected(error.reason());
    response::text(error.status(), error)
}
