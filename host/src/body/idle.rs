//! A limit on how long a body may stand still.
//!
//! The timer exists only while a part is owed, and starts anew with each part: a body may last as
//! long as it moves. Whoever reads slowly does not make the writer late, because the timer is only
//! polled when more is asked for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;

/// Watches one body.
#[derive(Debug)]
pub struct IdleTimer {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimer {
    /// Allows `limit` between two parts.
    pub fn new(limit: Duration) -> Self {
        Self { limit, timer: None }
    }

    /// A part has come.
    pub fn moved(&mut self) {
        self.timer = None;
    }

    /// Ready when a part has been owed for too long. Call it when the body is pending.
    pub fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        timer.as_mut().poll(cx)
    }
}
