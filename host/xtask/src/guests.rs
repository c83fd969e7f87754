//! Builds guest workspaces with the ordinary cargo command, on the toolchain that has the target.

use crate::toolchain::{self, TARGET};
use anyhow::{Context, Result, ensure};
use std::process::Command;

/// Builds every package of each workspace folder, in release mode.
pub(crate) fn build(workspaces: &[&str]) -> Result<()> {
    let selected = toolchain::ensure()?;
    for workspace in workspaces {
        let mut cargo = Command::new("cargo");
        cargo
            .args(["build", "--release", "--locked", "--target", TARGET])
            .current_dir(workspace);
        if let Some(name) = selected {
            cargo.env("RUSTUP_TOOLCHAIN", name);
        }
        // These come from the cargo that runs this program and would pin the wrong toolchain.
        cargo.env_remove("CARGO").env_remove("RUSTC");
        let status = cargo
            .status()
            .with_context(|| format!("cargo cannot be started in {workspace}"))?;
        ensure!(status.success(), "the guests in {workspace} did not build");
    }
    Ok(())
}
