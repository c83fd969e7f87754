//! The task in which one instance lives.
//!
//! Problem: wasmtime runs guest code, and everything the guest waits for, inside one future
//! ([`wasmtime::Store::run_concurrent`]). While a guest computes or a synchronous host call waits,
//! nothing else inside that future is polled, so timeouts cannot be kept there.
//!
//! Mechanism: two halves that share a [`Status`]. [`inside`] runs in the store: it takes requests
//! from the seat, starts calls and polls them. [`Outside`] is polled after it, whenever the store
//! waits: it measures the time the poll took, parks the instance when it has room, and drops it
//! when nobody waits for it any more, when it has been idle for long enough, or when it is used
//! up. A guest that computes without end is interrupted by the epoch (see [`super::epoch`]).
//!
//! Limits: an abandoned request ends the instance only when its siblings are done, because
//! wasmtime cannot cancel one task. When a trap ends the instance, the request whose task ran is
//! to blame; the others get [`Failure::Sibling`].

use super::budget::Place;
use super::call::{self, Call};
use super::exchange::Exchange;
use super::failure::Failure;
use super::pool::{Job, Parked, Seat, Shared};
use super::state::{self, InstanceState};
use crate::telemetry::logs::trace_id;
use crate::telemetry::metrics::component::ComponentSeries;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::time::Sleep;
use tracing::warn;
use wasmtime::component::{Accessor, Func};
use wasmtime::{AsContextMut as _, PoolConcurrencyLimitError, Result, Store, UpdateDeadline};
use wasmtime_wasi_http::handler::Proxy;

/// Why guest code was ended although it did nothing wrong that wasmtime could see.
#[derive(Debug, thiserror::Error)]
#[error("nobody waits for the guest any more")]
struct Interrupted;

/// Makes an instance and serves requests with it, beginning with `first`, until it ends.
pub(super) async fn run(pool: Arc<Shared>, place: Place, first: Job) {
    let _counted = Counted::new(&pool.component.series);
    let created = timed(&pool.component.series, pin!(instantiate(&pool))).await;
    match created {
        Ok((store, proxy)) => serve(&pool, store, &proxy, first).await,
        Err(error) => {
            let failure = match error.downcast_ref::<PoolConcurrencyLimitError>() {
                Some(_) => Failure::PoolExhausted,
                None => Failure::Instantiation,
            };
            report(&pool, Some(&first.exchange), failure, &error);
            first.exchange.fail(failure);
        }
    }
    drop(place);
}

async fn instantiate(pool: &Shared) -> Result<(Store<InstanceState>, Proxy)> {
    let state = InstanceState::new(Arc::clone(&pool.component))?;
    let mut store = Store::new(&pool.engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        let exchange = state::running(store.as_context_mut()).map(|(_, exchange)| exchange);
        store.data().interrupted.store(true, Relaxed);
        match store.data().is_overdue(exchange.as_ref()) {
            true => Err(Interrupted.into()),
            // Tokio's own yield lets other tasks run first; the engine's would be polled again
            // at once.
            false => Ok(UpdateDeadline::YieldCustom(
                1,
                Box::pin(tokio::task::yield_now()),
            )),
        }
    });
    let proxy = pool.pre.instantiate_async(&mut store).await?;
    Ok((store, proxy))
}

/// What the two halves tell each other.
#[derive(Debug, Default)]
struct Status {
    /// No guest task runs.
    quiet: AtomicBool,
    /// Another request can be taken.
    has_room: AtomicBool,
    /// The instance is on the pool's stack.
    parked: AtomicBool,
}

