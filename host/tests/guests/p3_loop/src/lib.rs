//! Computes without end. With `after_head=1`, sends the head and a part of the body before.

use p3::{ErrorCode, Request, Response};
use std::hint::black_box;

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    if p3::target(&request).text("after_head") != "1" {
        compute();
    }
    let (mut writer, response) = p3::begin();
    p3::spawn(async move {
        writer.write_all(b"first part".to_vec()).await;
        compute();
    });
    Ok(response)
}

fn compute() -> ! {
    loop {
        black_box(());
    }
}
