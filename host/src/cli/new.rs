//! `weir new`: writes a component to begin with.

use super::output::say;
use crate::error::Error;
use crate::scaffold::{self, Template};
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// What `weir new` is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Its name: lower case words joined by `-`; also its folder and its route
    name: String,

    /// What it does to begin with
    #[arg(long, short, value_enum, default_value_t)]
    template: Template,
}

/// Writes it, and says what to do next.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let here = std::env::current_dir().map_err(|source| Error::System {
        what: "the current folder cannot be found",
        source,
    })?;
    let written = scaffold::write(&here, &options.name, options.template)?;
    let shown = |path: &Path| {
        path.strip_prefix(&here)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let (package, manifest) = (shown(&written.package), shown(&written.manifest));
    say(format_args!(
        "{package} is written, and {manifest} serves it at {}\n\
         `weir up --build --from {manifest}` builds and serves it; `cargo test` in {package} runs its test",
        written.route
    ))?;
    Ok(ExitCode::SUCCESS)
}
