//! Outbound HTTP: what `wasi:http` guests send.
//!
//! A request goes one of three ways: to another component of the app (`<id>.spin.internal`) or to
//! the app itself (no host, or `self.alt`), both without leaving the process; or out to the
//! network. Each must be granted by `allowed_outbound_hosts`. The host follows no redirect: the
//! guest would reach what it was not granted.

pub mod chain;
pub mod client;

use crate::engine::exchange::Origin;
use crate::engine::state::{Caller, InstanceState, note_caller};
use crate::manifest::hosts::AllowedHosts;
use crate::telemetry::logs::trace_id;
use crate::telemetry::metrics::capability::CapabilitySeries;
use crate::telemetry::metrics::capability::call::{CANCELLED, Call};
use crate::telemetry::traces::TraceContext;
use crate::telemetry::traces::context::{TRACEPARENT, TRACESTATE};
use crate::telemetry::traces::tracer::{Description, Span, Tracer};
use chain::{Chain, Target};
use client::Client;
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use opentelemetry::KeyValue;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use wasmtime::AsContextMut as _;
use wasmtime::component::{Accessor, HasData, Linker, Resource};
use wasmtime_wasi::TrappableError;
use wasmtime_wasi_http::p2::bindings::http::types as p2_types;
use wasmtime_wasi_http::p3::bindings::http::{client as p3_client, types as p3_types};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtxView};
use wasmtime_wasi_http::{WasiHttpHooks, WasiHttpView as _};

/// How deep requests from component to component may go before it is taken for a loop.
pub const MAX_DEPTH: u8 = 8;

/// Sends the outbound requests of one component.
pub struct Outbound {
    /// The component's id.
    pub component: Arc<str>,
    /// What it was granted.
    pub allowed: AllowedHosts,
    /// Out to the network.
    pub client: Client,
    /// The way to other components; set once the app is complete.
    pub chain: Arc<OnceLock<Weak<dyn Chain>>>,
    /// Where requests are recorded.
    pub series: CapabilitySeries,
    /// Begins spans of requests.
    pub tracer: Tracer,
}

impl Outbound {
    async fn send(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
        origin: Option<Origin>,
    ) -> Result<Response<WasiBody>, Error> {
        let target = Target::of(request.uri());
        if !self.is_allowed(&target) {
            self.series.outbound_denied();
            self.refused(&target, origin.as_ref(), "denied by allowed_outbound_hosts");
            return Err(Error::HttpRequestDenied);
        }
        let depth = origin.as_ref().map_or(0, |origin| origin.depth);
        if depth >= MAX_DEPTH && !matches!(target, Target::Network { .. }) {
            let why = "components ask each other in a loop";
            self.refused(&target, origin.as_ref(), why);
            return Err(self.unsent(request.method(), Error::LoopDetected));
        }
        let trace = origin.as_ref().and_then(|origin| origin.trace);
        let span = self.tracer.client(trace, || describe(&request, &target));
        let trace = span.as_ref().map(Span::context).or(trace);
        let trace_state = origin
            .as_ref()
            .and_then(|origin| origin.trace_state.clone());
        pass_on(trace, trace_state.as_ref(), request.headers_mut());
        let answer = match target {
            Target::Network { .. } => self.send_out(request, options).await,
            Target::Component(_) | Target::App => {
                let link = chain::Link {
                    depth: depth + 1,
                    trace,
                    trace_state,
                };
                self.send_within(target, request, link, origin.as_ref())
                    .await
            }
        };
        if let Some(span) = span {
            let status = answer.as_ref().map(|response| response.status().as_u16());
            span.end(status.ok(), answer.as_ref().err().map(client::reason));
        }
        answer
    }

    /// Logs a request that goes nowhere.
    fn refused(&self, target: &Target, origin: Option<&Origin>, why: &'static str) {
        tracing::warn!(
            component = &*self.component,
            route = origin.map(|origin| &*origin.route),
            trace_id = origin.and_then(|origin| origin.trace).map(trace_id),
            host = %target,
            "outbound request refused: {why}"
        );
    }

    fn is_allowed(&self, target: &Target) -> bool {
        match target {
            Target::Component(id) => self.allowed.allows_component(id),
            Target::App => self.allowed.allows_self(),
            Target::Network { scheme, host, port } => self.allowed.allows(scheme, host, *port),
        }
    }

