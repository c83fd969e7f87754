//! Wakes a worker, and polls its store until it really waits.
//!
//! Problem: wasmtime keeps host futures in a set that wakes its own task after it has polled each
//! of them once, also if none has anything to do. Every request would cost the worker several turns
//! through the scheduler, often on another thread, and a response would leave in pieces.
//!
//! Mechanism: the store gets a waker of the worker's own. What wakes it while it runs makes it run
//! once more at once, up to [`ROUNDS`] times; only what wakes it while it waits goes to the
//! scheduler. Tokio's own yields, and a task that has used up its budget there, are woken after the
//! task has returned, so they are not gone round.

use futures_util::task::AtomicWaker;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// How often a store runs before other tasks have their turn.
const ROUNDS: usize = 8;

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const WOKEN: u8 = 2;

/// The waker of a worker's store.
#[derive(Debug, Default)]
pub(super) struct StoreWaker {
    state: AtomicU8,
    task: AtomicWaker,
}

impl StoreWaker {
    /// Polls the store for the worker's task, whose context is `cx`. `own` is this waker.
    pub(super) fn poll<F: Future>(
        &self,
        own: &Waker,
        cx: &Context<'_>,
        mut store: Pin<&mut F>,
    ) -> Poll<F::Output> {
        self.task.register(cx.waker());
        for _ in 0..ROUNDS {
            self.state.swap(RUNNING, Ordering::AcqRel);
            let polled = store.as_mut().poll(&mut Context::from_waker(own));
            if polled.is_ready() || self.waits() {
                return polled;
            }
        }
        self.state.store(WAITING, Ordering::Release);
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether nothing has woken the store since it began to run.
    fn waits(&self) -> bool {
        self.state
            .compare_exchange(RUNNING, WAITING, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Makes the store run, if it does not.
    pub(super) fn rouse(&self) {
        if self.state.swap(WOKEN, Ordering::AcqRel) == WAITING {
            self.task.wake();
        }
    }
}

impl Wake for StoreWaker {
    fn wake(self: Arc<Self>) {
        self.rouse();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rouse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Polls a store that wakes itself in its first `busy` polls; gives how often it was polled and
    /// how often the task was woken.
    fn run(busy: usize) -> (usize, usize) {
        let (own, task) = (Arc::new(StoreWaker::default()), Arc::new(Count::default()));
        let mut polls = 0;
        let store = poll_fn(|cx| {
            polls += 1;
            if polls <= busy {
                cx.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        let (waker, outer) = (
            Waker::from(Arc::clone(&own)),
            Waker::from(Arc::clone(&task)),
        );
        let polled = own.poll(&waker, &Context::from_waker(&outer), pin!(store));
        assert!(polled.is_pending());
        (polls, task.0.load(Ordering::Relaxed))
    }

    #[test]
    fn a_store_that_wakes_itself_runs_on_without_the_scheduler() {
        assert_eq!(run(0), (1, 0));
        assert_eq!(run(3), (4, 0));
    }

    #[test]
    fn other_tasks_have_their_turn() {
        assert_eq!(run(usize::MAX), (ROUNDS, 1));
    }

    #[test]
    fn a_store_that_waits_wakes_its_task_once() {
        let (own, task) = (Arc::new(StoreWaker::default()), Arc::new(Count::default()));
        let (waker, outer) = (
            Waker::from(Arc::clone(&own)),
            Waker::from(Arc::clone(&task)),
        );
        let store = poll_fn(|_| Poll::<()>::Pending);
        let _ = own.poll(&waker, &Context::from_waker(&outer), pin!(store));
        own.rouse();
        own.rouse();
        assert_eq!(task.0.load(Ordering::Relaxed), 1);
    }
}
