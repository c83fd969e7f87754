//! When the next task begins, over all workers, and when there is none any more.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The tasks that are left and how fast they may begin.
pub(crate) struct Pace {
    began: Instant,
    taken: Cell<u32>,
    tasks: u32,
    rate: f64,
    limit: Duration,
}

impl Pace {
    /// At most `tasks`, `rate` of them a second, for `limit`; 0 is no bound for each of them.
    pub(crate) fn begin(tasks: u32, rate: f64, limit: Duration) -> Self {
        Self {
            began: Instant::now(),
            taken: Cell::new(0),
            tasks,
            rate,
            limit,
        }
    }

    /// How long to wait before the next task; `None` if there is none.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.next_after(self.began.elapsed())
    }

    fn next_after(&self, elapsed: Duration) -> Option<Duration> {
        let number = self.taken.get();
        let due = match self.rate {
            0.0 => Duration::ZERO,
            rate => Duration::try_from_secs_f64(f64::from(number) / rate).ok()?,
        };
        let too_many = self.tasks > 0 && number >= self.tasks;
        let too_late = !self.limit.is_zero() && due.max(elapsed) >= self.limit;
        if too_many || too_late {
            return None;
        }
        self.taken.set(number + 1);
        Some(due.saturating_sub(elapsed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn tasks_begin_at_the_rate_until_all_are_taken() {
        let pace = Pace::begin(3, 2.0, Duration::ZERO);
        assert_eq!(pace.next_after(Duration::ZERO), Some(Duration::ZERO));
        assert_eq!(pace.next_after(Duration::ZERO), Some(SECOND / 2));
        assert_eq!(pace.next_after(5 * SECOND), Some(Duration::ZERO));
        assert_eq!(pace.next_after(5 * SECOND), None);
    }

    #[test]
    fn without_a_rate_tasks_begin_at_once_until_time_is_up() {
        let pace = Pace::begin(0, 0.0, SECOND);
        assert_eq!(pace.next_after(SECOND / 2), Some(Duration::ZERO));
        assert_eq!(pace.next_after(SECOND), None);
    }

    #[test]
    fn a_task_that_would_begin_too_late_does_not() {
        let pace = Pace::begin(0, 1.0, SECOND);
        assert_eq!(pace.next_after(Duration::ZERO), Some(Duration::ZERO));
        assert_eq!(pace.next_after(Duration::ZERO), None);
    }
}
