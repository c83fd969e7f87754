//! Allocates `mib` MiB and touches them; answers how many it was given. With `insist=1`, ends as a
//! program does that cannot go on with fewer.

use p2::{IncomingRequest, ResponseOutparam};
use std::hint::black_box;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let target = p2::target(&request);
    let wanted = target.number("mib");
    let given = allocate(wanted);
    if given < wanted && target.text("insist") == "1" {
        std::process::abort();
    }
    p2::text(out, given.to_string());
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
