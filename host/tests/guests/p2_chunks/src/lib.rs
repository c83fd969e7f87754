//! Sends `n` parts of `size` times `2` with `ms` milliseconds before each but the first.

use p2::wasip2::clocks::monotonic_clock::subscribe_duration;
use p2::{Body, IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let target = p2::target(&request);
    let part = vec![b'2'; target.number("size")];
    let pause = target.number::<u64>("ms") * 1_000_000;
    let response = Body::begin(out, 200, "text/plain");
    for number in 0..target.number("n") {
        if number > 0 {
            subscribe_duration(pause).block();
        }
        if response.write(&part).is_err() {
            return;
        }
    }
    response.finish();
}
