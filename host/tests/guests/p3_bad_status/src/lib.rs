//! Answers with the status `status`, or with `refused` if it cannot be set.

use p3::wasip3::http::types::Fields;
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let (response, _sent) = Response::new(Fields::new(), None, p3::end());
    match response.set_status_code(p3::target(&request).number("status")) {
        Ok(()) => Ok(response),
        Err(()) => Ok(p3::text("refused")),
    }
}
