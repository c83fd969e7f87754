//! Allocates `mib` MiB and touches them; answers how many it was given. With `insist=1`, ends as a
//! program does that cannot go on with fewer; with `trap=1`, traps whatever it was given.

use p3::{ErrorCode, Request, Response};
use std::hint::black_box;

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let target = p3::target(&request);
    let wanted = target.number("mib");
    let given = allocate(wanted);
    let insists = given < wanted && target.text("insist") == "1";
    if insists || target.text("trap") == "1" {
        std::process::abort();
    }
    Ok(p3::text(given.to_string()))
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
