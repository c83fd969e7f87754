//! One step of a build: a program that has to succeed.

use anyhow::{Context as _, Result, ensure};
use std::process::Command;

/// Runs `command` to its end; it fails if it cannot be started or ends badly.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{:?} cannot be started", command.get_program()))?;
    ensure!(status.success(), "{command:?} failed with {status}");
    Ok(())
}
