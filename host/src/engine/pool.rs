//! The instances of one generation of a component, and how a request finds one.
//!
//! Instances that have room *park*: they put themselves on a stack. A request goes to the one that
//! parked last, whose caches are warmest, so that superfluous ones stay at the bottom and idle
//! out. It stays there until its [seat](super::seat) is full or it runs. If none is parked a new
//! one is made; if the budget has no place, the request waits here until an instance parks or a
//! place is free. One short lock a request; no task in between.
//!
//! A worker parks only while it waits: one that is computing would keep a request from starting
//! elsewhere. If requests wait when it parks, it gets its share of them at once: as many as each
//! instance would get, so that one run serves several where there are many, and no instance has
//! requests that others could begin before it.

use super::budget::{InstanceBudget, Place, Reclaim};
use super::exchange::Exchange;
use super::message::Request;
use super::seat::{Job, Seat};
use super::state::{ComponentContext, InstanceState};
use super::worker;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
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
    /// When the last instance must be gone, once no request can come any more.
    end: OnceLock<Instant>,
}

#[derive(Debug, Default)]
struct State {
    parked: Vec<Arc<Seat>>,
    waiting: VecDeque<Job>,
    /// Instances that live or are being made.
    instances: usize,
    /// Whether a task waits for a place in the budget.
    starting: bool,
    closed: bool,
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

    /// Lets every instance end as soon as it has nothing left to do. Requests may still come: those
    /// that were on their way to this generation.
    pub fn close(&self) {
        let parked = {
            let mut state = self.0.state();
            state.closed = true;
            let parked = std::mem::take(&mut state.parked);
            parked.iter().for_each(|seat| seat.set_parked(false));
            parked
        };
        parked.iter().for_each(|seat| seat.occupancy.close());
    }
}

impl Drop for InstancePool {
    /// No request comes any more. After the component's timeout also those instances end whose
    /// requests still move.
    fn drop(&mut self) {
        self.close();
        // It is set here and nowhere else.
        let _ = self.0.end.set(Instant::now() + self.0.component.timeout);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn dispatch(self: &Arc<Self>, job: Job) {
        let mut state = self.state();
        if let Some(job) = self.place(&mut state, job) {
            state.forget_abandoned();
            state.waiting.push_back(job);
            self.start_when_possible(&mut state);
        }
    }

    /// Gives what a worker was handed and has not begun to others. Of those that wait it has waited
    /// longest.
    pub(super) fn dispatch_again(self: &Arc<Self>, seat: &Seat) {
        if seat.is_empty() {
            return;
        }
        let mut state = self.state();
        let mut left = VecDeque::new();
        while let Some(job) = seat.take() {
            left.extend(self.place(&mut state, job));
        }
        if !left.is_empty() {
            left.iter().for_each(|job| job.exchange.displace());
            left.append(&mut state.waiting);
            state.waiting = left;
            self.start_when_possible(&mut state);
        }
    }

    /// Gives a request to an instance that has room, or to a new one; gives it back if there is no
    /// place for one.
    fn place(self: &Arc<Self>, state: &mut State, job: Job) -> Option<Job> {
        if let Some(seat) = state.parked.last() {
            if !seat.hand(job) {
                state.parked.pop();
            }
            return None;
        }
        match self.budget.try_take(self.places) {
            Some(place) => {
                self.start(state, place, job);
                None
            }
            None => Some(job),
        }
    }

    fn start(self: &Arc<Self>, state: &mut State, place: Place, job: Job) {
        // Without a runtime the host is gone too.
        if let Ok(runtime) = Handle::try_current() {
            state.instances += 1;
            job.exchange.place();
            runtime.spawn(worker::run(Arc::clone(self), place, job));
        }
    }

    fn start_when_possible(self: &Arc<Self>, state: &mut State) {
        if let Ok(runtime) = Handle::try_current()
            && !std::mem::replace(&mut state.starting, true)
        {
            runtime.spawn(start_waiting(Arc::clone(self)));
        }
    }

    /// Whether a request waits for a place; if none does, nobody starts instances any more.
    fn has_waiting(&self) -> bool {
        let mut state = self.state();
        state.forget_abandoned();
        state.starting = !state.waiting.is_empty();
        state.starting
    }

    /// Offers a worker's room to requests, first to those that wait. Whoever hands one over, now or
    /// later, wakes the worker. Says no if none will come, because the generation is being
    /// replaced.
    pub(super) fn park(&self, seat: &Arc<Seat>, room: usize) -> bool {
        let mut state = self.state();
        seat.offer(room);
        let mut was_handed = false;
        for _ in 0..state.share() {
            let Some(job) = state.next_waiting() else {
                break;
            };
            was_handed = true;
            if !seat.hand(job) {
                return true;
            }
        }
        if was_handed && (state.closed || !state.waiting.is_empty()) {
            return true;
        }
        if !state.closed {
            state.parked.push(Arc::clone(seat));
            seat.set_parked(true);
        }
        !state.closed
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
        if seat.is_parked() {
            self.state().remove(seat);
        }
    }

    /// An instance is gone, or could not be made.
    pub(super) fn ended(&self) {
        self.state().instances -= 1;
    }
}

impl State {
    fn remove(&mut self, seat: &Arc<Seat>) {
        // It has just been handed a request, so it is at the top or near it.
        let found = self
            .parked
            .iter()
            .rposition(|parked| Arc::ptr_eq(parked, seat));
        if let Some(index) = found {
            self.parked.remove(index);
        }
        seat.set_parked(false);
    }

    /// How many of the waiting requests each instance would get.
    fn share(&self) -> usize {
        self.waiting.len().div_ceil(self.instances.max(1))
    }

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
async fn start_waiting(pool: Arc<Shared>) {
    while pool.has_waiting()
        && let Some(place) = pool.budget.take(pool.places).await
    {
        let mut state = pool.state();
        // It may have found an instance meanwhile.
        if let Some(job) = state.next_waiting() {
            pool.start(&mut state, place, job);
        }
    }
}

impl Reclaim for Shared {
    fn reclaim(&self) -> u32 {
        let mut state = self.state();
        // The one at the bottom has been idle longest.
        let idle = state
            .parked
            .iter()
            .position(|seat| seat.occupancy.live() == 0 && seat.is_empty());
        let Some(index) = idle else {
            return 0;
        };
        let seat = state.parked.remove(index);
        seat.set_parked(false);
        drop(state);
        seat.occupancy.close();
        self.places
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
