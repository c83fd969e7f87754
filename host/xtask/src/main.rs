//! Build steps that cargo alone cannot express: the WebAssembly target and the guests.
//!
//! `cargo xtask wasm-target [--from-source]` makes `wasm32-wasip2` available;
//! `cargo xtask guests [WORKSPACE]...` builds guest workspaces with it;
//! `cargo xtask python-guest` builds the guest in Python. All are idempotent.
//! `cargo xtask bench [ROUNDS [SECONDS]]` measures speed; see [`bench`].

mod bench;
mod guests;
mod python;
mod step;
mod sysroot;
mod toolchain;

use anyhow::{Result, bail};
use std::env;

const USAGE: &str = "usage: cargo xtask wasm-target [--from-source] | guests [WORKSPACE]... | python-guest | bench [ROUNDS [SECONDS]]";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["wasm-target"] => toolchain::ensure().map(drop),
        ["wasm-target", "--from-source"] => sysroot::build().map(drop),
        ["guests"] => guests::build(&["components", "host/tests/guests"]),
        ["guests", workspaces @ ..] => guests::build(workspaces),
        ["python-guest"] => python::build(),
        ["bench"] => bench::run(bench::Plan::default()),
        ["bench", rounds] => bench::run(bench::Plan::new(rounds, "4")?),
        ["bench", rounds, seconds] => bench::run(bench::Plan::new(rounds, seconds)?),
        ["native-server", address] => bench::native::serve(address),
        _ => bail!(USAGE),
    }
}
