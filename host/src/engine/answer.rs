//! Asks a component and waits for its answer, within its timeout.
//!
//! The timeout bounds the wait for the head, and then each wait for more of the body: a stream may
//! last as long as it moves. Time in which the client does not take what is there is not the
//! component's. A request that no instance has had room for is given up earlier, after the time that
//! requests may be queued. Whoever drops the future or the body early abandons the exchange.

use super::exchange::{Exchange, Origin, Permits};
use super::failure::Failure;
use super::message::{Request, Response};
use super::pool::InstancePool;
use super::state::ComponentContext;
use crate::body::idle::IdleTimer;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot::Receiver;
use tokio::time::timeout;
use wasmtime_wasi_http::WasiBody;

/// Gives `request` to an instance of the pool and waits for the head of the response.
pub async fn ask(
    pool: &InstancePool,
    request: Request,
    origin: Origin,
    permits: Permits,
) -> Result<http::Response<GuestBody>, Failure> {
    let (exchange, answer) = Exchange::new(origin, permits);
    let component = Arc::clone(pool.component());
    let limit = component.timeout;
    let guard = Guard {
        exchange,
        component,
    };
    pool.dispatch(request, Arc::clone(&guard.exchange));
    let response = guard.head(answer, pool.queue_timeout()).await?;
    let idle = IdleTimer::new(limit);
    let left = declared_length(response.headers());
    Ok(response.map(|inner| GuestBody {
        inner,
        guard,
        idle,
        left,
        ended: false,
    }))
}

/// What the head says of the body's length, in bytes.
fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Abandons the exchange unless it has finished.
#[derive(Debug)]
struct Guard {
    exchange: Arc<Exchange>,
    component: Arc<ComponentContext>,
}

impl Guard {
    /// Waits for the head of the response, but for an instance no longer than `queue`.
    async fn head(
        &self,
        mut answer: Receiver<Response>,
        queue: Duration,
    ) -> Result<Response, Failure> {
        let limit = self.component.timeout;
        let answered = match timeout(queue.min(limit), &mut answer).await {
            Ok(answered) => Ok(answered),
            Err(_elapsed) => match self.exchange.leave_queue() {
                Some(failure) => return Err(failure),
                None => timeout(limit.saturating_sub(queue), answer).await,
            },
        };
        match answered {
            Ok(Ok(response)) => Ok(response),
            // Without a failure the worker is gone: the host is shutting down.
            Ok(Err(_closed)) => Err(self.exchange.take_failure().unwrap_or(Failure::Stopped)),
            Err(_elapsed) => Err(self.exchange.give_up()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // The instance's worker has told of it, and nobody is left to count it.
        if let Some(failure) = self.exchange.abandon()
            && failure.ends_instance()
        {
            self.component.series.failed(failure.reason());
        }
    }
}

/// The body of a guest's response.
///
/// It has ended when the guest ends it, or when as much has come as the head declared: whoever
/// sends the response stops asking then, and what the guest does afterwards concerns no client.
#[derive(Debug)]
pub struct GuestBody {
    inner: WasiBody,
    guard: Guard,
    idle: IdleTimer,
    /// Bytes to come, where the head says so.
    left: Option<u64>,
    ended: bool,
}

impl GuestBody {
    fn exchange(&self) -> &Exchange {
        &self.guard.exchange
    }

    fn has_sent_all(&self) -> bool {
        self.left == Some(0) || self.inner.is_end_stream()
    }

    fn took(&mut self, frame: &Frame<Bytes>) {
        self.idle.moved();
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        self.left = self.left.map(|left| left.saturating_sub(length));
        if self.left == Some(0) {
            self.end();
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.exchange().finish();
    }
}

impl Body for GuestBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => self
                .idle
                .poll_stalled(cx)
                .map(|()| Some(Err(self.exchange().give_up()))),
            Poll::Ready(Some(Ok(frame))) => {
                self.took(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(_error))) => {
                let failure = self.exchange().take_failure();
                let failure = failure.unwrap_or(Failure::BodyAborted);
                Poll::Ready(Some(Err(failure)))
            }
            // The end of a body whose instance broke is no end.
            Poll::Ready(None) => match self.exchange().take_failure() {
                Some(failure) => Poll::Ready(Some(Err(failure))),
                None => {
                    self.end();
                    Poll::Ready(None)
                }
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.has_sent_all()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        // A body without content is dropped without being polled.
        if self.has_sent_all() {
            self.exchange().finish();
        }
    }
}
