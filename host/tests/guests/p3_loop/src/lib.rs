//! Waits `ms` milliseconds, then computes without end. With `after_head=1`, sends the head and a
//! part of the body before.

use p3::wasip3::clocks::monotonic_clock::wait_for;
use p3::{ErrorCode, Request, Response};
use std::hint::black_box;

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    wait_for(target.number::<u64>("ms") * 1_000_000).await;
    if target.text("after_head") != "1" {
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
