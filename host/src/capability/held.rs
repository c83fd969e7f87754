//! A budget of bytes that are held for guests until work on them is done.
//!
//! What a guest hands over to be written lies in the host's memory until that has happened, also if
//! nobody waits for it any more. Each store and log directory has a budget for it. What finds no
//! room is refused, because to wait would be to hold its bytes all the same.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How much may be held, and is; its clones are the same budget.
#[derive(Clone, Debug)]
pub(super) struct Held(Arc<Semaphore>);

impl Held {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: u32) -> Self {
        Self(Arc::new(Semaphore::new(bytes as usize)))
    }

    /// Takes `bytes` of the room until what is given is dropped. `None` if there is not as much.
    pub(super) fn hold(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.0).try_acquire_many_owned(bytes).ok()
    }

    /// Bytes that nothing is held in.
    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.0.available_permits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_refused_until_others_are_done() {
        let held = Held::new(10);
        let first = held.hold(6);
        assert!(first.is_some() && held.hold(5).is_none());
        let second = held.hold(4);
        assert_eq!((second.is_some(), held.free()), (true, 0));
        drop(first);
        assert!(held.hold(6).is_some() && held.hold(usize::MAX).is_none());
    }
}
