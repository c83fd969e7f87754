//! One request while a guest works on it, seen by the server on one side and by the instance on
//! the other.
//!
//! wasmtime cannot cancel one task of a shared instance. So an exchange whose client is gone or
//! whose time is up is *abandoned*: the server goes on at once, the instance takes no new
//! requests and is dropped when nobody waits for any of its exchanges, and the admission permits
//! stay with the exchange until then, because the guest still uses what they stand for.
//!
//! A failure is stored here and taken out once, by whoever tells of it: the server, when it looks
//! for the answer or for more of it, or whoever finds it when the server is gone.

use super::failure::Failure;
use super::message::Response;
use super::occupancy::Occupancy;
use crate::telemetry::traces::TraceContext;
use http::HeaderValue;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
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

/// Phases of an exchange. No instance has room for it,
const QUEUED: u8 = 0;
/// one has, or is being made for it, though the exchange may yet come back to the queue;
const PLACED: u8 = 1;
/// from here on no phase is entered twice: a guest works on it,
const WAITING: u8 = 2;
/// has given the head of its answer,
const ANSWERED: u8 = 3;
/// or has failed, which nobody has been told yet.
const FAILED: u8 = 4;
/// Nobody waits any more: there is nothing more to come,
const FINISHED: u8 = 5;
/// or it was given up before.
const ABANDONED: u8 = 6;

/// One request while a guest works on it.
#[derive(Debug)]
pub struct Exchange {
    origin: Origin,
    phase: AtomicU8,
    answer: Mutex<Option<oneshot::Sender<Response>>>,
    permits: Mutex<Permits>,
    /// The instance that works on it, once one does.
    instance: OnceLock<Arc<Occupancy>>,
    /// What went wrong with the guest, if anything did.
    failure: OnceLock<Failure>,
    /// The server gave it up, rather than its client.
    given_up: AtomicBool,
    finished: OnceLock<Instant>,
}

