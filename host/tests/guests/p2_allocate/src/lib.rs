//! Allocates `mib` MiB and touches them; answers how many it was given.

use p2::{IncomingRequest, ResponseOutparam};
use std::hint::black_box;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let wanted = p2::target(&request).number("mib");
    p2::text(out, allocate(wanted).to_string());
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
