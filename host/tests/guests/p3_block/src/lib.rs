//! Waits `ms` milliseconds in a call that holds its whole instance, then answers how many requests
//! the instance has had, this one included.

use p3::{ErrorCode, Request, Response};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

p3::handler!(handle);

static REQUESTS: AtomicU64 = AtomicU64::new(0);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let milliseconds = p3::target(&request).number("ms");
    let before = REQUESTS.fetch_add(1, Relaxed);
    std::thread::sleep(Duration::from_millis(milliseconds));
    Ok(p3::text((before + 1).to_string()))
}
