//! How many requests may be in flight, and who waits.
//!
//! Beyond the limit a request waits in a short queue, for a short time; beyond that it is refused
//! at once, because an answer that comes after the client has given up costs as much as one in
//! time. A component's limit is not above what the instance pool can hold, but the pool is for all
//! of them: a request that was admitted and finds it full waits there as long as it may wait here,
//! and is then refused too.

use crate::telemetry::metrics::component::ComponentSeries;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The limit is reached and so is the queue's.
    QueueFull,
    /// It waited for as long as it may.
    QueueTimeout,
}

impl Rejection {
    /// All of them.
    pub const ALL: [Self; Self::QueueTimeout as usize + 1] = [Self::QueueFull, Self::QueueTimeout];

    /// The label under which it is counted; one of a closed set.
    pub fn reason(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::QueueTimeout => "queue_timeout",
        }
    }
}

/// A limit on requests in flight with a queue before it.
#[derive(Debug)]
pub struct Admission {
    limit: usize,
    in_flight: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue_length: usize,
    queue_timeout: Duration,
}

impl Admission {
    /// Admits `limit` requests at once; `queue_length` more may wait, each for `queue_timeout`.
    pub fn new(limit: usize, queue_length: usize, queue_timeout: Duration) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        Self {
            limit,
            in_flight: Arc::new(Semaphore::new(limit)),
            waiting: AtomicUsize::new(0),
            queue_length,
            queue_timeout,
        }
    }

    /// Requests that were admitted and have not ended: whose response is not yet sent as a whole, or
    /// that were given up while their guest still works on them.
    pub fn in_flight(&self) -> usize {
        self.limit
            .saturating_sub(self.in_flight.available_permits())
    }

    /// Waits for permission, which ends when the permit is dropped.
    pub async fn admit(&self, series: &ComponentSeries) -> Result<OwnedSemaphorePermit, Rejection> {
        match Arc::clone(&self.in_flight).try_acquire_owned() {
            Ok(permit) => Ok(permit),
            Err(_full) => self.queue(series).await,
        }
    }

    async fn queue(&self, series: &ComponentSeries) -> Result<OwnedSemaphorePermit, Rejection> {
        let place = Place::take(self).ok_or(Rejection::QueueFull)?;
        let queued = series.queued();
        let permit = Arc::clone(&self.in_flight).acquire_owned();
        let admitted = tokio::time::timeout(self.queue_timeout, permit).await;
        drop((queued, place));
        match admitted {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed, so only time can be up.
            Ok(Err(_)) | Err(_) => Err(Rejection::QueueTimeout),
        }
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(admission: &'a Admission) -> Option<Self> {
        let free = |waiting| (waiting < admission.queue_length).then_some(waiting + 1);
        admission
            .waiting
            .fetch_update(Relaxed, Relaxed, free)
            .ok()?;
        Some(Self(&admission.waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
