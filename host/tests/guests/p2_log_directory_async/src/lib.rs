//! `weir:platform/log-directory`, whose functions are `async`, from a handler that is not.
//!
//! No component at WASI 0.2 can do this: the first call that has to wait traps. It is here to show
//! that the host survives it.

use bindings::weir::platform::log_directory::write_entry;
use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let contents = p2::body(&request);
    let written = wit_bindgen::block_on(write_entry(contents));
    p2::outcome(out, written.map(String::into_bytes).map_err(p2::error_name));
}
