//! `weir compile`: compiles components ahead, for the image that they go into.

use super::options::AppOptions;
use super::output::say;
use crate::app::definition::Definition;
use crate::deploy::prepare::{Plan, code};
use crate::deploy::toolchain::Toolchain;
use crate::diagnostic::{Problem, Problems};
use crate::engine::loader;
use crate::engine::precompiled::Precompiled;
use crate::engine::settings::{Cpu, Machine};
use crate::error::Error;
use bytesize::ByteSize;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `weir compile` is told.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Options {
    #[command(flatten)]
    app: AppOptions,

    /// Where the compiled components go [default: precompiled in the state directory]
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,

    /// The target that they are for, such as x86_64-unknown-linux-gnu [default: this machine]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,

    /// The least processor that they are for [default: this one, or with --target the target's
    /// least]
    #[arg(long, value_name = "CPU")]
    cpu: Option<Cpu>,
}

const AFTER_HELP: &str = "\
A start then compiles nothing. In weir.toml of the image:

  [engine]
  precompiled_directory = \"/app/precompiled\"

Name the least processor that the image will run on: without --cpu the code may use everything that
this machine's has. Code for another version of the engine, or for more than a processor has, is
refused at the start in one line, and the component is compiled there. Only the user that Weir runs
as and root may be able to write the folder.";

/// Compiles, and says what.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let definition = Definition::read_without_values(&options.app.wanted())?;
    let directories = &definition.directories;
    let machine = Machine {
        target: options.target.clone(),
        cpu: options.cpu,
    };
    let engine = Toolchain::compiler(&definition.config, &machine)?;
    let output = options.output.as_ref().unwrap_or(&directories.precompiled);
    let mut problems = Problems::default();
    for (id, component) in definition.components() {
        let settings = definition.settings(id, component);
        let plan = definition.plan(id, component, &settings);
        let compiled = code::composed(&plan, &directories.fetched)
            .and_then(|(file, bytes)| one(&plan, &engine, (&file, &bytes), output));
        match compiled {
            Ok(report) => say(report)?,
            Err(found) => problems.extend(found),
        }
    }
    problems.none_or(ExitCode::SUCCESS).map_err(Error::from)
}

fn one(
    plan: &Plan<'_>,
    engine: &wasmtime::Engine,
    (file, bytes): (&Path, &[u8]),
    output: &Path,
) -> Result<String, Problems> {
    let (digest, code) = loader::compile_ahead(engine, file, bytes)
        .map_err(|error| code::not_loaded(plan, &error))?;
    let written = Precompiled::write(output, &digest, &code).map_err(|error| {
        Problem::new(format!("{} cannot be written: {error}", output.display()))
    })?;
    let size = ByteSize::b(code.len() as u64);
    Ok(format!(
        "Compiled {}: {} ({size:.1})",
        plan.id,
        written.display()
    ))
}
