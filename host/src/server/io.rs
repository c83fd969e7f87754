//! Guards on a connection's bytes: clients that send nothing, and clients that take nothing.
//!
//! hyper bounds the time of a request's head once it has begun, and nothing before it, between
//! requests, or while a response waits for its reader. So each connection knows whether a request
//! is active and since when none is. While none is, a read ends with the connection when the limit
//! is reached, however the bytes trickle; a write that has been pending for too long fails.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// How long a connection may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its opening to its first request.
    pub first_request: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
    /// For the client to take any of what is written.
    pub write: Duration,
}

/// Whether requests are active on a connection.
#[derive(Debug)]
pub struct Activity {
    active: AtomicUsize,
    /// When a connection without requests is closed.
    deadline: Mutex<Instant>,
    keep_alive: Duration,
}

impl Activity {
    /// A new connection.
    pub fn new(patience: Patience) -> Arc<Self> {
        Arc::new(Self {
            active: AtomicUsize::new(0),
            deadline: Mutex::new(Instant::now() + patience.first_request),
            keep_alive: patience.keep_alive,
        })
    }

    /// A request is active until the guard is dropped.
    pub fn begin(self: &Arc<Self>) -> ActiveRequest {
        self.active.fetch_add(1, Relaxed);
        ActiveRequest(Arc::clone(self))
    }

    /// When the connection is closed; `None` while a request is active.
    fn deadline(&self) -> Option<Instant> {
        let idle = self.active.load(Relaxed) == 0;
        idle.then(|| *self.deadline.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One active request.
#[derive(Debug)]
pub struct ActiveRequest(Arc<Activity>);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        let deadline = Instant::now() + self.0.keep_alive;
        *self
            .0
            .deadline
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = deadline;
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A connection that is closed when its client does nothing.
#[derive(Debug)]
pub struct GuardedIo<T> {
    inner: T,
    activity: Arc<Activity>,
    write_limit: Duration,
    reading: Option<Pin<Box<Sleep>>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<T> GuardedIo<T> {
    /// Guards `inner`.
    pub fn new(inner: T, activity: Arc<Activity>, patience: Patience) -> Self {
        Self {
            inner,
            activity,
            write_limit: patience.write,
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
        while timer.as_mut().poll(cx).is_ready() {
            if timer.deadline() >= deadline {
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
        let limit = self.write_limit;
        let timer = self
            .writing
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: Read + Unpin> Read for GuardedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(cx, buffer) {
            Poll::Ready(result) => Poll::Ready(result),
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
