//! Writes log lines to standard error on a thread of its own.
//!
//! Problem: whoever collects the log may stop reading, and a write to a full pipe waits. Workers of
//! the runtime that wait serve nobody, so a stalled collector would stop the host, its drain
//! included.
//!
//! Mechanism: lines go through a bounded queue to one thread, which is all that ever waits. Lines
//! that find the queue full are dropped and counted in `weir_log_lines_dropped_total`. [`end`]
//! waits until what is queued is written, for about a second at most.
//!
//! Limits and cost: a line is copied once. The queue holds [`QUEUED`] lines, which is some MB, or
//! 128 MB if guests print nothing but lines of the greatest length.

use std::io;
use std::sync::{Mutex, PoisonError};
use tracing::Subscriber;
use tracing::dispatcher::get_default;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer;

/// Lines that may wait to be written: what comes in bursts, and not what nobody reads.
const QUEUED: usize = 8192;

/// The queue of lines. A layer of the subscriber, because it belongs to it: that is how it is found.
pub(super) struct Writer {
    lines: NonBlocking,
    /// Writes what is left when it is dropped.
    guard: Mutex<Option<WorkerGuard>>,
}

impl<S: Subscriber> Layer<S> for Writer {}

impl Writer {
    /// Starts its thread.
    pub(super) fn start() -> Self {
        let builder = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(QUEUED)
            .thread_name("log");
        let (lines, guard) = builder.finish(io::stderr());
        Self {
            lines,
            guard: Mutex::new(Some(guard)),
        }
    }

    /// Where lines go.
    pub(super) fn lines(&self) -> NonBlocking {
        self.lines.clone()
    }
}

/// Lines dropped since the start of the log.
pub fn dropped() -> usize {
    let read = |writer: &Writer| writer.lines.error_counter().dropped_lines();
    get_default(|subscriber| subscriber.downcast_ref().map_or(0, read))
}

/// Ends the log, once what it has been told is written or nobody reads it. Later lines are lost.
pub fn end() {
    let guard = get_default(|subscriber| {
        let writer = subscriber.downcast_ref::<Writer>()?;
        let mut guard = writer.guard.lock().unwrap_or_else(PoisonError::into_inner);
        guard.take()
    });
    drop(guard);
}
