//! Records a request exactly once, whichever way it ends: answered, failed, refused, or left by
//! its client.

use super::body::{Fault, Progress};
use super::route::Route;
use crate::drain::Stage;
use crate::engine::failure::Failure;
use crate::telemetry::logs::{AccessLine, access_line};
use crate::telemetry::metrics::component::ComponentSeries;
use crate::telemetry::metrics::http_server::{Ended, HOST, RouteSeries, UNMATCHED};
use crate::telemetry::traces::TraceContext;
use crate::telemetry::traces::tracer::Span;
use http::{HeaderValue, Method, StatusCode};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The error that a request has whose client went away.
const CLIENT_DISCONNECT: &str = "client_disconnect";

/// The record of one request.
#[derive(Debug)]
pub struct Recorder {
    series: Arc<RouteSeries>,
    component: Option<Arc<ComponentSeries>>,
    began: Instant,
    method: Method,
    status: Option<StatusCode>,
    error: Option<&'static str>,
    request: Option<Arc<Progress>>,
    response_bytes: u64,
    access: Option<Box<Access>>,
    span: Option<Span>,
    /// By whom it is given up if it is dropped.
    stage: watch::Receiver<Stage>,
    ended: bool,
}

/// What only the access log needs.
#[derive(Debug)]
pub struct Access {
    /// The client's address.
    pub client: HeaderValue,
    /// The path without its query.
    pub path: String,
    /// The route, if one matched.
    pub route: Option<Arc<Route>>,
    /// The component, if one answers.
    pub component: Option<Arc<str>>,
    /// The trace.
    pub trace: Option<TraceContext>,
}

impl Recorder {
    /// Begins the record of a request that goes to `series`.
    pub fn begin(
        series: Arc<RouteSeries>,
        method: Method,
        began: Instant,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        series.begin();
        Self {
            series,
            component: None,
            began,
            method,
            status: None,
            error: None,
            request: None,
            response_bytes: 0,
            access: None,
            span: None,
            stage,
            ended: false,
        }
    }

    /// The request is for this component.
    pub fn set_component(&mut self, component: &Arc<ComponentSeries>) {
        self.component = Some(Arc::clone(component));
    }

    /// The request has a body.
    pub fn set_request(&mut self, progress: &Arc<Progress>) {
        self.request = Some(Arc::clone(progress));
    }

    /// The request will be in the access log.
    pub fn set_access(&mut self, access: Access) {
        self.access = Some(Box::new(access));
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
        let reason = failure.reason();
        self.error = Some(reason);
        match (&self.component, failure) {
            (Some(component), Failure::PoolExhausted | Failure::Stopped) => {
                component.rejected(reason);
            }
            (Some(component), _) => component.failed(reason),
            (None, _) => {}
        }
    }

    /// The host refused the request, for a reason from a closed set.
    pub fn rejected(&mut self, reason: &'static str) {
        self.error = Some(reason);
        if let Some(component) = &self.component {
            component.rejected(reason);
        }
    }

    /// Something was wrong with the request's body.
    pub fn faulty(&mut self, fault: Fault) {
        match fault {
            Fault::TooLarge => self.rejected("body_too_large"),
            Fault::TooSlow => self.rejected("body_timeout"),
            Fault::Cut => self.error = Some(CLIENT_DISCONNECT),
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

    fn end(&mut self) {
        self.ended = true;
        let elapsed = self.began.elapsed();
        let request_bytes = self.request.as_ref().map_or(0, |request| request.bytes());
        self.series.end(&Ended {
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
        if let Some(access) = self.access.take() {
            access_line(&AccessLine {
                client: access.client.to_str().unwrap_or_default(),
                method: self.method.as_str(),
                path: &access.path,
                component: access.component.as_deref().unwrap_or(HOST),
                route: access
                    .route
                    .as_ref()
                    .map_or(UNMATCHED, |route| &route.label),
                status: self.status.map(|status| status.as_u16()),
                error: self.error,
                milliseconds: elapsed.as_secs_f64() * 1e3,
                request_bytes,
                response_bytes: self.response_bytes,
                trace: access.trace,
            });
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if !self.ended {
            let by = match *self.stage.borrow() {
                Stage::Cut => Failure::Stopped.reason(),
                Stage::Open | Stage::Closing => CLIENT_DISCONNECT,
            };
            self.error.get_or_insert(by);
            self.end();
        }
    }
}
