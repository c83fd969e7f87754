//! Lines that come in floods: one a second at most, which says how many were left out.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far apart lines are.
const PAUSE: Duration = Duration::from_secs(1);

/// Lets few of many lines through.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Flood>);

#[derive(Debug, Default)]
struct Flood {
    /// When the last line was let through.
    last: Option<Instant>,
    /// Lines left out since.
    suppressed: u64,
}

impl Throttle {
    /// Whether a line may be written now; if so, how many have been left out since the last one.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut flood = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let too_soon = |last| now.saturating_duration_since(last) < PAUSE;
        if flood.last.is_some_and(too_soon) {
            flood.suppressed += 1;
            return None;
        }
        flood.last = Some(now);
        Some(std::mem::take(&mut flood.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_says_how_many_were_left_out() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let at = |milliseconds| throttle.admit_at(start + Duration::from_millis(milliseconds));
        assert_eq!(at(0), Some(0));
        assert_eq!([at(1), at(500), at(999)], [None; 3]);
        assert_eq!(at(1000), Some(3));
        assert_eq!(at(1001), None);
        assert_eq!(at(5000), Some(1));
    }
}
