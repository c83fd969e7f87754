//! The signals that end the host: the first asks it to drain, the second to stop at once.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Begins to listen for SIGHUP, which asks for a reload.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen; until then the signals end the process.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The name of the next signal.
    pub async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
