//! How many exchanges an instance has that somebody waits for, and the responses on their way out.
//!
//! A guest gives the head of a response first and the body right after it. A server that were told
//! at once would send the head alone, on another thread, and each part of the body by a wake-up and
//! a write of its own. So responses are kept until the instance stops running, which is when it
//! waits or, at the latest, when the epoch interrupts it: a short response is then there as a whole.

use super::message::Response;
use super::wake::StoreWaker;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Whoever waits for a response.
type Server = oneshot::Sender<Response>;

/// What an instance's exchanges and its worker tell each other.
#[derive(Debug, Default)]
pub(super) struct Occupancy {
    /// Exchanges that somebody waits for.
    live: AtomicUsize,
    retired: AtomicBool,
    closing: AtomicBool,
    /// Set while the worker has no room, so that the end of an exchange is worth a wake-up.
    full: AtomicBool,
    pub(super) waker: Arc<StoreWaker>,
    posted: Mutex<Vec<(Server, Response)>>,
}

impl Occupancy {
    /// Exchanges that somebody waits for.
    pub(super) fn live(&self) -> usize {
        self.live.load(Ordering::Acquire)
    }

    /// How many of `concurrency` exchanges it may take besides. If none, the worker is woken when
    /// that changes.
    pub(super) fn free(&self, concurrency: usize) -> usize {
        let free = || concurrency.saturating_sub(self.live.load(Ordering::SeqCst));
        let before = free();
        self.full.store(before == 0, Ordering::SeqCst);
        match before {
            // One that ended before this was known has woken nobody.
            0 => free(),
            free => free,
        }
    }

    /// Whether the instance must end when nobody waits for it.
    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// Lets the instance end as soon as nobody waits for it, whatever it still does.
    pub(super) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.waker.rouse();
    }

    /// Whether the instance may take another request.
    pub(super) fn is_open(&self) -> bool {
        !self.is_retired() && !self.closing.load(Ordering::Acquire)
    }

    /// Lets the instance end as soon as it has nothing left to do.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.waker.rouse();
    }

    pub(super) fn begun(&self) {
        self.live.fetch_add(1, Ordering::AcqRel);
    }

    /// What had begun was abandoned before.
    pub(super) fn undone(&self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
    }

    pub(super) fn finished(&self) {
        let last = self.live.fetch_sub(1, Ordering::SeqCst) == 1;
        // After the last one the worker must begin to count the time that the instance is idle.
        if last || self.full.load(Ordering::SeqCst) || self.is_retired() {
            self.waker.rouse();
        }
    }

    pub(super) fn abandoned(&self) {
        self.live.fetch_sub(1, Ordering::AcqRel);
        self.retire();
    }

    /// Keeps a response until it is [delivered](Self::deliver).
    pub(super) fn post(&self, server: Server, response: Response) {
        self.posted().push((server, response));
    }

    /// Gives servers the responses that were posted.
    pub(super) fn deliver(&self) {
        for (server, response) in self.posted().drain(..) {
            // A server may have just stopped waiting; its guard abandons the exchange.
            let _ = server.send(response);
        }
    }

    fn posted(&self) -> MutexGuard<'_, Vec<(Server, Response)>> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
