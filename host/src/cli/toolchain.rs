//! Which Rust toolchain build commands use.
//!
//! Build commands are the ordinary ones, so that every tool runs them. Where the default toolchain
//! has no WebAssembly target and a linked one was made for it, only the environment of the build
//! says so.

use std::path::Path;
use std::process::{Command, Stdio};

/// What rustup looks at.
const VARIABLE: &str = "RUSTUP_TOOLCHAIN";
/// The linked toolchain that `cargo xtask wasm-target` makes where rustup cannot add the target.
const LINKED: &str = "weir-wasm";
/// The target of components.
const TARGET: &str = "wasm32-wasip2";

/// Selects the linked toolchain for `command` if only that one has the target.
pub(super) fn select(command: &mut Command) {
    if std::env::var_os(VARIABLE).is_none() && !has_target(None) && has_target(Some(LINKED)) {
        command.env(VARIABLE, LINKED);
    }
}

fn has_target(toolchain: Option<&str>) -> bool {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null());
    if let Some(toolchain) = toolchain {
        rustc.env(VARIABLE, toolchain);
    }
    rustc.output().is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout);
        output.status.success() && Path::new(folder.trim()).is_dir()
    })
}
