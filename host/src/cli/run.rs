//! `weir run`: runs a command component once and passes its exit status on.

use super::options::{COMMANDS, FileOptions, StateOptions, ValueOptions};
use super::runtime;
use crate::app::command;
use crate::app::definition::Definition;
use crate::error::Error;
use clap::Args;
use std::process::ExitCode;

/// What `weir run` is told.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    #[command(flatten)]
    files: FileOptions,

    #[command(flatten)]
    values: ValueOptions,

    #[command(flatten)]
    state: StateOptions,

    /// The component to run
    #[arg(value_name = "NAME")]
    name: String,

    /// What it is given as arguments
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    args: Vec<String>,
}

const AFTER_HELP: &str = "\
A command is a component that exports wasi:cli/run. Commands stand in a manifest of their own, by
default commands.toml beside spin.toml, each with a trigger and its grants as in spin.toml:

  [[trigger.command]]
  component = \"health-check\"

  [component.health-check]
  source = \"health_check.wasm\"
  allowed_outbound_hosts = [\"http://127.0.0.1:3000\"]

The exit status is the command's. 134 is a trap, 143 and 130 are SIGTERM and SIGINT.";

/// Runs it.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let mut wanted = options.files.wanted(COMMANDS);
    options.values.add(&mut wanted);
    options.state.add(&mut wanted.flags);
    wanted.components = vec![options.name.clone()];
    let definition = Definition::read(&wanted)?;
    let runtime = runtime::start()?;
    let ran = runtime.block_on(command::run(definition, &options.name, &options.args));
    runtime::end(runtime);
    // What does not fit into a byte is cut off, as by the system.
    ran.map(|status| ExitCode::from(status.to_le_bytes().first().copied().unwrap_or_default()))
}
