//! One sync for all who want one at the same time.
//!
//! Who comes while a sync runs may have written after it began, so waits for the next; one of
//! those who wait runs it for all. Each learns how that very sync ended: a later one that succeeds
//! says nothing about what an earlier one could not write, nor the other way round.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

/// How a sync ended; empty before that.
type Round = OnceLock<Result<(), io::ErrorKind>>;

/// Shares syncs of one thing.
#[derive(Debug, Default)]
pub(super) struct GroupSync {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    /// The sync that has not begun yet.
    next: Arc<Round>,
}

impl GroupSync {
    /// Returns when a sync that began after this call has ended.
    pub(super) fn sync(&self, run: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.lock();
        let round = Arc::clone(&state.next);
        while state.running && round.get().is_none() {
            state = self
                .ended
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(ended) = round.get() {
            return ended.map_err(io::Error::from);
        }
        state.running = true;
        state.next = Arc::default();
        drop(state);
        let result = run();
        // Nobody else sets it: whoever takes a round replaces it first.
        let _ = round.set(result.as_ref().copied().map_err(io::Error::kind));
        self.lock().running = false;
        self.ended.notify_all();
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn callers_at_the_same_time_share_a_sync_that_began_after_they_called() {
        let group = GroupSync::default();
        let (written, synced, syncs) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        let together = Barrier::new(32);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    together.wait();
                    for _ in 0..50 {
                        let mine = written.fetch_add(1, SeqCst) + 1;
                        group
                            .sync(|| {
                                let seen = written.load(SeqCst);
                                std::thread::yield_now();
                                synced.fetch_max(seen, SeqCst);
                                syncs.fetch_add(1, SeqCst);
                                Ok(())
                            })
                            .unwrap();
                        assert!(synced.load(SeqCst) >= mine);
                    }
                });
            }
        });
        assert!(syncs.load(SeqCst) < 32 * 50, "{} syncs", syncs.load(SeqCst));
    }

    #[test]
    fn a_failure_is_told_to_those_it_failed_and_to_no_later_one() {
        let group = GroupSync::default();
        let failed = group.sync(|| Err(io::ErrorKind::StorageFull.into()));
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        group.sync(|| Ok(())).unwrap();
    }
}
