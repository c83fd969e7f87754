//! Runs build commands of components.
//!
//! They are the ordinary ones, so that every tool runs them. Where the default Rust toolchain has
//! no WebAssembly target and a linked one was made for it, only the environment of the build says
//! so.

use crate::manifest::build::Build;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What rustup looks at.
const VARIABLE: &str = "RUSTUP_TOOLCHAIN";
/// The linked toolchain that `cargo xtask wasm-target` makes where rustup cannot add the target.
const LINKED: &str = "weir-wasm";
/// The target of components.
const TARGET: &str = "wasm32-wasip2";

/// The folder that a component is built in; `app` is where the manifest's paths start from.
pub fn folder(build: &Build, app: &Path) -> PathBuf {
    match &build.workdir {
        Some(workdir) => app.join(workdir),
        None => app.to_owned(),
    }
}

/// A shell that runs one of a component's build commands.
pub fn shell(command: &str, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(folder);
    select(&mut shell);
    shell
}

/// Selects the linked toolchain for `command` if only that one has the target.
fn select(command: &mut Command) {
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
        output.status.success() && holds_std(Path::new(folder.trim()))
    })
}

/// Whether the target's folder has the standard library. What is left of a target that was removed,
/// or added by half, is a folder without.
fn holds_std(folder: &Path) -> bool {
    let Ok(entries) = folder.read_dir() else {
        return false;
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_string_lossy().starts_with("libstd-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_a_standard_library_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!holds_std(&folder.path().join("none")));
        std::fs::write(folder.path().join("libcore-1.rlib"), "").unwrap();
        assert!(!holds_std(folder.path()));
        std::fs::write(folder.path().join("libstd-1.rlib"), "").unwrap();
        assert!(holds_std(folder.path()));
    }
}
