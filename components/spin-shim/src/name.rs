//! The names of entries, made as Weir makes them: `log_<seconds>.<nanoseconds>_<where>-<n>.txt`.
//!
//! Where Weir has the machine's name there stands a number drawn at random for each instance,
//! which keeps instances and machines apart.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use wasip2::random::random::get_random_u64;

/// Entries of this instance so far.
static COUNT: AtomicU64 = AtomicU64::new(0);
/// What tells this instance from others.
static INSTANCE: OnceLock<u64> = OnceLock::new();

/// The next name.
pub(crate) fn next() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let instance = *INSTANCE.get_or_init(get_random_u64);
    let n = COUNT.fetch_add(1, Relaxed) + 1;
    name(now.unwrap_or_default(), instance, n)
}

fn name(now: Duration, instance: u64, n: u64) -> String {
    let (seconds, nanoseconds) = (now.as_secs(), now.subsec_nanos());
    format!("log_{seconds}.{nanoseconds:09}_{instance:016x}-{n}.txt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_nine_digits_below_the_second_so_that_names_sort_by_time() {
        let name = name(Duration::new(1_700_000_000, 5), 0xab, 7);
        assert_eq!(name, "log_1700000000.000000005_00000000000000ab-7.txt");
    }
}
