//! Answers how many requests its instance has had, this one included.

use p3::{ErrorCode, Request, Response};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

p3::handler!(handle);

static REQUESTS: AtomicU64 = AtomicU64::new(0);

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    let before = REQUESTS.fetch_add(1, Relaxed);
    Ok(p3::text((before + 1).to_string()))
}
