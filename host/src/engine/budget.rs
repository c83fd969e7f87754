//! How many instances can live at once, shared by all components.
//!
//! The pooling allocator fails an instantiation that finds no place. So places are counted here,
//! before it is asked: who needs one and finds none waits, and as many idle instances of other
//! components as are in the way are asked to leave; those that become idle meanwhile leave by
//! themselves.

use crate::drain::guests::Guests;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places of the instance pool.
#[derive(Debug)]
pub struct InstanceBudget {
    places: Arc<Semaphore>,
    total: u32,
    pools: Mutex<Vec<Weak<dyn Reclaim>>>,
    /// Who waits for places.
    wanted: AtomicUsize,
    guests: Guests,
}

/// A pool that can give up an idle instance.
pub(super) trait Reclaim: Send + Sync + std::fmt::Debug {
    /// Ends one idle instance, if there is one; gives how many places will be free by that.
    fn reclaim(&self) -> u32;
}

/// The places of one instance; given back on drop.
#[derive(Debug)]
pub(super) struct Place(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl InstanceBudget {
    /// A budget of `total` places.
    pub fn new(total: u32) -> Arc<Self> {
        let places = usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS);
        Arc::new(Self {
            places: Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS))),
            total,
            pools: Mutex::default(),
            wanted: AtomicUsize::new(0),
            guests: Guests::default(),
        })
    }

    /// Places in all.
    pub fn total(&self) -> u32 {
        self.total
    }

    /// Places that are taken.
    pub fn used(&self) -> u32 {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        self.total.saturating_sub(free)
    }

    /// Which of the instances' guests are at work.
    pub fn guests(&self) -> &Guests {
        &self.guests
    }

    pub(super) fn join(&self, pool: Weak<dyn Reclaim>) {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.retain(|pool| pool.strong_count() > 0);
        pools.push(pool);
    }

    /// Places for an instance, if they are free.
    pub(super) fn try_take(&self, places: u32) -> Option<Place> {
        Arc::clone(&self.places)
            .try_acquire_many_owned(places)
            .ok()
            .map(Place)
    }

    /// Places for an instance, as soon as they are free.
    pub(super) async fn take(&self, places: u32) -> Option<Place> {
        if let Some(place) = self.try_take(places) {
            return Some(place);
        }
        let _wish = Wish::of(&self.wanted);
        let free = u32::try_from(self.places.available_permits()).unwrap_or(u32::MAX);
        self.reclaim(places.saturating_sub(free));
        Arc::clone(&self.places)
            .acquire_many_owned(places)
            .await
            .ok()
            .map(Place)
    }

    /// Whether somebody waits for places.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed) > 0
    }

    /// Ends idle instances until so many places will be free, or none is idle.
    fn reclaim(&self, places: u32) {
        let pools = {
            let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.iter().filter_map(Weak::upgrade).collect::<Vec<_>>()
        };
        let mut missing = places;
        for pool in pools {
            while missing > 0 {
                match pool.reclaim() {
                    0 => break,
                    given => missing = missing.saturating_sub(given),
                }
            }
        }
    }
}

/// Counts who waits, also one that gives up.
struct Wish<'a>(&'a AtomicUsize);

impl<'a> Wish<'a> {
    fn of(wanted: &'a AtomicUsize) -> Self {
        wanted.fetch_add(1, Relaxed);
        Self(wanted)
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