async fn serve(pool: &Arc<Shared>, mut store: Store<InstanceState>, proxy: &Proxy, first: Job) {
    let seat = Arc::new(Seat::default());
    seat.hand(first);
    let status = Status::default();
    let interrupted = Arc::clone(&store.data().interrupted);
    let end = {
        let running = store
            .run_concurrent(async |accessor| inside(accessor, proxy, pool, &seat, &status).await);
        let mut running = pin!(running);
        let series = &pool.component.series;
        let mut outside = Outside::new(pool, &seat, &status, &interrupted);
        poll_fn(|cx| {
            seat.occupancy.waker.register(cx.waker());
            let began = Instant::now();
            let polled = running.as_mut().poll(cx);
            let now = Instant::now();
            series.ran(now - began);
            match polled {
                Poll::Ready(result) => Poll::Ready(result.flatten()),
                Poll::Pending => outside.poll(cx, now).map(Ok),
            }
        })
        .await
    };
    pool.leave(&seat);
    conclude(pool, &mut store, end);
    drop(store);
    if let Some(job) = seat.take() {
        // It came while the instance was ending; it has not begun.
        pool.dispatch(job);
    }
}

/// The half that runs in the store.
async fn inside(
    accessor: &Accessor<InstanceState>,
    proxy: &Proxy,
    pool: &Shared,
    seat: &Seat,
    status: &Status,
) -> Result<()> {
    let mut calls: FuturesUnordered<Call<'_>> = FuturesUnordered::new();
    let mut left = pool.reuse.requests;
    let handler = handler(proxy);
    poll_fn(|cx| {
        loop {
            // Calls first: one that has ended may make room.
            while let Poll::Ready(Some(ended)) = calls.poll_next_unpin(cx) {
                ended?;
            }
            let Some(Job { request, exchange }) = seat.take() else {
                break;
            };
            status.parked.store(false, Relaxed);
            left = left.saturating_sub(1);
            if exchange.begin(&seat.occupancy) {
                accessor.with(|mut store| store.as_context_mut().set_epoch_deadline(1));
                calls.push(call::start(accessor, proxy, request, exchange)?);
            }
        }
        let quiet = calls.is_empty() && accessor.poll_no_interesting_tasks(cx).is_ready();
        if quiet {
            accessor.with(|mut store| store.data_mut().all_ended());
        }
        let open = left > 0 && seat.occupancy.is_open();
        if quiet && !open {
            return Poll::Ready(Ok(()));
        }
        let below = quiet || seat.occupancy.live() < pool.reuse.concurrency;
        let ready = accessor
            .poll_ready_for_concurrent_call(handler, cx)
            .is_ready();
        status.quiet.store(quiet, Relaxed);
        status.has_room.store(open && below && ready, Relaxed);
        seat.occupancy.full.store(open && !below, Relaxed);
        Poll::Pending
    })
    .await
}

fn handler(proxy: &Proxy) -> Func {
    match proxy {
        Proxy::P2(guest) => *guest.wasi_http_incoming_handler().func_handle().func(),
        Proxy::P3(guest) => *guest.wasi_http_handler().func_handle().func(),
    }
}

