//! The command line: what can be asked for, and the status that the process exits with.
//!
//! | status | means |
//! |---|---|
//! | 0 | the command did its work; for `up`: everything in flight was finished |
//! | 1 | requests were cut, a build failed, or the system refused something; for `health`: the host is not well |
//! | 2 | the command line, the manifest, the configuration or a component is wrong |
//!
//! `run` passes on the status of what it runs.

mod address;
mod banner;
mod build;
mod check;
mod compile;
mod environment;
mod health;
mod logs;
mod new;
mod options;
mod output;
mod run;
mod runtime;
mod up;

use crate::error::Error;
use crate::telemetry::logs::writer;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Runs WebAssembly component services from a Spin-compatible spin.toml, and measures everything
/// that flows through them.
#[derive(Debug, Parser)]
#[command(name = "weir", version, propagate_version = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Two files describe what runs: spin.toml says what the app is and also runs under `spin up`;
weir.toml beside it says how this deployment runs it. A setting is taken from the strongest place
that states it: a flag, its WEIR_ variable in the environment, weir.toml, the component's
[component.<id>.tool.weir] in spin.toml, the default.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the app until a signal, then finish what is in flight
    Up(Box<up::Options>),
    /// Build components with the commands in the manifest
    Build(build::Options),
    /// Load every component without serving, and say what each imports and may use
    Check(check::Options),
    /// Compile every component ahead, for the machines that an image goes to
    Compile(compile::Options),
    /// Run a command component once, with the grants of its manifest
    Run(run::Options),
    /// Show what a component wrote to its log directory
    Logs(logs::Options),
    /// Ask a running host whether it takes traffic, and exit with 0 or 1
    Health(health::Options),
    /// Write a component to begin with, and add it to the app around it
    New(new::Options),
}

/// Does what the command line asks for.
pub fn run() -> ExitCode {
    let done = match environment::parse::<Cli>().command {
        Command::Up(options) => up::run(*options),
        Command::Build(options) => build::run(&options),
        Command::Check(options) => check::run(&options),
        Command::Compile(options) => compile::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Logs(options) => logs::run(&options),
        Command::Health(options) => health::run(&options),
        Command::New(options) => new::run(&options),
    };
    // What is said after it on standard error follows what was logged.
    writer::end();
    done.unwrap_or_else(|error: Error| {
        error.report();
        error.exit_code()
    })
}
