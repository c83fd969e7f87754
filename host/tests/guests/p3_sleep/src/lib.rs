//! Waits `ms` milliseconds, then answers `Slept`.

use p3::wasip3::clocks::monotonic_clock::wait_for;
use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let milliseconds: u64 = p3::target(&request).number("ms");
    wait_for(milliseconds * 1_000_000).await;
    Ok(p3::text("Slept"))
}
