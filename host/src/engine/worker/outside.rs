//! The half of a worker that is polled while the store waits: it parks the instance when it has
//! room, and ends it when nobody waits for it any more, when it has been idle for long enough, or
//! when another instance needs its place.

use super::super::pool::Shared;
use super::super::seat::Seat;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::time::Sleep;

/// What the two halves tell each other.
#[derive(Debug, Default)]
pub(super) struct Status {
    /// No guest task runs.
    pub(super) quiet: AtomicBool,
    /// Requests that can be taken besides. None while guest code runs or a host call holds the
    /// store, because the other half is not polled then.
    pub(super) room: AtomicUsize,
    /// The store begins to run again; guest code may compute until the epoch has moved on.
    pub(super) rested: AtomicBool,
}

/// The half that is polled while the store waits.
pub(super) struct Outside<'a> {
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
    pub(super) fn new(
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
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        let unwatched = self.seat.occupancy.live() == 0;
        // Requests that stand still end by their own timeouts; those that move come by here.
        if unwatched && self.seat.occupancy.is_retired() || self.pool.is_over(now) {
            return Poll::Ready(());
        }
        let room = self.status.room.load(Relaxed);
        if self.interrupted.swap(false, Relaxed) || room == 0 {
            self.give_back();
        } else if !self.seat.is_parked() {
            self.park(room);
        }
        if !unwatched {
            self.busy();
            return Poll::Pending;
        }
        if self.is_in_the_way() {
            return Poll::Ready(());
        }
        self.poll_unwatched(cx, now)
    }

    fn park(&mut self, room: usize) {
        if !self.pool.park(self.seat, room) {
            self.seat.occupancy.close();
        }
    }

    /// The guest computes, holds its store, or takes no more: a request would wait for it, so it
    /// goes elsewhere, also those that have just come.
    fn give_back(&mut self) {
        self.pool.leave(self.seat);
        self.pool.dispatch_again(self.seat);
    }

    /// Whether it has nothing to do, and another instance waits for its place.
    fn is_in_the_way(&self) -> bool {
        self.pool.is_place_wanted() && self.status.quiet.load(Relaxed) && self.seat.is_empty()
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
