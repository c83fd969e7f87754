//! One sync for all who want one at the same time.
//!
//! Who comes while a sync runs may have written after it began, so waits for the next; one of
//! those who wait runs it for all.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Shares syncs of one thing.
#[derive(Debug, Default)]
pub(super) struct GroupSync {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Callers so far.
    wanted: u64,
    /// Callers up to this one are served.
    served: u64,
    running: bool,
    /// The last caller whose sync failed, and how.
    failed: Option<(u64, io::ErrorKind)>,
}

impl GroupSync {
    /// Returns when a sync that began after this call has ended.
    pub(super) fn sync(&self, run: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.lock();
        state.wanted += 1;
        let ticket = state.wanted;
        while state.served < ticket {
            if state.running {
                state = self.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.running = true;
            let until = state.wanted;
            drop(state);
            let result = run();
            state = self.lock();
            state.running = false;
            state.served = until;
            if let Err(error) = result {
                state.failed = Some((until, error.kind()));
            }
            self.ended.notify_all();
        }
        match state.failed {
            Some((until, kind)) if until >= ticket && until <= state.served => Err(kind.into()),
            _ => Ok(()),
        }
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
        let (written, synced, syncs) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
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