    async fn send_out(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let method = request.method().clone();
        let call = Call::begin(Err(CANCELLED), |outcome, elapsed| {
            self.series.outbound(&method, outcome, elapsed);
        });
        let answer = self.client.send(request, options).await;
        call.end(match &answer {
            Ok(response) => Ok(response.status()),
            Err(error) => Err(client::reason(error)),
        });
        answer
    }

    async fn send_within(
        &self,
        target: Target,
        request: Request<WasiBody>,
        link: chain::Link,
        origin: Option<&Origin>,
    ) -> Result<Response<WasiBody>, Error> {
        let method = request.method().clone();
        let Some(chain) = self.chain.get().and_then(Weak::upgrade) else {
            self.refused(&target, origin, "the host is stopping");
            return Err(self.unsent(&method, Error::DestinationUnavailable));
        };
        let answer = chain.call(target.clone(), request, link).await;
        answer.map_err(|error| match error {
            Error::DestinationNotFound => {
                self.refused(&target, origin, "no component of the app answers there");
                self.unsent(&method, error)
            }
            other => other,
        })
    }

    /// Records a request that went nowhere.
    fn unsent(&self, method: &Method, error: Error) -> Error {
        let outcome = Err(client::reason(&error));
        self.series.outbound(method, outcome, Duration::ZERO);
        error
    }
}

/// Tells the trace to who is asked, unless the guest has done so.
fn pass_on(trace: Option<TraceContext>, state: Option<&HeaderValue>, headers: &mut HeaderMap) {
    let Some(header) = trace.and_then(|trace| trace.header()) else {
        return;
    };
    if !headers.contains_key(TRACEPARENT) {
        headers.insert(TRACEPARENT, header);
        if let Some(state) = state {
            headers.insert(TRACESTATE, state.clone());
        }
    }
}

/// The span of a request, by OpenTelemetry's conventions for HTTP clients. The query is left out,
/// because it may hold secrets.
fn describe(request: &Request<WasiBody>, target: &Target) -> Description {
    let method = request.method().as_str();
    Description {
        name: method.to_owned(),
        attributes: vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("server.address", target.host().into_owned()),
            KeyValue::new("server.port", i64::from(target.port())),
            KeyValue::new("url.full", target.url(request.uri().path())),
        ],
    }
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound")
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// What wasmtime asks when a guest sends a request.
pub struct OutboundHooks {
    outbound: Arc<Outbound>,
    caller: Caller,
}

impl OutboundHooks {
    /// The hooks of one instance.
    pub fn new(outbound: Arc<Outbound>, caller: Caller) -> Self {
        Self { outbound, caller }
    }
}

type Sent = (
    Response<WasiBody>,
    Box<dyn Future<Output = Result<(), Error>> + Send>,
);

impl WasiHttpHooks for OutboundHooks {
    /// The client sets it, from the URI.
    fn set_host_header(&mut self) -> bool {
        false
    }

    /// By default each is logged, though most are uploads whose clients have left; the record of the
    /// request tells of them.
    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> p2_types::ErrorCode {
        p2_types::ErrorCode::HttpProtocolError
    }

    fn p3_error_from_hyper(&mut self, _: &hyper::Error) -> p3_types::ErrorCode {
        p3_types::ErrorCode::HttpProtocolError
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _processed: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let outbound = Arc::clone(&self.outbound);
        let origin = self.caller.get().map(|exchange| exchange.origin().clone());
        Box::new(async move {
            let response = outbound
                .send(request, options.unwrap_or_default(), origin)
                .await?;
            let io: Box<dyn Future<Output = _> + Send> = Box::new(std::future::ready(Ok(())));
            Ok((response, io))
        })
    }
}

/// Replaces WASI 0.3's `send` by one that notes for which request the guest sends.
pub(super) fn link(linker: &mut Linker<InstanceState>) -> wasmtime::Result<()> {
    p3_client::add_to_linker::<_, OutboundHttp>(linker, InstanceState::http)
}

struct OutboundHttp;

impl HasData for OutboundHttp {
    type Data<'a> = WasiHttpCtxView<'a>;
}

impl p3_client::HostWithStore<InstanceState> for OutboundHttp {
    async fn send(
        accessor: &Accessor<InstanceState, Self>,
        request: Resource<p3_types::Request>,
    ) -> Result<Resource<p3_types::Response>, TrappableError<p3_types::ErrorCode>> {
        accessor.with(|mut store| note_caller(store.as_context_mut()));
        let accessor = accessor.with_getter::<WasiHttp>(InstanceState::http);
        <WasiHttp as p3_client::HostWithStore<InstanceState>>::send(&accessor, request).await
    }
}
