//! Answers, goes on for `ms` milliseconds after the response is complete, then prints `done`.

use p2::wasip2::clocks::monotonic_clock::subscribe_duration;
use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let milliseconds: u64 = p2::target(&request).number("ms");
    p2::text(out, "Answered");
    subscribe_duration(milliseconds * 1_000_000).block();
    println!("done");
}
