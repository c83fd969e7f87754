//! Sends the request's body back, part by part as it comes.
//!
//! What follows the request's body follows the response's, so a body that is cut short stays so.

use p3::wasip3::wit_stream;
use p3::{ErrorCode, Request, Response, StreamReader, StreamResult, StreamWriter};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let (incoming, end) = p3::body(request);
    let (writer, outgoing) = wit_stream::new();
    p3::spawn(echo(incoming, writer));
    Ok(p3::respond(
        200,
        "application/octet-stream",
        Some(outgoing),
        end,
    ))
}

async fn echo(mut from: StreamReader<u8>, mut to: StreamWriter<u8>) {
    let mut buffer = Vec::with_capacity(64 * 1024);
    loop {
        let (result, part) = from.read(buffer).await;
        if !matches!(result, StreamResult::Complete(_)) || !to.write_all(part).await.is_empty() {
            return;
        }
        buffer = Vec::with_capacity(64 * 1024);
    }
}
