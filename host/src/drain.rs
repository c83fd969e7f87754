//! The end of a host: nothing new, what is in flight finished, then what was written flushed.
//!
//! Readiness turns false first, and for a while nothing else happens: whoever balances the load
//! must notice before connections are refused. Then the listeners close, and requests in flight
//! have until the deadline. A second signal ends any wait.

use crate::admin::health::{Health, Phase};
use crate::signal::Signals;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

/// How long the parts of the drain may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between readiness turning false and the listeners' closing.
    pub delay: Duration,
    /// For requests in flight to finish.
    pub deadline: Duration,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything in flight was finished.
    Whole,
    /// So many connections were cut.
    Cut(usize),
}

/// Drains the listeners, which end by themselves once `closing` is true.
pub async fn drain(
    mut listeners: JoinSet<()>,
    closing: watch::Sender<bool>,
    health: &Health,
    patience: Patience,
    signals: &mut Signals,
    in_flight: impl Fn() -> usize,
) -> Drained {
    health.set_phase(Phase::Draining);
    info!(delay = ?patience.delay, deadline = ?patience.deadline, in_flight = in_flight(), "draining");
    let all = async {
        tokio::time::sleep(patience.delay).await;
        // The receivers are the listeners; one that has ended needs no telling.
        let _ = closing.send(true);
        let finished = async { while listeners.join_next().await.is_some() {} };
        tokio::time::timeout(patience.deadline, finished)
            .await
            .is_ok()
    };
    let whole = tokio::select! {
        whole = all => whole,
        signal = signals.next() => {
            warn!(%signal, "a second signal ends the drain");
            false
        }
    };
    match in_flight() {
        0 => Drained::Whole,
        _ if whole => Drained::Whole,
        cut => {
            warn!(requests = cut, "requests were cut");
            Drained::Cut(cut)
        }
    }
}
