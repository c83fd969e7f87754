//! The bodies between a client and a component. Both stream; the host holds no more than the part
//! that is on its way.

use super::io::ActiveRequest;
use super::linger::Upload;
use super::record::{Aftermath, Recorder};
use crate::body::idle::IdleTimer;
use crate::engine::answer::GuestBody;
use crate::engine::failure::Failure;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;
use wasmtime_wasi_http::{Error, WasiBody};

/// What went wrong with a request's body, for which the host answers in the component's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is larger than the component's limit.
    TooLarge,
    /// The client stopped sending.
    TooSlow,
    /// It is not whole, usually because the client went away.
    Cut,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; Self::Cut as usize + 1] = [Self::TooLarge, Self::TooSlow, Self::Cut];

    /// The label under which the host's refusal is counted; one of a closed set. None where there
    /// is nobody to refuse.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::TooLarge => Some("body_too_large"),
            Self::TooSlow => Some("body_timeout"),
            Self::Cut => None,
        }
    }
}

/// How far a request's body has come; shared between the body and its request.
#[derive(Debug, Default)]
pub struct Progress {
    bytes: AtomicU64,
    fault: AtomicU8,
}

impl Progress {
    /// Bytes that the component was given.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// What went wrong.
    pub fn fault(&self) -> Option<Fault> {
        match self.fault.load(Relaxed) {
            1 => Some(Fault::TooLarge),
            2 => Some(Fault::TooSlow),
            3 => Some(Fault::Cut),
            _ => None,
        }
    }

    fn set(&self, fault: Fault) {
        self.fault.store(
            match fault {
                Fault::TooLarge => 1,
                Fault::TooSlow => 2,
                Fault::Cut => 3,
            },
            Relaxed,
        );
    }
}

/// A request's body on its way to the component.
#[derive(Debug)]
pub struct RequestBody {
    inner: Upload,
    left: u64,
    limit: u64,
    idle: IdleTimer,
    progress: Arc<Progress>,
}

impl RequestBody {
    /// The body as a component gets it: `limit` bytes are let through, and `timeout` may pass
    /// between two parts.
    pub(super) fn boxed(
        inner: Upload,
        limit: u64,
        timeout: Duration,
        progress: Arc<Progress>,
    ) -> WasiBody {
        if inner.is_end_stream() {
            let none = Empty::new().map_err(|never: Infallible| match never {});
            return none.boxed_unsync();
        }
        let body = Self {
            inner,
            left: limit,
            limit,
            idle: IdleTimer::new(timeout),
            progress,
        };
        body.boxed_unsync()
    }

    fn take(&mut self, frame: &Frame<Bytes>) -> Result<(), Error> {
        self.idle.moved();
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = self.left.checked_sub(length) else {
            self.progress.set(Fault::TooLarge);
            self.inner.give_up();
            return Err(Error::HttpRequestBodySize(Some(self.limit)));
        };
        self.left = left;
        self.progress.bytes.fetch_add(length, Relaxed);
        Ok(())
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.inner).poll_frame(cx) {
            Poll::Pending => self.idle.poll_stalled(cx).map(|()| {
                self.progress.set(Fault::TooSlow);
                Some(Err(Error::ConnectionReadTimeout))
            }),
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.take(&frame).map(|()| frame))),
            Poll::Ready(Some(Err(error))) => {
                self.progress.set(Fault::Cut);
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A response's body on its way to the client; tells the request's recorder how it ends.
#[derive(Debug)]
pub struct ResponseBody {
    content: Content,
    recorder: Option<Recorder>,
    /// Keeps the connection from counting as idle.
    active: Option<ActiveRequest>,
}

#[derive(Debug)]
enum Content {
    Full(Bytes),
    Guest(Box<GuestBody>),
    /// It was broken off, which the connection is told once it has sent what came before.
    Broken(Failure),
    /// There is none, though a component gave one: to HEAD, or with a status that has none.
    Withheld,
}

impl ResponseBody {
    /// A body that is there as a whole.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            content: Content::Full(bytes.into()),
            recorder: None,
            active: None,
        }
    }

    /// The body of a component's response.
    pub fn guest(body: GuestBody) -> Self {
        Self {
            content: Content::Guest(Box::new(body)),
            recorder: None,
            active: None,
        }
    }

    /// Bytes of a body that is there as a whole.
    pub fn whole(&self) -> Option<u64> {
        match &self.content {
            Content::Full(bytes) => Some(bytes.len() as u64),
            Content::Guest(_) | Content::Broken(_) | Content::Withheld => None,
        }
    }

    /// Keeps back the body, which the component may go on to write: dropping it would count as
    /// giving up on the component. If it breaks the body off, that is told of the request of
    /// `recorder`.
    pub fn withhold(&mut self, recorder: Option<&Recorder>) {
        let content = std::mem::replace(&mut self.content, Content::Withheld);
        if let Content::Guest(body) = content
            && !body.is_end_stream()
        {
            tokio::spawn(drain(body, recorder.map(Recorder::aftermath)));
        }
    }

    /// Hands over the recorder of the request.
    pub fn record_with(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Keeps the request active until the body has ended.
    pub fn keep(mut self, active: ActiveRequest) -> Self {
        self.active = Some(active);
        self
    }

    /// hyper drops what it has not sent yet, even the head, when it is told of a failure. So it is
    /// told when it asks again, which it does after it has sent that.
    fn broke<T>(&mut self, failure: Failure, cx: &Context<'_>) -> Poll<T> {
        if let Some(recorder) = self.recorder.take() {
            recorder.broke(failure);
        }
        self.content = Content::Broken(failure);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn finish(&mut self) {
        self.active = None;
        if let Some(recorder) = self.recorder.take() {
            recorder.finished();
        }
    }
}

/// Reads a body to its end. It is bounded by the component's timeout, as every body is.
async fn drain(mut body: Box<GuestBody>, aftermath: Option<Aftermath>) {
    while let Some(frame) = body.frame().await {
        if let Err(failure) = frame {
            aftermath.iter().for_each(|record| record.broke(failure));
            break;
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let polled = match &mut self.content {
            Content::Full(bytes) if !bytes.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))))
            }
            Content::Full(_) | Content::Withheld => Poll::Ready(None),
            Content::Guest(body) => Pin::new(&mut **body).poll_frame(cx),
            Content::Broken(failure) => return Poll::Ready(Some(Err(*failure))),
        };
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                self.recorder
                    .iter_mut()
                    .for_each(|recorder| recorder.sent(length));
            }
            Poll::Ready(Some(Err(failure))) => return self.broke(*failure, cx),
            Poll::Ready(None) => self.finish(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Full(bytes) => bytes.is_empty(),
            Content::Guest(body) => body.is_end_stream(),
            Content::Broken(_) => false,
            Content::Withheld => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Guest(body) => body.size_hint(),
            Content::Broken(_) | Content::Withheld => SizeHint::default(),
        }
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        // What has no more content is dropped without being polled to its end. Otherwise the
        // recorder, dropped with the body, says that the client went away.
        if self.is_end_stream() {
            self.finish();
        }
    }
}
