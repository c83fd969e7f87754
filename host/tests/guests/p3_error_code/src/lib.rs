//! Answers with an error code in place of a response.

use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    Err(ErrorCode::InternalError(Some("as asked".into())))
}
