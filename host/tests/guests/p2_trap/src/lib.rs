//! Traps before it answers.

use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(_request: IncomingRequest, _out: ResponseOutparam) {
    std::process::abort();
}
