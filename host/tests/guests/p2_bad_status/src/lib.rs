//! Answers with the status `status`, or with `refused` if it cannot be set.

use p2::wasip2::http::types::{Fields, OutgoingResponse};
use p2::{IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    match response.set_status_code(p2::target(&request).number("status")) {
        Ok(()) => ResponseOutparam::set(out, Ok(response)),
        Err(()) => p2::text(out, "refused"),
    }
}
