//! Which guests are at work. A guest may go on after its answer, and nothing of what it does then is
//! a request; the drain must know of it all the same.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts the guests that are at work, over all components.
#[derive(Debug, Default)]
pub struct Guests {
    working: AtomicUsize,
    /// Those among them for whose answers nobody waits.
    alone: AtomicUsize,
}

/// What one guest does; nothing any more when it is dropped.
#[derive(Debug)]
pub struct Guest<'a> {
    guests: &'a Guests,
    works: bool,
    alone: bool,
}

impl Guests {
    /// Instances whose guest works, on requests or on what is left of them.
    pub fn working(&self) -> usize {
        self.working.load(SeqCst)
    }

    /// Instances whose guest goes on although all its requests have ended.
    pub fn working_alone(&self) -> usize {
        self.alone.load(SeqCst)
    }

    /// A guest that works on its first request.
    pub fn enter(&self) -> Guest<'_> {
        self.working.fetch_add(1, SeqCst);
        Guest {
            guests: self,
            works: true,
            alone: false,
        }
    }
}

impl Guest<'_> {
    /// Says whether it works, and whether somebody waits for an answer.
    pub fn does(&mut self, works: bool, is_awaited: bool) {
        let alone = works && !is_awaited;
        change(&self.guests.working, &mut self.works, works);
        change(&self.guests.alone, &mut self.alone, alone);
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.does(false, false);
    }
}

fn change(count: &AtomicUsize, before: &mut bool, now: bool) {
    match (std::mem::replace(before, now), now) {
        (false, true) => _ = count.fetch_add(1, SeqCst),
        (true, false) => _ = count.fetch_sub(1, SeqCst),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_counted_while_it_works_and_apart_when_nobody_waits_for_it() {
        let guests = Guests::default();
        let counts = || (guests.working(), guests.working_alone());
        let mut one = guests.enter();
        let mut other = guests.enter();
        assert_eq!(counts(), (2, 0));
        one.does(true, false);
        other.does(false, false);
        assert_eq!(counts(), (1, 1));
        other.does(true, true);
        assert_eq!(counts(), (2, 1));
        drop(one);
        assert_eq!(counts(), (1, 0));
    }
}
