//! A request's body inside the process, within the limit of the component that is asked.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use wasmtime_wasi_http::{Error, WasiBody};

/// Whether a body turned out to be too large; shared between the body and its request.
#[derive(Clone, Debug, Default)]
pub(super) struct Excess(Arc<AtomicBool>);

impl Excess {
    /// Whether it did.
    pub(super) fn is_there(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// A body of which `left` bytes may still come.
struct LimitedBody {
    inner: WasiBody,
    left: u64,
    limit: u64,
    excess: Excess,
}

/// The body as a component gets it: `limit` bytes are let through.
pub(super) fn limited(inner: WasiBody, limit: u64, excess: &Excess) -> WasiBody {
    let body = LimitedBody {
        inner,
        left: limit,
        limit,
        excess: excess.clone(),
    };
    body.boxed_unsync()
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok());
        let length = data.and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        let Some(left) = self.left.checked_sub(length) else {
            self.excess.0.store(true, Relaxed);
            let error = Error::HttpRequestBodySize(Some(self.limit));
            return Poll::Ready(Some(Err(error)));
        };
        self.left = left;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
