//! Records a request exactly once, whichever way it ends: answered, failed, refused, or left by
//! its client.

use super::body::{Fault, Progress};
use super::client::Client;
use super::route::{Component, Route, Target};
use super::trouble::Subject;
use crate::engine::failure::Failure;
use crate::telemetry::logs::{AccessLine, access_line};
use crate::telemetry::metrics::http_server::{Ended, HOST, RouteSeries, UNMATCHED};
use crate::telemetry::traces::TraceContext;
use crate::telemetry::traces::tracer::Span;
use http::{Method, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The error that a request has whose client went away.
const CLIENT_DISCONNECT: &str = "client_disconnect";

/// What a request's path led to.
#[derive(Clone, Debug)]
pub enum Matched {
    /// A route.
    Route(Arc<Route>),
    /// None of them; the series is that of such requests.
    Nothing(Arc<RouteSeries>),
}

impl Matched {
    fn series(&self) -> &RouteSeries {
        match self {
            Self::Route(route) => &route.series,
            Self::Nothing(series) => series,
        }
    }

    /// The route as the manifest writes it.
    fn label(&self) -> &str {
        match self {
            Self::Route(route) => &route.label,
            Self::Nothing(_) => UNMATCHED,
        }
    }

    /// The component that answers, if one does.
    fn component(&self) -> Option<&Component> {
        match self {
            Self::Route(route) => match &route.target {
                Target::Component(component) => Some(component),
                Target::Static(_) => None,
            },
            Self::Nothing(_) => None,
        }
    }

    fn subject(&self, trace: Option<TraceContext>) -> Subject<'_> {
        let component = self.component();
        Subject {
            component: component.map(|component| (&*component.id, &*component.series)),
            route: self.label(),
            trace,
        }
    }
}

/// What goes wrong in a component after the response that its client gets has ended, as one to HEAD
/// does before the component has written its body.
#[derive(Debug)]
pub struct Aftermath {
    matched: Matched,
    trace: Option<TraceContext>,
    request: Option<Arc<Progress>>,
}

impl Aftermath {
    /// The component broke off the response's body, unless that was for want of the request's.
    pub fn broke(&self, failure: Failure) {
        let fault = self.request.as_ref().and_then(|request| request.fault());
        if fault.is_none() {
            self.matched.subject(self.trace).failed(failure);
        }
    }
}

/// The record of one request.
#[derive(Debug)]
pub struct Recorder {
    matched: Matched,
    began: Instant,
    method: Method,
    /// By whom it is given up if it is dropped.
    client: Arc<Client>,
    trace: Option<TraceContext>,
    status: Option<StatusCode>,
    error: Option<&'static str>,
    request: Option<Arc<Progress>>,
    response_bytes: u64,
    /// The path without its query, if the request will be in the access log.
    access: Option<Box<str>>,
    span: Option<Span>,
    ended: bool,
}

impl Recorder {
    /// Begins the record of a request.
    pub fn begin(matched: Matched, method: Method, began: Instant, client: &Arc<Client>) -> Self {
        matched.series().begin();
        Self {
            matched,
            began,
            method,
            client: Arc::clone(client),
            trace: None,
            status: None,
            error: None,
            request: None,
            response_bytes: 0,
            access: None,
            span: None,
            ended: false,
        }
    }

    /// The request belongs to this trace.
    pub fn set_trace(&mut self, trace: Option<TraceContext>) {
        self.trace = trace;
    }

    /// The request has a body.
    pub fn set_request(&mut self, progress: &Arc<Progress>) {
        self.request = Some(Arc::clone(progress));
    }

    /// The request will be in the access log, with this path.
    pub fn set_access(&mut self, path: &str) {
        self.access = Some(path.into());
    }

    /// The request is part of a trace that is recorded.
    pub fn set_span(&mut self, span: Option<Span>) {
        self.span = span;
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The head of the response is on its way.
    pub fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// The component failed.
    pub fn failed(&mut self, failure: Failure) {
        self.error = Some(failure.reason());
        self.subject().failed(failure);
    }

    /// The host refused the request, for a reason from a closed set.
    pub fn rejected(&mut self, reason: &'static str) {
        self.error = Some(reason);
        self.subject().rejected(reason);
    }

    /// The host refused the request because there are too many.
    pub fn turned_away(&mut self, reason: &'static str) {
        self.error = Some(reason);
        self.subject().turned_away(reason);
    }

    /// Something was wrong with the request's body.
    pub fn faulty(&mut self, fault: Fault) {
        match fault.reason() {
            Some(reason) => self.rejected(reason),
            None => self.error = Some(CLIENT_DISCONNECT),
        }
    }

    /// Bytes of the response's body were sent.
    pub fn sent(&mut self, bytes: u64) {
        self.response_bytes += bytes;
    }

    /// The response ended as it should.
    pub fn finished(mut self) {
        self.end();
    }

    /// The component broke off the response's body, perhaps for want of the request's.
    pub fn broke(mut self, failure: Failure) {
        match self.request.as_ref().and_then(|request| request.fault()) {
            Some(fault) => self.faulty(fault),
            None => self.failed(failure),
        }
        self.end();
    }

    /// What is to be told of the request after its end.
    pub fn aftermath(&self) -> Aftermath {
        Aftermath {
            matched: self.matched.clone(),
            trace: self.trace,
            request: self.request.clone(),
        }
    }

    fn subject(&self) -> Subject<'_> {
        self.matched.subject(self.trace)
    }

    fn end(&mut self) {
        self.ended = true;
        let elapsed = self.began.elapsed();
        let request_bytes = self.request.as_ref().map_or(0, |request| request.bytes());
        self.matched.series().end(&Ended {
            method: &self.method,
            status: self.status,
            error: self.error,
            elapsed,
            request_bytes,
            response_bytes: self.response_bytes,
        });
        if let Some(span) = self.span.take() {
            span.end(self.status.map(|status| status.as_u16()), self.error);
        }
        if let Some(path) = &self.access {
            self.log_access(path, elapsed, request_bytes);
        }
    }

    fn log_access(&self, path: &str, elapsed: Duration, request_bytes: u64) {
        let component = self.matched.component();
        access_line(&AccessLine {
            client: self.client.address.to_str().unwrap_or_default(),
            method: self.method.as_str(),
            path,
            component: component.map_or(HOST, |component| &component.id),
            route: self.matched.label(),
            status: self.status.map(|status| status.as_u16()),
            error: self.error,
            milliseconds: elapsed.as_secs_f64() * 1e3,
            request_bytes,
            response_bytes: self.response_bytes,
            trace: self.trace,
        });
    }

    /// It was dropped: by the host, or because its client went away.
    fn given_up(&mut self) {
        if self.error.is_none() {
            self.error = Some(match self.client.is_cut() {
                true => {
                    self.subject().cut();
                    Failure::Stopped.reason()
                }
                false => CLIENT_DISCONNECT,
            });
        }
        self.end();
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.ended {
            self.given_up();
        }
    }
}
