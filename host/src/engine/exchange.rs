//! One request while a guest works on it, seen by the server on one side and by the instance on
//! the other.
//!
//! wasmtime cannot cancel one task of a shared instance. So an exchange whose client is gone or
//! whose time is up is *abandoned*: the server goes on at once, the instance takes no new
//! requests and is dropped when nobody waits for any of its exchanges, and the admission permits
//! stay with the exchange until then, because the guest still uses what they stand for.

use super::failure::Failure;
use super::message::{Answer, Response};
use super::occupancy::Occupancy;
use crate::telemetry::traces::TraceContext;
use http::HeaderValue;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Where a request comes from; what log lines and outbound requests say of it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The route as the manifest writes it.
    pub route: Arc<str>,
    /// Its trace, if it has one.
    pub trace: Option<TraceContext>,
    /// What other systems say of the trace.
    pub trace_state: Option<HeaderValue>,
    /// How many components it has passed inside this host.
    pub depth: u8,
}

/// Permission to be in flight.
#[derive(Debug, Default)]
pub struct Permits {
    /// Of the host as a whole.
    pub host: Option<OwnedSemaphorePermit>,
    /// Of the component.
    pub component: Option<OwnedSemaphorePermit>,
}

/// Phases of an exchange, entered in this order and each at most once; `ABANDONED` follows any but
/// `FINISHED`, and `FINISHED` follows `WAITING` where the guest failed.
const QUEUED: u8 = 0;
const WAITING: u8 = 1;
const ANSWERED: u8 = 2;
const FINISHED: u8 = 3;
const ABANDONED: u8 = 4;

/// One request while a guest works on it.
#[derive(Debug)]
pub struct Exchange {
    origin: Origin,
    phase: AtomicU8,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
    permits: Mutex<Permits>,
    /// The instance that works on it, once one does.
    instance: OnceLock<Arc<Occupancy>>,
    /// What ended it, if it was given up or its head had been sent.
    failure: OnceLock<Failure>,
    finished: OnceLock<Instant>,
}

impl Exchange {
    /// An exchange and the end on which the server waits for its answer.
    pub fn new(origin: Origin, permits: Permits) -> (Arc<Self>, oneshot::Receiver<Answer>) {
        let (answer, receiver) = oneshot::channel();
        let exchange = Arc::new(Self {
            origin,
            phase: AtomicU8::new(QUEUED),
            answer: Mutex::new(Some(answer)),
            permits: Mutex::new(permits),
            instance: OnceLock::new(),
            failure: OnceLock::new(),
            finished: OnceLock::new(),
        });
        (exchange, receiver)
    }

    /// Where it comes from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The server has sent the whole response.
    pub fn finish(&self) {
        if self.advance(ANSWERED, FINISHED) {
            self.end();
        }
    }

    /// The server waits no longer, because the guest took too long.
    pub fn give_up(&self) -> Failure {
        // A request that no instance had room for has met no guest.
        let failure = *self
            .failure
            .get_or_init(|| match self.phase.load(Ordering::Acquire) {
                QUEUED => Failure::PoolExhausted,
                _ => Failure::Timeout,
            });
        self.abandon();
        failure
    }

    /// Nobody waits for it any more.
    pub fn abandon(&self) {
        let before = self
            .phase
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |phase| {
                (phase < FINISHED).then_some(ABANDONED)
            });
        if before.is_ok() {
            let _ = self.finished.set(Instant::now());
        }
        match before {
            // No instance has it yet, and none will begin it.
            Ok(QUEUED) => self.release(),
            Ok(_) => self
                .instance
                .get()
                .into_iter()
                .for_each(|instance| instance.abandoned()),
            Err(_) => {}
        }
    }

    /// Whether its client went away, rather than the server giving it up.
    pub(super) fn was_left(&self) -> bool {
        self.is_abandoned() && self.failure().is_none()
    }

    /// Whether somebody waits for other exchanges of its instance.
    pub(super) fn has_siblings(&self) -> bool {
        let instance = self.instance.get();
        instance.is_some_and(|instance| instance.live() > 0)
    }

    /// Whether nobody waits for it any more.
    pub fn is_abandoned(&self) -> bool {
        self.phase.load(Ordering::Acquire) == ABANDONED
    }

    /// Since when nobody waits: the whole response had been sent, the failure reported, or it was
    /// abandoned.
    pub fn finished(&self) -> Option<Instant> {
        self.finished.get().copied()
    }

    /// What ended it, if it was given up or its head had been sent.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.get().copied()
    }

    /// An instance takes it on. Says no if it was abandoned meanwhile.
    pub(super) fn begin(&self, instance: &Arc<Occupancy>) -> bool {
        // Known before the phase says so, because whoever abandons it then looks for it. No
        // second instance ever begins the same exchange.
        let _ = self.instance.set(Arc::clone(instance));
        instance.begun();
        let begun = self.advance(QUEUED, WAITING);
        if !begun {
            instance.undone();
        }
        begun
    }

    /// Gives the server the response, as soon as the instance stops running.
    pub(super) fn respond(&self, response: Response) {
        if self.advance(WAITING, ANSWERED)
            && let Some(instance) = self.instance.get()
            && let Some(server) = lock(&self.answer).take()
        {
            instance.post(server, response);
        }
    }

    /// Tells the server that there will be no response, if there was none. Says whether it was
    /// told.
    pub(super) fn fail_unanswered(&self, failure: Failure) -> bool {
        let unanswered = self.advance(WAITING, FINISHED) || self.advance(QUEUED, FINISHED);
        if unanswered {
            self.end();
        }
        let answer = unanswered.then(|| lock(&self.answer).take()).flatten();
        answer.is_some_and(|answer| answer.send(Err(failure)).is_ok())
    }

    /// Tells the server that there will be no response, or no more of it. Says whether it was
    /// told.
    pub(super) fn fail(&self, failure: Failure) -> bool {
        let streaming = || self.phase.load(Ordering::Acquire) == ANSWERED;
        self.fail_unanswered(failure) || (streaming() && self.failure.set(failure).is_ok())
    }

    fn end(&self) {
        // Only the one who entered the last phase comes here.
        let _ = self.finished.set(Instant::now());
        self.release();
        self.instance
            .get()
            .into_iter()
            .for_each(|instance| instance.finished());
    }

    fn release(&self) {
        drop(std::mem::take(&mut *lock(&self.permits)));
    }

    fn advance(&self, from: u8, to: u8) -> bool {
        self.phase
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
