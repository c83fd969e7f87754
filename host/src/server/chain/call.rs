//! The record of one request inside the process, whichever way it ends.

use crate::engine::answer::GuestBody;
use crate::engine::failure::Failure;
use crate::server::admission::Rejection;
use crate::server::body::{Fault, ResponseBody};
use crate::server::response;
use crate::server::route::Component;
use crate::server::trouble::Subject;
use crate::telemetry::traces::TraceContext;
use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;
use wasmtime_wasi_http::{Error, WasiBody};

/// A request to a component, until it has a head; if it is dropped before, its caller has left.
#[derive(Debug)]
pub(super) struct Call {
    told: Told,
    began: Instant,
    ended: bool,
}

/// What is told of a request that goes wrong.
#[derive(Clone, Debug)]
struct Told {
    component: Arc<Component>,
    route: Arc<str>,
    trace: Option<TraceContext>,
}

impl Told {
    fn subject(&self) -> Subject<'_> {
        Subject {
            component: Some((&self.component.id, &self.component.series)),
            route: &self.route,
            trace: self.trace,
        }
    }
}

impl Call {
    /// Begins the record of a request to `component` by `route`.
    pub(super) fn begin(
        component: &Arc<Component>,
        route: &Arc<str>,
        trace: Option<TraceContext>,
    ) -> Self {
        Self {
            told: Told {
                component: Arc::clone(component),
                route: Arc::clone(route),
                trace,
            },
            began: Instant::now(),
            ended: false,
        }
    }

    /// The component has answered, though its body may yet break off.
    pub(super) fn answered(mut self, response: Response<GuestBody>) -> Response<WasiBody> {
        self.end(Some(response.status()));
        let told = Some(self.told.clone());
        response.map(|inner| ChainedBody { inner, told }.boxed_unsync())
    }

    /// The component has failed.
    pub(super) fn failed(self, failure: Failure) -> Response<WasiBody> {
        self.told.subject().failed(failure);
        self.refused(response::failure(failure))
    }

    /// The request's body is larger than the component's limit.
    pub(super) fn too_large(self) -> Response<WasiBody> {
        self.told.subject().rejected("body_too_large");
        self.refused(response::fault(Fault::TooLarge))
    }

    /// The component has too many requests in flight.
    pub(super) fn turned_away(self, rejection: Rejection) -> Response<WasiBody> {
        self.told.subject().turned_away(rejection.reason());
        self.refused(response::rejection(rejection))
    }

    /// The host answers in the component's place.
    fn refused(mut self, response: Response<ResponseBody>) -> Response<WasiBody> {
        self.end(Some(response.status()));
        response.map(|body| body.map_err(broken).boxed_unsync())
    }

    fn end(&mut self, status: Option<StatusCode>) {
        self.ended = true;
        let series = &self.told.component.capabilities;
        series.chained(status, self.began.elapsed());
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.end(None);
        }
    }
}

/// What a caller is told of an answer that breaks off.
fn broken(failure: Failure) -> Error {
    Error::InternalError(Some(failure.to_string()))
}

/// The body of the answer, which tells when the component breaks it off.
struct ChainedBody {
    inner: GuestBody,
    /// None once it was told.
    told: Option<Told>,
}

impl Body for ChainedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        polled.map_err(|failure| {
            if let Some(told) = self.told.take() {
                told.subject().failed(failure);
            }
            broken(failure)
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
