//! Where a worker receives requests.
//!
//! A worker that has room for several requests gets several before it runs, up to [`BATCH`]: under
//! load few instances then do all the work, each with warm caches, and one run serves many
//! requests. Those that it has not begun when its guest turns out to compute go elsewhere.

use super::exchange::Exchange;
use super::message::Request;
use super::occupancy::Occupancy;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most requests that wait in one seat.
const BATCH: usize = 16;

/// A request and the exchange it belongs to.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) exchange: Arc<Exchange>,
}

/// The requests that a worker was given and has not begun.
#[derive(Debug, Default)]
pub(super) struct Seat {
    jobs: Mutex<VecDeque<Job>>,
    /// How many more may be handed to it. Changed only under the pool's lock.
    room: AtomicUsize,
    /// It is on the pool's stack. Changed only under the pool's lock.
    parked: AtomicBool,
    pub(super) occupancy: Arc<Occupancy>,
}

impl Seat {
    /// Says how many requests may come.
    pub(super) fn offer(&self, room: usize) {
        self.room.store(room.min(BATCH), Relaxed);
    }

    /// Whether it is on the pool's stack.
    pub(super) fn is_parked(&self) -> bool {
        self.parked.load(Relaxed)
    }

    /// Says whether it is on the pool's stack.
    pub(super) fn set_parked(&self, parked: bool) {
        self.parked.store(parked, Relaxed);
    }

    /// Puts a request into the seat and wakes the worker. Says whether more may come; if not, the
    /// seat is no longer for the pool's stack.
    pub(super) fn hand(&self, job: Job) -> bool {
        let room = self.room.load(Relaxed).saturating_sub(1);
        self.room.store(room, Relaxed);
        if room == 0 {
            self.set_parked(false);
        }
        job.exchange.place();
        self.jobs().push_back(job);
        self.occupancy.waker.rouse();
        room > 0
    }

    /// The request that has waited longest.
    pub(super) fn take(&self) -> Option<Job> {
        self.jobs().pop_front()
    }

    /// Whether nothing waits in it.
    pub(super) fn is_empty(&self) -> bool {
        self.jobs().is_empty()
    }

    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::exchange::{Origin, Permits};
    use http_body_util::{BodyExt as _, Empty};

    fn job() -> Job {
        let origin = Origin {
            route: "/...".into(),
            trace: None,
            trace_state: None,
            depth: 0,
        };
        let body = Empty::new().map_err(|never: std::convert::Infallible| match never {});
        Job {
            request: Request::new(body.boxed_unsync()),
            exchange: Exchange::new(origin, Permits::default()).0,
        }
    }

    #[test]
    fn a_seat_without_room_is_no_longer_parked() {
        let seat = Seat::default();
        seat.offer(2);
        seat.set_parked(true);
        assert!(seat.hand(job()));
        assert!(seat.is_parked());
        assert!(!seat.hand(job()));
        assert!(!seat.is_parked());
    }
}
