//! The end of a host: nothing new, what is in flight finished, then what was written flushed.
//!
//! Readiness turns false first, and for a while nothing else happens: whoever balances the load
//! must notice before connections are refused. Then the listeners close, and requests in flight
//! have until the deadline, at which connections that are left are cut. Guests that go on after
//! their answers have until then too. A second signal ends any wait.

pub mod guests;

use crate::health::{Health, Phase};
use crate::signal::Signals;
use guests::Guests;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

/// The longest wait for requests that were cut to be counted, and how often it is looked.
const RECORDING: Duration = Duration::from_secs(1);
const RECORDING_STEP: Duration = Duration::from_millis(1);
/// How often it is looked whether guests are at work.
const GUESTS_STEP: Duration = Duration::from_millis(10);

/// How long the parts of the drain may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between readiness turning false and the listeners' closing.
    pub delay: Duration,
    /// For requests in flight and for guests to finish.
    pub deadline: Duration,
}

/// What the drain asks of listeners and of what they serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To go on.
    Open,
    /// To accept nothing more and to finish.
    Closing,
    /// To end: what is dropped now is cut by the host and not left by its client.
    Cut,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Requests, and guests without a request, that were cut; 0 if everything was finished.
    pub cut: usize,
    /// Whether a second signal ended it, so that nothing more should be waited for.
    pub hurried: bool,
}

/// What may be left when listeners have ended.
pub struct Left<'a, F> {
    /// Counts requests in flight.
    pub requests: F,
    /// Guests at work.
    pub guests: &'a Guests,
}

/// Drains the listeners, which end by themselves once `stage` is [`Stage::Closing`], and waits for
/// guests that go on afterwards.
pub async fn drain(
    mut listeners: JoinSet<()>,
    stage: watch::Sender<Stage>,
    health: &Health,
    patience: Patience,
    signals: &mut Signals,
    left: Left<'_, impl Fn() -> usize>,
) -> Drained {
    health.set_phase(Phase::Draining);
    let in_flight = (left.requests)();
    info!(delay = ?patience.delay, deadline = ?patience.deadline, in_flight, "draining");
    let hurried = tokio::select! {
        () = finish(&mut listeners, &stage, left.guests, patience) => false,
        signal = signals.next() => {
            warn!(%signal, "a second signal ends the drain");
            true
        }
    };
    let cut = cut(listeners, &stage, left).await;
    Drained { cut, hurried }
}

/// Cuts what is left; gives how much that was.
async fn cut(
    mut listeners: JoinSet<()>,
    stage: &watch::Sender<Stage>,
    left: Left<'_, impl Fn() -> usize>,
) -> usize {
    let guests = left.guests.working_alone();
    let requests = match listeners.is_empty() {
        true => 0,
        false => (left.requests)(),
    };
    stage.send_replace(Stage::Cut);
    listeners.shutdown().await;
    if requests > 0 {
        warn!(requests, "requests were cut");
        recorded(left.requests).await;
    }
    if guests > 0 {
        warn!(guests, "guests were cut that went on after their answers");
    }
    requests + guests
}

/// Ends when what was cut has been counted. Connections are dropped by their own tasks, which may
/// still be at it when the listeners have ended.
async fn recorded(in_flight: impl Fn() -> usize) {
    let none_left = async {
        while in_flight() > 0 {
            tokio::time::sleep(RECORDING_STEP).await;
        }
    };
    if tokio::time::timeout(RECORDING, none_left).await.is_err() {
        warn!(
            requests = in_flight(),
            "requests that were cut may not be counted"
        );
    }
}

/// Ends when the listeners have and no guest works, or at the deadline.
async fn finish(
    listeners: &mut JoinSet<()>,
    stage: &watch::Sender<Stage>,
    guests: &Guests,
    patience: Patience,
) {
    tokio::time::sleep(patience.delay).await;
    stage.send_replace(Stage::Closing);
    let finished = async {
        while listeners.join_next().await.is_some() {}
        while guests.working() > 0 {
            tokio::time::sleep(GUESTS_STEP).await;
        }
    };
    // Which of the two it was shows in what is left.
    let _ = tokio::time::timeout(patience.deadline, finished).await;
}
