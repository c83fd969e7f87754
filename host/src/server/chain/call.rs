//! The record of one request inside the process, whichever way it ends.

use crate::engine::answer::GuestBody;
use crate::engine::failure::Failure;
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
    fn failed(&self, failure: Failure) {
        let subject = Subject {
            component: Some((&self.component.id, &self.component.series)),
            route: &self.route,
            trace: self.trace,
        };
        subject.failed(failure);
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

    /// The component has failed, for which its caller gets `status`.
    pub(super) fn failed(mut self, failure: Failure, status: StatusCode) {
        self.end(Some(status));
        self.told.failed(failure);
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
                told.failed(failure);
            }
            Error::InternalError(Some(failure.to_string()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
