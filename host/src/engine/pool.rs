//! The instances of one generation of a component, and how a request finds one.
//!
//! Instances that have room *park*: they put themselves on a stack. A request goes to the one that
//! parked last, whose caches are warmest, so that superfluous ones stay at the bottom and idle
//! out. It stays there until its [seat](super::seat) is full or it runs. If none is parked a new one is made; if the budget has no place, the request waits here
//! until an instance parks or a place is free. One short lock a request; no task in between.
//!
//! A worker parks only while it waits: one that is computing would keep a request from starting
//! elsewhere.

use super::budget::{InstanceBudget, Reclaim};
use super::exchange::Exchange;
use super::message::Request;
use super::seat::{Job, Seat};
use super::state::{ComponentContext, InstanceState};
use super::worker;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use wasmtime::Engine;
use wasmtime_wasi_http::handler::ProxyPre;

/// How instances are used again.
#[derive(Clone, Copy, Debug)]
pub struct Reuse {
    /// Requests that an instance serves before it is dropped; at least 1.
    pub requests: usize,
    /// Requests that an instance works on at once; always 1 for a WASI 0.2 guest.
    pub concurrency: usize,
    /// How long an instance without requests is kept.
    pub idle_timeout: Duration,
}

/// The instances of one generation of a component.
#[derive(Debug)]
pub struct InstancePool(Arc<Shared>);

/// What the pool shares with its workers.
pub(super) struct Shared {
    pub(super) engine: Engine,
    pub(super) component: Arc<ComponentContext>,
    pub(super) pre: ProxyPre<InstanceState>,
    pub(super) reuse: Reuse,
    pub(super) budget: Arc<InstanceBudget>,
    places: u32,
    /// How long a request may wait for an instance.
    queue_timeout: Duration,
    state: Mutex<State>,
    /// When the last instance must be gone, once the generation is being replaced.
    end: OnceLock<Instant>,
}

#[derive(Debug, Default)]
struct State {
    parked: Vec<Arc<Seat>>,
    waiting: VecDeque<Job>,
    /// Whether a task waits for a place in the budget.
    starting: bool,
    closed: bool,
}

/// What became of a worker that wanted to park.
pub(super) enum Parked {
    /// It is on the stack.
    Waiting,
    /// As many requests as it has room for were waiting; they are in the seat.
    Full,
    /// The generation is being replaced; it must end when it can.
    Closed,
}

impl InstancePool {
    /// A pool without instances. Each instance takes `places` of the budget; a request waits for
    /// one for `queue_timeout` at most.
    pub fn new(
        engine: &Engine,
        component: Arc<ComponentContext>,
        pre: ProxyPre<InstanceState>,
        reuse: Reuse,
        budget: Arc<InstanceBudget>,
        places: u32,
        queue_timeout: Duration,
    ) -> Self {
        let shared = Arc::new(Shared {
            engine: engine.clone(),
            component,
            pre,
            reuse,
            budget,
            places,
            queue_timeout,
            state: Mutex::default(),
            end: OnceLock::new(),
        });
        let reclaimable: Weak<Shared> = Arc::downgrade(&shared);
        shared.budget.join(reclaimable);
        Self(shared)
    }

    /// What the instances share.
    pub fn component(&self) -> &Arc<ComponentContext> {
        &self.0.component
    }

    /// How long a request may wait for an instance.
    pub fn queue_timeout(&self) -> Duration {
        self.0.queue_timeout
    }

    /// Gives a request to an instance. The exchange tells the rest.
    pub fn dispatch(&self, request: Request, exchange: Arc<Exchange>) {
        self.0.dispatch(Job { request, exchange });
    }

    /// Lets every instance end as soon as it has nothing left to do, and after the component's
    /// timeout also one whose requests still move. Requests may come for `queued` more: those that
    /// were queued for this generation.
    pub fn close(&self, queued: Duration) {
        let end = Instant::now() + queued + self.0.component.timeout;
        // The first closing counts.
        let _ = self.0.end.set(end);
        let parked = {
            let mut state = self.0.state();
            state.closed = true;
            std::mem::take(&mut state.parked)
        };
        parked.iter().for_each(|seat| seat.occupancy.close());
    }
}

impl Drop for InstancePool {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dispatch(self: &Arc<Self>, job: Job) {
        let mut state = self.state();
        if let Some(seat) = state.parked.last() {
            if !seat.hand(job) {
                state.parked.pop();
            }
        } else if let Some(place) = self.budget.try_take(self.places) {
            drop(state);
            tokio::spawn(worker::run(Arc::clone(self), place, job));
        } else {
            state.forget_abandoned();
            state.waiting.push_back(job);
            if !std::mem::replace(&mut state.starting, true) {
                tokio::spawn(start_when_possible(Arc::clone(self)));
            }
        }
    }

    /// Offers a worker's room to requests, first to those that wait. Whoever hands one over, now or
    /// later, wakes the worker.
    pub(super) fn park(&self, seat: &Arc<Seat>, room: usize) -> Parked {
        let mut state = self.state();
        seat.offer(room);
        while let Some(job) = state.next_waiting() {
            if !seat.hand(job) {
                return Parked::Full;
            }
        }
        if state.closed {
            return Parked::Closed;
        }
        state.parked.push(Arc::clone(seat));
        Parked::Waiting
    }

    /// Whether an idle instance must make place for one that is waited for.
    pub(super) fn is_place_wanted(&self) -> bool {
        self.budget.is_wanted()
    }

    /// Whether the time for requests on a replaced generation is up.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.end.get().is_some_and(|end| *end <= now)
    }

    /// Takes a worker's room back. A request that was given to it meanwhile is in its seat.
    pub(super) fn leave(&self, seat: &Arc<Seat>) {
        self.state()
            .parked
            .retain(|parked| !Arc::ptr_eq(parked, seat));
    }

    /// Gives what a worker was handed and has not begun to others.
    pub(super) fn dispatch_again(self: &Arc<Self>, seat: &Seat) {
        while let Some(job) = seat.take() {
            self.dispatch(job);
        }
    }
}

impl State {
    /// The request that has waited longest and that somebody still waits for.
    fn next_waiting(&mut self) -> Option<Job> {
        self.forget_abandoned();
        self.waiting.pop_front()
    }

    /// Lets go of requests at the front that nobody waits for any more.
    fn forget_abandoned(&mut self) {
        while let Some(job) = self.waiting.front()
            && job.exchange.is_abandoned()
        {
            self.waiting.pop_front();
        }
    }
}

/// Makes instances for waiting requests as the budget gives places.
async fn start_when_possible(pool: Arc<Shared>) {
    while let Some(place) = pool.budget.take(pool.places).await {
        let mut state = pool.state();
        let Some(job) = state.next_waiting() else {
            state.starting = false;
            return;
        };
        drop(state);
        tokio::spawn(worker::run(Arc::clone(&pool), place, job));
    }
}

impl Reclaim for Shared {
    fn reclaim(&self) {
        // The one at the bottom has been idle longest.
        let mut state = self.state();
        let idle = state
            .parked
            .iter()
            .position(|seat| seat.occupancy.live() == 0);
        let seat = idle.map(|index| state.parked.remove(index));
        drop(state);
        if let Some(seat) = seat {
            seat.occupancy.close();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstancePool")
            .field("component", &self.component.id)
            .field("reuse", &self.reuse)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}
