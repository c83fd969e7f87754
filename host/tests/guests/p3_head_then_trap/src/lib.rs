//! Sends the head and a part of the body, then traps.

use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    let (mut writer, response) = p3::begin();
    p3::spawn(async move {
        writer.write_all(b"first part".to_vec()).await;
        std::process::abort();
    });
    Ok(response)
}
