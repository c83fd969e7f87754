//! The clock that interrupts guest code.
//!
//! Compiled code compares a counter at loop heads and function entries; a thread of its own (not
//! a task: a guest in a loop must not be able to hold it up) moves the counter every
//! [`PERIOD`]. An interrupted guest yields its thread to other tasks. It ends if nobody waits for
//! its instance any more, or if its own time is up. Cost: one comparison in guest code, and a yield
//! per period of uninterrupted work.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use wasmtime::Engine;

/// Between two movements: a guest that does not wait is interrupted after one or two of them.
pub const PERIOD: Duration = Duration::from_millis(10);

/// Moves the engine's epoch until it is dropped.
#[derive(Debug)]
pub struct EpochTicker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl EpochTicker {
    /// Starts the thread.
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let engine = engine.weak();
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new()
            .name("epoch".into())
            .spawn(move || {
                while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                    let Some(engine) = engine.upgrade() else {
                        break;
                    };
                    engine.increment_epoch();
                }
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for EpochTicker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only fails if the thread panicked, and then there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
