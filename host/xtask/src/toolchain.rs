//! Which rustup toolchain builds guests, and making sure that there is one.
//!
//! Three ways, in this order: the default toolchain has the target; rustup adds it; a toolchain
//! linked under [`LINKED`] is built from Debian's packages (see [`crate::sysroot`]). Only guest
//! builds are told to use the linked toolchain; the host is built with the default one.

use crate::sysroot;
use anyhow::Result;
use std::path::Path;
use std::process::{Command, Stdio};

/// The target of every guest.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// The name under which rustup knows the toolchain that [`crate::sysroot`] builds.
pub(crate) const LINKED: &str = "weir-wasm";

/// The toolchain that guest builds select with `RUSTUP_TOOLCHAIN`; `None` is the default one.
pub(crate) type Selected = Option<&'static str>;

/// Makes the target available and says in one line how.
pub(crate) fn ensure() -> Result<Selected> {
    if has_target(None) {
        println!("wasm target: {TARGET} is installed");
        return Ok(None);
    }
    if has_target(Some(LINKED)) {
        println!("wasm target: {TARGET} comes from the linked toolchain {LINKED}");
        return Ok(Some(LINKED));
    }
    if rustup_adds_target() {
        println!("wasm target: rustup added {TARGET}");
        return Ok(None);
    }
    println!(
        "wasm target: rustup cannot add {TARGET}; building it from Debian's packages (about a minute, once)"
    );
    sysroot::build()?;
    Ok(Some(LINKED))
}

fn has_target(toolchain: Selected) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    if let Some(name) = toolchain {
        rustc.env("RUSTUP_TOOLCHAIN", name);
    }
    let Ok(output) = rustc.stderr(Stdio::null()).output() else {
        return false;
    };
    let folder = String::from_utf8_lossy(&output.stdout);
    output.status.success() && holds_std(Path::new(folder.trim()))
}

fn holds_std(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("libstd-")
    })
}

fn rustup_adds_target() -> bool {
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    added.is_ok_and(|status| status.success()) && has_target(None)
}
