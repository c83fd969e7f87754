//! Counts what is written and removed.
//!
//! How many buckets there are is not counted: a sum kept by requests would be wrong after a
//! restart and with other replicas of the same store. A measurement that the host refuses is
//! counted by the host; no request fails for it.

use std::sync::Once;
use weir_platform::metrics::{Description, Kind, add, describe};

const BUCKETS_WRITTEN: &str = "buckets_written";
const BUCKETS_REMOVED: &str = "buckets_removed";
const BYTES_WRITTEN: &str = "written";

/// Said once an instance; the host keeps the first description.
static DESCRIBED: Once = Once::new();

/// A bucket of `length` bytes was written.
pub(crate) fn written(length: usize) {
    DESCRIBED.call_once(describe_all);
    count(BUCKETS_WRITTEN, 1);
    count(BYTES_WRITTEN, u64::try_from(length).unwrap_or(u64::MAX));
}

/// A bucket was removed.
pub(crate) fn removed() {
    DESCRIBED.call_once(describe_all);
    count(BUCKETS_REMOVED, 1);
}

fn count(name: &str, value: u64) {
    let _ = add(name, value, &[]);
}

fn describe_all() {
    describe_counter(
        BUCKETS_WRITTEN,
        "Buckets written, new or in place of another.",
        "",
    );
    describe_counter(BUCKETS_REMOVED, "Buckets removed.", "");
    describe_counter(BYTES_WRITTEN, "Bytes written into buckets.", "By");
}

fn describe_counter(name: &str, help: &str, unit: &str) {
    let description = Description {
        help: help.to_owned(),
        unit: unit.to_owned(),
        boundaries: Vec::new(),
    };
    let _ = describe(name, Kind::Counter, &description);
}
