//! The signals that end the host: the first asks it to drain, the second to stop at once. And the
//! one that asks for a reload.

use std::fmt;
use std::io::{self, IsTerminal as _};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGHUP, which asks for a reload.
#[derive(Debug)]
pub struct Hangups(Option<Signal>);

impl Hangups {
    /// Begins to listen; until then the signal ends the process. On a terminal it goes on to do
    /// so: it says there that the terminal was closed.
    pub fn listen() -> io::Result<Self> {
        let listens = !io::stderr().is_terminal();
        let hangups = listens.then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self(hangups))
    }

    /// The next one, also one that came before anybody waited for it; several that did are one.
    /// Never ends where it is not listened for.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(hangups) => _ = hangups.recv().await,
            None => std::future::pending().await,
        }
    }
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
