//! Answers with its environment variables and its arguments as JSON.

use p3::{ErrorCode, Request, Response};
use serde_json::json;

p3::handler!(handle);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    Ok(p3::json(&json!({
        "environment": std::env::vars().collect::<Vec<_>>(),
        "arguments": std::env::args().collect::<Vec<_>>(),
    })))
}
