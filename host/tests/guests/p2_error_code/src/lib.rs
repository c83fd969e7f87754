//! Answers with an error code in place of a response.

use p2::{ErrorCode, IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(_request: IncomingRequest, out: ResponseOutparam) {
    ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("as asked".into()))));
}
