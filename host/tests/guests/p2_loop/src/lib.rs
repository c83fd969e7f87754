//! Computes without end. With `after_head=1`, sends the head and a part of the body before.

use p2::{Body, IncomingRequest, ResponseOutparam};
use std::hint::black_box;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    if p2::target(&request).text("after_head") == "1" {
        let response = Body::begin(out, 200, "text/plain");
        let _ = response.write(b"first part");
        compute();
    }
    compute();
}

fn compute() -> ! {
    loop {
        black_box(());
    }
}
