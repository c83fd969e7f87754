//! What is read when Prometheus asks, as long as it is there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Things that are observed until they are dropped elsewhere.
#[derive(Debug)]
pub(super) struct Observed<T: ?Sized>(Arc<Mutex<Vec<Weak<T>>>>);

impl<T: ?Sized> Observed<T> {
    /// Observes one more.
    pub(super) fn insert(&self, thing: &Arc<T>) {
        let mut things = self.lock();
        things.retain(|thing| thing.strong_count() > 0);
        things.push(Arc::downgrade(thing));
    }

    /// Those that are there.
    pub(super) fn live(&self) -> Vec<Arc<T>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Clone for Observed<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: ?Sized> Default for Observed<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}