impl Exchange {
    /// An exchange and the end on which the server waits for its answer.
    pub fn new(origin: Origin, permits: Permits) -> (Arc<Self>, oneshot::Receiver<Response>) {
        let (answer, receiver) = oneshot::channel();
        let exchange = Arc::new(Self {
            origin,
            phase: AtomicU8::new(QUEUED),
            answer: Mutex::new(Some(answer)),
            permits: Mutex::new(permits),
            instance: OnceLock::new(),
            failure: OnceLock::new(),
            given_up: AtomicBool::new(false),
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

    /// The server waits no longer, because the guest took too long. The failure is the caller's to
    /// tell.
    pub fn give_up(&self) -> Failure {
        if let Some(failure) = self.leave_queue() {
            return failure;
        }
        self.given_up.store(true, Ordering::Release);
        self.abandon().unwrap_or(Failure::Timeout)
    }

    /// The server waits no longer if no instance has had room until now. The failure is the
    /// caller's to tell.
    pub fn leave_queue(&self) -> Option<Failure> {
        let left = self.advance(QUEUED, ABANDONED);
        left.then(|| {
            self.left_in(QUEUED);
            Failure::PoolExhausted
        })
    }

    /// Nobody waits for it any more. Gives a failure that nobody has been told.
    pub fn abandon(&self) -> Option<Failure> {
        let before = self
            .phase
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |phase| match phase {
                FINISHED | ABANDONED => None,
                FAILED => Some(FINISHED),
                _ => Some(ABANDONED),
            });
        match before {
            Ok(FAILED) => self.failure.get().copied(),
            Ok(phase) => {
                self.left_in(phase);
                None
            }
            Err(_over) => None,
        }
    }

    /// It was abandoned in this phase.
    fn left_in(&self, phase: u8) {
        let _ = self.finished.set(Instant::now());
        match phase {
            // No instance has begun it, and none will.
            QUEUED | PLACED => self.release(),
            _ => self
                .instance
                .get()
                .into_iter()
                .for_each(|instance| instance.abandoned()),
        }
    }

    /// Whether its client went away, rather than the server giving it up.
    pub(super) fn was_left(&self) -> bool {
        self.is_abandoned() && !self.was_given_up()
    }

    /// Whether the server gave it up, and tells of that.
    pub(super) fn was_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
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

    /// A failure that nobody has been told, which is then the caller's to tell.
    pub fn take_failure(&self) -> Option<Failure> {
        let taken = self.advance(FAILED, FINISHED);
        taken.then(|| self.failure.get().copied()).flatten()
    }

    /// An instance has room for it or is being made for it.
    pub(super) fn place(&self) {
        self.advance(QUEUED, PLACED);
    }

    /// The instance that had room has none any more.
    pub(super) fn displace(&self) {
        self.advance(PLACED, QUEUED);
    }

    /// An instance takes it on. Says no if it was abandoned meanwhile.
    pub(super) fn begin(&self, instance: &Arc<Occupancy>) -> bool {
        // Known before the phase says so, because whoever abandons it then looks for it. No
        // second instance ever begins the same exchange.
        let _ = self.instance.set(Arc::clone(instance));
        instance.begun();
        let begun = self.advance(PLACED, WAITING) || self.advance(QUEUED, WAITING);
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

    /// There will be no response, if there was none. Says whether that is stored for whoever waits.
    pub(super) fn fail_unanswered(&self, failure: Failure) -> bool {
        self.fail_before(ANSWERED, failure)
    }

    /// There will be no response, or no more of it. Says whether that is stored for whoever waits.
    pub(super) fn fail(&self, failure: Failure) -> bool {
        self.fail_before(FAILED, failure)
    }

    fn fail_before(&self, end: u8, failure: Failure) -> bool {
        if self.phase.load(Ordering::Acquire) >= end {
            return false;
        }
        // Known before the phase says so, because the server then looks for it.
        let _ = self.failure.set(failure);
        let before = self
            .phase
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |phase| {
                (phase < end).then_some(FAILED)
            });
        if before.is_ok() {
            self.end();
            // Who waits for the response sees that none will come.
            drop(lock(&self.answer).take());
        }
        before.is_ok()
    }

    fn end(&self) {
        // Only one comes here: who finishes it, or who fails it before.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> (Arc<Exchange>, oneshot::Receiver<Response>) {
        let origin = Origin {
            route: "/...".into(),
            trace: None,
            trace_state: None,
            depth: 0,
        };
        Exchange::new(origin, Permits::default())
    }

    /// One that a guest works on.
    fn begun() -> (Arc<Exchange>, oneshot::Receiver<Response>) {
        let (exchange, answer) = exchange();
        exchange.place();
        assert!(exchange.begin(&Arc::default()));
        (exchange, answer)
    }

    #[test]
    fn a_failure_is_told_by_one() {
        let (exchange, mut answer) = begun();
        assert!(exchange.fail(Failure::Trap));
        assert!(answer.try_recv().is_err());
        assert_eq!(exchange.take_failure(), Some(Failure::Trap));
        assert_eq!(exchange.take_failure(), None);
        assert_eq!(exchange.abandon(), None);
    }

    #[test]
    fn a_failure_that_the_server_has_not_seen_is_left_to_who_ends_the_exchange() {
        let (exchange, _answer) = begun();
        assert!(exchange.fail(Failure::Trap));
        assert_eq!(exchange.abandon(), Some(Failure::Trap));
        assert_eq!(exchange.take_failure(), None);
        let (exchange, _answer) = begun();
        assert!(exchange.fail(Failure::Memory));
        assert_eq!(exchange.give_up(), Failure::Memory);
    }

    #[test]
    fn a_failure_after_everybody_has_left_is_stored_for_nobody() {
        let (exchange, _answer) = begun();
        assert_eq!(exchange.abandon(), None);
        assert!(!exchange.fail(Failure::Trap));
        assert!(exchange.was_left());
        let (exchange, _answer) = begun();
        assert_eq!(exchange.give_up(), Failure::Timeout);
        assert!(!exchange.fail(Failure::Trap));
        assert!(exchange.was_given_up() && !exchange.was_left());
    }

    #[test]
    fn a_request_leaves_the_queue_only_while_no_instance_has_room() {
        let (exchange, _answer) = exchange();
        exchange.place();
        assert_eq!(exchange.leave_queue(), None);
        exchange.displace();
        assert_eq!(exchange.leave_queue(), Some(Failure::PoolExhausted));
        assert!(!exchange.begin(&Arc::default()));
    }
}
