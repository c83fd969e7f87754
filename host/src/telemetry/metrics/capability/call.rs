//! A call that is recorded once, however it ends.

use std::time::{Duration, Instant};

/// How a call ended whose guest did not wait for its end: it gave up, its time was up, or its client
/// was gone.
pub const CANCELLED: &str = "cancelled";

/// A call that is under way. Dropped before its end, as what waits for it is when nobody waits any
/// more, it counts as cancelled; so a server that never answers is seen, and not only one that
/// answers late.
pub struct Call<O, R: FnOnce(O, Duration)> {
    began: Instant,
    pending: Option<(O, R)>,
}

impl<O, R: FnOnce(O, Duration)> Call<O, R> {
    /// Begins a call; `record` is given how it ended, `cancelled` if it did not, and how long it
    /// took.
    pub fn begin(cancelled: O, record: R) -> Self {
        Self {
            began: Instant::now(),
            pending: Some((cancelled, record)),
        }
    }

    /// The call has ended.
    pub fn end(mut self, outcome: O) {
        if let Some((_, record)) = self.pending.take() {
            record(outcome, self.began.elapsed());
        }
    }
}

impl<O, R: FnOnce(O, Duration)> Drop for Call<O, R> {
    fn drop(&mut self) {
        if let Some((cancelled, record)) = self.pending.take() {
            record(cancelled, self.began.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_recorded_once_as_it_ended_or_as_cancelled() {
        let mut seen = Vec::new();
        let call = Call::begin(CANCELLED, |outcome, _| seen.push(outcome));
        call.end("ok");
        drop(Call::begin(CANCELLED, |outcome, _| seen.push(outcome)));
        assert_eq!(seen, ["ok", CANCELLED]);
    }
}
