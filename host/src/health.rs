//! Whether the process works and whether the host takes traffic; two questions that an
//! orchestrator answers differently.
//!
//! *Alive* is no constant: a task of the main runtime marks the time every second, and a mark that
//! is too old says that no task is run any more, which only a restart mends. *Ready* turns false
//! again when the drain begins.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the runtime shows that it runs.
const BEAT: Duration = Duration::from_secs(1);
/// How old the last beat may be. Guests yield every few milliseconds, so a healthy host is far
/// below this however busy it is.
const MAX_AGE: Duration = Duration::from_secs(30);

/// What the host is doing.
#[derive(Clone)]
pub enum Phase {
    /// Loading; the payload says what it waits for, anew each time it is asked.
    Starting(Arc<dyn Display + Send + Sync>),
    /// Taking traffic.
    Ready,
    /// Finishing what is in flight.
    Draining,
}

impl Phase {
    /// Loading, and waiting for `what`.
    pub fn waiting_for(what: impl Display + Send + Sync + 'static) -> Self {
        Self::Starting(Arc::new(what))
    }

    /// Its name in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting(_) => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The host's health.
#[derive(Debug)]
pub struct Health {
    phase: Mutex<Phase>,
    /// Whether the phase is [`Phase::Ready`], for the metric of that name.
    ready: Arc<AtomicBool>,
    started: Instant,
    /// Milliseconds from the start to the last beat.
    beat: AtomicU64,
}

impl Health {
    /// The health of a host that has just been started; `ready` is kept true while it takes
    /// traffic.
    pub fn new(ready: Arc<AtomicBool>) -> Self {
        Self {
            phase: Mutex::new(Phase::waiting_for("loading")),
            ready,
            started: Instant::now(),
            beat: AtomicU64::new(0),
        }
    }

    /// What the host is doing.
    pub fn phase(&self) -> Phase {
        self.phase
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says what the host is doing now.
    pub fn set_phase(&self, phase: Phase) {
        self.ready.store(matches!(phase, Phase::Ready), Relaxed);
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    /// How long ago the host was started.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether the main runtime still runs tasks.
    pub fn is_alive(&self) -> bool {
        let beat = Duration::from_millis(self.beat.load(Relaxed));
        self.uptime().saturating_sub(beat) < MAX_AGE
    }

    /// Shows, as long as it is polled, that the runtime runs. Never ends.
    pub async fn beat(self: Arc<Self>) {
        let mut interval = tokio::time::interval(BEAT);
        loop {
            interval.tick().await;
            let now = u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX);
            self.beat.store(now, Relaxed);
        }
    }
}