/// The half that is polled while the store waits.
struct Outside<'a> {
    pool: &'a Arc<Shared>,
    seat: &'a Arc<Seat>,
    status: &'a Status,
    /// Whether the guest computes and was interrupted.
    interrupted: &'a AtomicBool,
    /// Since when nobody waits for the instance.
    idle_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<'a> Outside<'a> {
    fn new(
        pool: &'a Arc<Shared>,
        seat: &'a Arc<Seat>,
        status: &'a Status,
        interrupted: &'a AtomicBool,
    ) -> Self {
        Self {
            pool,
            seat,
            status,
            interrupted,
            idle_since: None,
            timer: None,
        }
    }

    /// Ready when the instance must end.
    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let unwatched = self.seat.occupancy.live() == 0;
        // Requests that stand still end by their own timeouts; those that move come by here.
        if unwatched && self.seat.occupancy.is_retired() || self.pool.is_over(now) {
            return Poll::Ready(());
        }
        if self.interrupted.swap(false, Relaxed) {
            self.unpark();
        } else if self.status.has_room.load(Relaxed) && !self.status.parked.load(Relaxed) {
            self.park();
        }
        if !unwatched {
            self.busy();
            return Poll::Pending;
        }
        self.poll_unwatched(cx, now)
    }

    fn park(&mut self) {
        // Set before, because a request may come as soon as the seat is on the stack.
        self.status.parked.store(true, Relaxed);
        match self.pool.park(self.seat) {
            // Whoever fills the seat, now or later, wakes the worker.
            Parked::Waiting | Parked::HasJob => {}
            Parked::Closed => self.seat.occupancy.close(),
        }
    }

    /// The guest computes: a request would wait for it, so it goes elsewhere, also one that has
    /// just come.
    fn unpark(&mut self) {
        if self.status.parked.swap(false, Relaxed) {
            self.pool.leave(self.seat);
            if let Some(job) = self.seat.take() {
                self.pool.dispatch(job);
            }
        }
    }

    /// Nobody waits for the instance: it may stay for a while, idle or with work of its own.
    fn poll_unwatched(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let stay = match self.status.quiet.load(Relaxed) {
            true => self.pool.reuse.idle_timeout,
            false => self.pool.component.timeout,
        };
        let deadline = tokio::time::Instant::from_std(self.idle(now) + stay);
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // A later deadline is left for when the timer fires: moving it costs a lock.
        if deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= deadline {
                break;
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Ready(())
    }

    fn idle(&mut self, now: Instant) -> Instant {
        *self.idle_since.get_or_insert_with(|| {
            self.pool.component.series.instance_idle();
            now
        })
    }

    fn busy(&mut self) {
        if self.idle_since.take().is_some() {
            self.pool.component.series.instance_busy();
        }
    }
}

impl Drop for Outside<'_> {
    fn drop(&mut self) {
        self.busy();
    }
}

/// Tells everyone who still waits how the instance ended, and blames the one that ran.
fn conclude(pool: &Shared, store: &mut Store<InstanceState>, end: Result<()>) {
    let culprit = state::running(store.as_context_mut());
    let tasks = store.data_mut().take_tasks();
    let Err(error) = end else {
        for exchange in tasks.into_values() {
            exchange.fail(Failure::Stopped);
        }
        return;
    };
    let interrupted = error.is::<Interrupted>();
    let failure = match (interrupted, store.data().memory.refused()) {
        (true, _) => Failure::Timeout,
        (false, true) => Failure::Memory,
        (false, false) => Failure::Trap,
    };
    let alone = tasks.len() == 1;
    let mut counted = false;
    for (task, exchange) in tasks {
        let to_blame = alone
            || culprit
                .as_ref()
                .is_some_and(|(culprit, _)| *culprit == task);
        let was_told = exchange.fail(if to_blame { failure } else { Failure::Sibling });
        // Who abandoned it has counted why.
        counted |= to_blame && (was_told || exchange.is_abandoned());
    }
    let blamed = culprit.as_ref().map(|(_, exchange)| exchange);
    report(pool, blamed, failure, &error);
    if !counted {
        pool.component.series.failed(failure.reason());
    }
}

fn report(
    pool: &Shared,
    exchange: Option<&Arc<Exchange>>,
    failure: Failure,
    error: &wasmtime::Error,
) {
    let origin = exchange.map(|exchange| exchange.origin());
    warn!(
        component = &*pool.component.id,
        route = origin.map(|origin| &*origin.route),
        trace_id = origin.and_then(|origin| origin.trace).map(trace_id),
        reason = failure.reason(),
        error = %format_args!("{error:#}"),
        "{failure}"
    );
}

/// Counts the instance while it lives.
struct Counted<'a>(&'a ComponentSeries);

impl<'a> Counted<'a> {
    fn new(series: &'a ComponentSeries) -> Self {
        series.instance_created();
        Self(series)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.instance_dropped();
    }
}

/// Runs `future`, adding the time its polls take to the component's.
async fn timed<F: Future>(series: &ComponentSeries, mut future: Pin<&mut F>) -> F::Output {
    poll_fn(|cx| {
        let began = Instant::now();
        let polled = future.as_mut().poll(cx);
        series.ran(began.elapsed());
        polled
    })
    .await
}
