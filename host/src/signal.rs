//! The signals that end the host: the first asks it to drain, the second to stop at once.

use std::fmt;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Begins to listen for SIGHUP, which asks for a reload.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// A signal that ends the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
}

impl Stop {
    /// The status that a shell shows of a process that the signal has ended.
    pub fn status(self) -> i32 {
        const BASE: i32 = 128;
        match self {
            Self::Terminate => BASE + SignalKind::terminate().as_raw_value(),
            Self::Interrupt => BASE + SignalKind::interrupt().as_raw_value(),
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
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

    /// The next signal.
    pub async fn next(&mut self) -> Stop {
        tokio::select! {
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.interrupt.recv() => Stop::Interrupt,
        }
    }
}
