//! Waits `ms` milliseconds, then answers `Slept`.

use p2::wasip2::clocks::monotonic_clock::subscribe_duration;
use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let milliseconds: u64 = p2::target(&request).number("ms");
    subscribe_duration(milliseconds * 1_000_000).block();
    p2::text(out, "Slept");
}
