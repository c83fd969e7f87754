//! `weir:platform/metrics`, as the path and the query say.

use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    p2::outcome(out, bindings::metrics::run(&p2::target(&request)));
}
