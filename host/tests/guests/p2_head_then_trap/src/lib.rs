//! Sends the head and a part of the body, then traps.

use p2::{Body, IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(_request: IncomingRequest, out: ResponseOutparam) {
    let response = Body::begin(out, 200, "text/plain");
    let _ = response.write(b"first part");
    std::process::abort();
}
