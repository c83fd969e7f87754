//! Answers with the variable `name`, by `fermyon:spin/variables@2.0.0`.

use bindings::fermyon::spin::variables::get;
use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let value = get(p2::target(&request).text("name"));
    p2::outcome(out, value.map(String::into_bytes).map_err(p2::error_name));
}
