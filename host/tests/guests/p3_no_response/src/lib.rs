//! Waits for what never comes: a byte from a stream whose other end it holds itself.

use p3::wasip3::wit_stream;
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    let (_writer, mut reader) = wit_stream::new();
    let (_, nothing) = reader.read(Vec::with_capacity(1)).await;
    Ok(p3::text(nothing))
}
