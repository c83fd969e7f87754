//! Answers `Hello`.

use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    Ok(p3::text("Hello"))
}
