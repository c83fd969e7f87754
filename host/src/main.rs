//! The `weir` command.

use std::process::ExitCode;

/// Requests allocate many small things on several threads, which is what it is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    weir::cli::run()
}
