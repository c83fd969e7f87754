//! Allocates `mib` MiB and touches them; answers how many it was given.

use p3::{ErrorCode, Request, Response};
use std::hint::black_box;

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let wanted = p3::target(&request).number("mib");
    Ok(p3::text(allocate(wanted).to_string()))
}

/// Allocates and touches up to `wanted` MiB, and says how many there were.
fn allocate(wanted: usize) -> usize {
    let mut held = Vec::new();
    while held.len() < wanted {
        let mut mebibyte = Vec::<u8>::new();
        if mebibyte.try_reserve_exact(1 << 20).is_err() {
            break;
        }
        mebibyte.resize(1 << 20, 1);
        held.push(black_box(mebibyte));
    }
    held.len()
}
