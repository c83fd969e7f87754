//! The end of a host: nothing new, what is in flight finished, then what was written flushed.
//!
//! Readiness turns false first, and for a while nothing else happens: whoever balances the load
//! must notice before connections are refused. Then the listeners close, and requests in flight
//! have until the deadline, at which connections that are left are cut. A second signal ends any
//! wait.

use crate::health::{Health, Phase};
use crate::signal::Signals;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

/// The longest wait for requests that were cut to be counted, and how often it is looked.
const RECORDING: Duration = Duration::from_secs(1);
const RECORDING_STEP: Duration = Duration::from_millis(1);

/// How long the parts of the drain may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between readiness turning false and the listeners' closing.
    pub delay: Duration,
    /// For requests in flight to finish.
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
    /// Requests that were cut; 0 if everything in flight was finished.
    pub cut: usize,
    /// Whether a second signal ended it, so that nothing more should be waited for.
    pub hurried: bool,
}

/// Drains the listeners, which end by themselves once `stage` is [`Stage::Closing`].
pub async fn drain(
    mut listeners: JoinSet<()>,
    stage: watch::Sender<Stage>,
    health: &Health,
    patience: Patience,
    signals: &mut Signals,
    in_flight: impl Fn() -> usize,
) -> Drained {
    health.set_phase(Phase::Draining);
    info!(delay = ?patience.delay, deadline = ?patience.deadline, in_flight = in_flight(), "draining");
    let hurried = tokio::select! {
        () = finish(&mut listeners, &stage, patience) => false,
        signal = signals.next() => {
            warn!(%signal, "a second signal ends the drain");
            true
        }
    };
    let cut = match listeners.is_empty() {
        true => 0,
        false => in_flight(),
    };
    stage.send_replace(Stage::Cut);
    listeners.shutdown().await;
    if cut > 0 {
        warn!(requests = cut, "requests were cut");
        recorded(in_flight).await;
    }
    Drained { cut, hurried }
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

/// Ends when the listeners have, or at the deadline.
async fn finish(listeners: &mut JoinSet<()>, stage: &watch::Sender<Stage>, patience: Patience) {
    tokio::time::sleep(patience.delay).await;
    stage.send_replace(Stage::Closing);
    let finished = async { while listeners.join_next().await.is_some() {} };
    // Which of the two it was shows in what is left.
    let _ = tokio::time::timeout(patience.deadline, finished).await;
}
