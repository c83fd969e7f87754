//! Streams of HTTP/2 whose client takes nothing.
//!
//! A client of HTTP/1.1 that does not read fills the socket, which `GuardedIo` sees. One of HTTP/2
//! may read on and yet open no window for a stream; hyper then waits without asking the response's
//! body for more, and the component, its instance and its place among the admitted wait too. So a
//! body is given to hyper in small [`Parts`], and tells the task of its stream whether it gave one
//! or waits for the component itself. Who takes no part for the limit loses the stream: its task
//! is dropped, which resets it, and that is counted as it is for a connection of HTTP/1.1.
//!
//! The slowest reader that is served takes one part in the limit. HTTP/1.1 is passed through.

use crate::telemetry::metrics::host::{ConnectionError, ListenerSeries};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::rt::Executor;
use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// Bytes of a part: as many as a frame of HTTP/2 holds by default, so that no more frames are sent.
const PART: usize = 16 * 1024;

tokio::task_local! {
    /// What the body did when it was asked while the task ran: whether it gave something.
    static GAVE: Cell<Option<bool>>;
}

/// A body whose parts are small enough that taking one is progress.
#[derive(Debug)]
pub struct Parts<B> {
    inner: B,
    rest: Bytes,
    streamed: bool,
}

impl<B> Parts<B> {
    /// The body of a response of this version.
    pub fn new(inner: B, version: http::Version) -> Self {
        Self {
            inner,
            rest: Bytes::new(),
            streamed: version == http::Version::HTTP_2,
        }
    }

    fn part(&mut self) -> Frame<Bytes> {
        let length = self.rest.len().min(PART);
        Frame::data(self.rest.split_to(length))
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Parts<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if !self.streamed {
            return Pin::new(&mut self.inner).poll_frame(cx);
        }
        if !self.rest.is_empty() {
            tell(true);
            return Poll::Ready(Some(Ok(self.part())));
        }
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        tell(polled.is_ready());
        polled.map_ok(|frame| match frame.into_data() {
            Ok(data) => {
                self.rest = data;
                self.part()
            }
            Err(trailers) => trailers,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // hyper asks before the first part; later it would be too low by what is left of one.
        self.inner.size_hint()
    }
}

/// Tells the task of the stream.
fn tell(gave: bool) {
    // Without one nobody needs to know.
    let _ = GAVE.try_with(|cell| cell.set(Some(gave)));
}

/// Runs the streams of HTTP/2 connections, each on a task of its own.
#[derive(Clone, Debug)]
pub struct StreamExecutor {
    limit: Duration,
    series: Arc<ListenerSeries>,
}

impl StreamExecutor {
    /// Gives up a stream whose client takes nothing for `limit`, and counts it in `series`.
    pub fn new(limit: Duration, series: &Arc<ListenerSeries>) -> Self {
        let series = Arc::clone(series);
        Self { limit, series }
    }
}

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(Stream {
            inner: Box::pin(stream),
            limit: self.limit,
            series: Arc::clone(&self.series),
            waits_for_client: false,
            timer: None,
        });
    }
}

struct Stream<F> {
    inner: Pin<Box<F>>,
    limit: Duration,
    series: Arc<ListenerSeries>,
    waits_for_client: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (polled, gave) = GAVE.sync_scope(Cell::new(None), || {
            let polled = this.inner.as_mut().poll(cx);
            (polled, GAVE.with(Cell::get))
        });
        if let Some(gave) = gave {
            this.timer = None;
            this.waits_for_client = gave;
        }
        if polled.is_ready() || !this.waits_for_client {
            return polled;
        }
        let limit = this.limit;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        let cut = timer.as_mut().poll(cx);
        cut.map(|()| this.series.failed(ConnectionError::WriteTimeout))
    }
}
