//! One request while a guest works on it, seen by the server on one side and by the instance on
//! the other.
//!
//! wasmtime cannot cancel one task of a shared instance. So an exchange whose client is gone or
//! whose time is up is *abandoned*: the server goes on at once, the instance takes no new
//! requests and is dropped when nobody waits for any of its exchanges, and the admission permits
//! stay with the exchange until then, because the guest still uses what they stand for.

use super::failure::Failure;
use crate::telemetry::traces::TraceContext;
use futures_util::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime_wasi_http::WasiBody;

/// A request as a guest gets it: with a whole URI and the host's headers set.
pub type Request = http::Request<WasiBody>;

/// A response as a guest gave it.
pub type Response = http::Response<WasiBody>;

/// What the server waits for.
pub type Answer = Result<Response, Failure>;

/// Where a request comes from; what log lines and outbound requests say of it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The route as the manifest writes it.
    pub route: Arc<str>,
    /// Its trace, if it has one.
    pub trace: Option<TraceContext>,
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
    /// What ended it after its head had been sent.
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

    /// Nobody waits for it any more.
    pub fn abandon(&self) {
        let before = self
            .phase
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |phase| {
                (phase < FINISHED).then_some(ABANDONED)
            });
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

    /// Whether nobody waits for it any more.
    pub fn is_abandoned(&self) -> bool {
        self.phase.load(Ordering::Acquire) == ABANDONED
    }

    /// When the whole response had been sent, or the failure reported.
    pub fn finished(&self) -> Option<Instant> {
        self.finished.get().copied()
    }

    /// What ended it after its head had been sent.
    pub fn failure(&self) -> Option<Failure> {
        self.failure.get().copied()
    }

    /// An instance takes it on. Says no if it was abandoned meanwhile.
    pub(super) fn begin(&self, instance: &Arc<Occupancy>) -> bool {
        // Known before the phase says so, because whoever abandons it then looks for it. No
        // second instance ever begins the same exchange.
        let _ = self.instance.set(Arc::clone(instance));
        instance.live.fetch_add(1, Ordering::AcqRel);
        let begun = self.advance(QUEUED, WAITING);
        if !begun {
            instance.live.fetch_sub(1, Ordering::AcqRel);
        }
        begun
    }

    /// Gives the server the response.
    pub(super) fn respond(&self, response: Response) {
        if self.advance(WAITING, ANSWERED)
            && let Some(answer) = lock(&self.answer).take()
        {
            // The server may have just stopped waiting; its guard abandons the exchange.
            let _ = answer.send(Ok(response));
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

/// How many exchanges an instance has that somebody waits for; wakes its worker when that matters.
#[derive(Debug, Default)]
pub(super) struct Occupancy {
    live: AtomicUsize,
    retired: AtomicBool,
    closing: AtomicBool,
    /// Set while the worker has no room, so that the end of an exchange is worth a wake-up.
    pub(super) full: AtomicBool,
    pub(super) waker: AtomicWaker,
}

impl Occupancy {
    /// Exchanges that somebody waits for.
    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// Whether the instance must end when nobody waits for it.
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Lets the instance end as soon as nobody waits for it, whatever it still does.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Whether the instance may take another request.
    pub(super) fn is_open(&self) -> bool {
        !self.is_retired() && !self.closing.load(Ordering::Acquire)
    }

    /// Lets the instance end as soon as it has nothing left to do.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.waker.wake();
    }

    fn finished(&self) {
        let last = self.live.fetch_sub(1, Ordering::AcqRel) == 1;
        // After the last one the worker must begin to count the time that the instance is idle.
        if last || self.full.load(Ordering::Acquire) || self.is_retired() {
            self.waker.wake();
        }
    }

    fn abandoned(&self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
        self.retire();
    }
}
