//! The task in which one instance lives.
//!
//! Problem: wasmtime runs guest code, and everything the guest waits for, inside one future
//! ([`wasmtime::Store::run_concurrent`]). While a guest computes or a synchronous host call waits,
//! nothing else inside that future is polled, so timeouts cannot be kept there.
//!
//! Mechanism: two halves that share a [`Status`]. [`inside`] runs in the store: it takes requests
//! from the seat, starts calls and polls them. [`Outside`] is polled after it, whenever the store
//! waits: it parks the instance when it has room, and drops it when nobody waits for it any more,
//! when it has been idle for long enough, or when it is used up. A guest that computes without end
//! is interrupted by the epoch (see [`super::epoch`]).
//!
//! Limits: an abandoned request ends the instance only when its siblings are done, because
//! wasmtime cannot cancel one task. When a trap ends the instance, the request whose task ran is
//! to blame; the others get [`Failure::Sibling`].

mod blame;
mod outside;

use self::blame::{Interrupted, conclude, report};
use self::outside::{Outside, Status};
use super::budget::Place;
use super::call::{self, Call};
use super::failure::Failure;
use super::pool::Shared;
use super::seat::{Job, Seat};
use super::state::{self, InstanceState};
use crate::drain::guests::Guest;
use crate::telemetry::metrics::component::ComponentSeries;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Poll, Waker};
use std::time::Instant;
use wasmtime::component::{Accessor, Func};
use wasmtime::{AsContextMut as _, PoolConcurrencyLimitError, Result, Store, UpdateDeadline};
use wasmtime_wasi_http::handler::Proxy;

/// Ticks of the epoch after which guest code that does not wait is interrupted. Of the first only a
/// part may be left, and a guest must not be ended for the moment in which it was resumed.
const TICKS: u64 = 2;

/// Makes an instance and serves requests with it, beginning with `first`, until it ends.
pub(super) async fn run(pool: Arc<Shared>, place: Place, first: Job) {
    let member = Member::new(&pool);
    let created = timed(&pool.component.series, pin!(instantiate(&pool))).await;
    match created {
        Ok((store, proxy)) => serve(&pool, store, &proxy, first, member).await,
        Err(error) => {
            let failure = match error.downcast_ref::<PoolConcurrencyLimitError>() {
                // The server says so, at most once a second.
                Some(_) => Failure::PoolExhausted,
                None => Failure::Instantiation,
            };
            if failure == Failure::Instantiation {
                report(&pool, Some(&first.exchange), failure, &error);
            }
            first.exchange.fail(failure);
        }
    }
    drop(place);
}

async fn instantiate(pool: &Shared) -> Result<(Store<InstanceState>, Proxy)> {
    let state = InstanceState::new(Arc::clone(&pool.component))?;
    let mut store = Store::new(&pool.engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(TICKS);
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

async fn serve(
    pool: &Arc<Shared>,
    mut store: Store<InstanceState>,
    proxy: &Proxy,
    first: Job,
    mut member: Member<'_>,
) {
    let seat = Arc::clone(&member.seat);
    seat.hand(first);
    let status = Status::default();
    let interrupted = Arc::clone(&store.data().interrupted);
    let end = {
        let running = store
            .run_concurrent(async |accessor| inside(accessor, proxy, pool, &seat, &status).await);
        let mut running = pin!(running);
        let series = &pool.component.series;
        let mut outside = Outside::new(pool, &seat, &status, &interrupted);
        let waker = Waker::from(Arc::clone(&seat.occupancy.waker));
        poll_fn(|cx| {
            status.room.store(0, Relaxed);
            status.rested.store(true, Relaxed);
            let began = Instant::now();
            let polled = seat.occupancy.waker.poll(&waker, cx, running.as_mut());
            let now = Instant::now();
            series.ran(now - began);
            // Before its answers are out, after which nobody waits for it.
            let is_awaited = seat.occupancy.live() > 0;
            member.guest.does(!status.quiet.load(Relaxed), is_awaited);
            seat.occupancy.deliver();
            match polled {
                Poll::Ready(result) => Poll::Ready(result.flatten()),
                Poll::Pending => outside.poll(cx, now).map(Ok),
            }
        })
        .await
    };
    pool.leave(&seat);
    conclude(pool, &mut store, end);
}

/// The half that runs in the store.
async fn inside(
    accessor: &Accessor<InstanceState>,
    proxy: &Proxy,
    pool: &Shared,
    seat: &Arc<Seat>,
    status: &Status,
) -> Result<()> {
    let mut calls: FuturesUnordered<Call<'_>> = FuturesUnordered::new();
    let mut left = pool.reuse.requests;
    let handler = handler(proxy);
    poll_fn(|cx| {
        if status.rested.swap(false, Relaxed) {
            // The time that the guest waited is none in which it computed.
            accessor.with(|mut store| store.as_context_mut().set_epoch_deadline(TICKS));
        }
        while let Poll::Ready(Some(ended)) = calls.poll_next_unpin(cx) {
            ended?;
        }
        let mut begun = false;
        while !begun && left > 0 && seat.occupancy.is_open() {
            let Some(Job { request, exchange }) = next_job(pool, seat) else {
                break;
            };
            left -= 1;
            if exchange.begin(&seat.occupancy) {
                calls.push(call::start(accessor, proxy, request, exchange)?);
                // The store has work now, and comes back here after it. Should the guest compute or
                // hold the store, the other requests can still go elsewhere.
                begun = true;
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
        let free = seat.occupancy.free(pool.reuse.concurrency);
        let room = free.max(usize::from(quiet)).min(left);
        let ready = accessor
            .poll_ready_for_concurrent_call(handler, cx)
            .is_ready();
        status.quiet.store(quiet, Relaxed);
        let takes_any = open && ready && !begun;
        status.room.store(if takes_any { room } else { 0 }, Relaxed);
        Poll::Pending
    })
    .await
}

/// The next request to begin. While it runs, the instance is not offered to others.
fn next_job(pool: &Shared, seat: &Arc<Seat>) -> Option<Job> {
    let job = seat.take()?;
    pool.leave(seat);
    Some(job)
}

fn handler(proxy: &Proxy) -> Func {
    match proxy {
        Proxy::P2(guest) => *guest.wasi_http_incoming_handler().func_handle().func(),
        Proxy::P3(guest) => *guest.wasi_http_handler().func_handle().func(),
    }
}

/// One instance among those of its pool. However its worker ends, it takes no request with it.
struct Member<'a> {
    pool: &'a Arc<Shared>,
    seat: Arc<Seat>,
    guest: Guest<'a>,
}

impl<'a> Member<'a> {
    fn new(pool: &'a Arc<Shared>) -> Self {
        pool.component.series.instance_created();
        Self {
            pool,
            seat: Arc::default(),
            guest: pool.budget.guests().enter(),
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.pool.leave(&self.seat);
        self.pool.ended();
        // They came while the instance was ending; none has begun.
        self.pool.dispatch_again(&self.seat);
        self.pool.component.series.instance_dropped();
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
