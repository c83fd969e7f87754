//! Answers `Hello`.

use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(_request: IncomingRequest, out: ResponseOutparam) {
    p2::text(out, "Hello");
}
