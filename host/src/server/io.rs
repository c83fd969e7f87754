//! Guards on a connection's bytes: clients that send nothing, and clients that take nothing.
//!
//! hyper bounds the time of a request's head only together with the pause before it, and nothing
//! while a response waits for its reader. So each connection knows whether a request is active,
//! whether a head has begun to come, and since when. While no request is active, a read ends with
//! the connection when the limit is reached, however the bytes trickle; a write that has been
//! pending for too long fails. On HTTP/2 bytes may come that begin no request, so there only the
//! first head has a limit of its own.

use crate::telemetry::metrics::host::ConnectionError;
use http::Version;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its opening to the first byte of its first request.
    pub first_byte: Duration,
    /// From the first byte of a request's head to its end.
    pub header: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
    /// For the client to take any of what is written.
    pub write: Duration,
}

/// What comes next on a connection without active requests: its first request,
const FIRST: u8 = 0;
/// the rest of a head,
const HEAD: u8 = 1;
/// or another request, perhaps.
const NEXT: u8 = 2;

/// Whether requests are active on a connection.
#[derive(Debug)]
pub struct Activity {
    active: AtomicUsize,
    expected: AtomicU8,
    /// Several requests share the connection.
    multiplexed: AtomicBool,
    /// When a connection without requests is closed.
    deadline: Mutex<Instant>,
    patience: Patience,
    /// Why it was cut off.
    cut: OnceLock<ConnectionError>,
}

impl Activity {
    /// A new connection.
    pub fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            active: AtomicUsize::new(0),
            expected: AtomicU8::new(FIRST),
            multiplexed: AtomicBool::new(false),
            deadline: Mutex::new(Instant::now() + patience.first_byte),
            patience,
            cut: OnceLock::new(),
        })
    }

    /// A request of this version is active until the guard is dropped.
    pub fn begin(self: &Arc<Self>, version: Version) -> ActiveRequest {
        self.multiplexed.store(version == Version::HTTP_2, Relaxed);
        self.resume()
    }

    /// A request that may have been answered goes on to be active until the guard is dropped.
    pub fn resume(self: &Arc<Self>) -> ActiveRequest {
        self.expected.store(NEXT, Relaxed);
        self.active.fetch_add(1, Relaxed);
        ActiveRequest(Arc::clone(self))
    }

    /// Why the connection was cut off, if it was. That a client asked for nothing more is no reason.
    pub fn cut(&self) -> Option<ConnectionError> {
        self.cut.get().copied()
    }

    /// When the connection is closed; `None` while a request is active.
    fn deadline(&self) -> Option<Instant> {
        let idle = self.active.load(Relaxed) == 0;
        idle.then(|| *self.deadline.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn close_at(&self, deadline: Instant) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// Bytes have come.
    fn received(&self) {
        let idle = self.active.load(Relaxed) == 0 && !self.multiplexed.load(Relaxed);
        if idle && self.expected.swap(HEAD, Relaxed) != HEAD {
            self.close_at(Instant::now() + self.patience.header);
        }
    }

    /// The deadline has passed.
    fn timed_out(&self) {
        let reason = match self.expected.load(Relaxed) {
            FIRST => ConnectionError::FirstByteTimeout,
            HEAD => ConnectionError::HeaderTimeout,
            _ => return,
        };
        // The first reason stays.
        let _ = self.cut.set(reason);
    }
}

/// One active request.
#[derive(Debug)]
pub struct ActiveRequest(Arc<Activity>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.close_at(Instant::now() + self.0.patience.keep_alive);
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A connection that is closed when its client does nothing.
#[derive(Debug)]
pub struct GuardedIo<T> {
    inner: T,
    activity: Arc<Activity>,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<T> GuardedIo<T> {
    /// Guards `inner`.
    pub fn new(inner: T, activity: Arc<Activity>) -> Self {
        Self {
            inner,
            activity,
            reading: None,
            writing: None,
        }
    }

    /// Ready when the client has done nothing for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.activity.deadline() else {
            return Poll::Pending;
        };
        let timer = self
            .reading
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // It was set for a head that may come later than this one may last.
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
                self.activity.timed_out();
                return Poll::Ready(());
            }
            // It was set for an earlier pause between requests.
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    fn watch_write<R>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.writing = None;
            return polled;
        }
        let limit = self.activity.patience.write;
        let timer = self
            .writing
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(cx).map(|()| {
            // The first reason stays.
            let _ = self.activity.cut.set(ConnectionError::WriteTimeout);
            Err(io::ErrorKind::TimedOut.into())
        })
    }
}

impl<T: Read + Unpin> Read for GuardedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                self.activity.received();
                Poll::Ready(result)
            }
            Poll::Pending => self
                .poll_idle(cx)
                .map(|()| Err(io::ErrorKind::TimedOut.into())),
        }
    }
}

impl<T: Write + Unpin> Write for GuardedIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.watch_write(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.watch_write(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch_write(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.watch_write(cx, polled)
    }
}
