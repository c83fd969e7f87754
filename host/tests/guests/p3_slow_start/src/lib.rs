//! Computes for half a second before the first answer of an instance, and not before later ones.

use p3::{ErrorCode, Request, Response};
use std::sync::Once;
use std::time::{Duration, Instant};

p3::handler!(handle);

static STARTED: Once = Once::new();

async fn handle(_request: Request) -> Result<Response, ErrorCode> {
    STARTED.call_once(|| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(500) {}
    });
    Ok(p3::text("Started"))
}
