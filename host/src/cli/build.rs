//! `weir build`: runs the build commands of components, one after the other.

use super::options::AppOptions;
use super::output::tell;
use crate::app::definition::Definition;
use crate::deploy::build;
use crate::diagnostic::{Problem, Problems};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::manifest::build::Build;
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// What `weir build` is told.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    app: AppOptions,

    /// The components to build [default: all that have a build command]
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

/// Builds, and says what.
pub(super) fn run(options: &Options) -> Result<ExitCode, Error> {
    let definition = Definition::read_without_values(&options.app.wanted())?;
    components(&definition.manifest, &definition.app, &options.ids)?;
    Ok(ExitCode::SUCCESS)
}

/// Builds the components in `ids`, or all that can be built if it is empty.
pub(super) fn components(manifest: &Manifest, app: &Path, ids: &[String]) -> Result<(), Error> {
    check(manifest, ids)?;
    let selected = |id: &str| ids.is_empty() || ids.iter().any(|wanted| wanted == id);
    for (id, component) in &manifest.components {
        if let (true, Some(build)) = (selected(id.as_str()), &component.build) {
            one(id.as_str(), build, app)?;
        }
    }
    Ok(())
}

/// Each id is one of a component that can be built.
fn check(manifest: &Manifest, ids: &[String]) -> Result<(), Problems> {
    let buildable = || {
        let components = manifest.components.iter();
        components
            .filter(|(_, component)| component.build.is_some())
            .map(|(id, _)| id.as_str())
    };
    let unknown = ids
        .iter()
        .filter(|id| !buildable().any(|known| known == *id));
    let problems: Problems = unknown
        .map(|id| {
            Problem::new(format!("there is no component `{id}` with a build command"))
                .suggest(id, buildable())
        })
        .collect();
    problems.none_or(())
}

fn one(id: &str, build: &Build, app: &Path) -> Result<(), Error> {
    let folder = build::folder(build, app);
    for command in &build.command {
        tell(format_args!("Building {id}: {command}"));
        let mut shell = build::shell(command, &folder);
        let failed = |why: String| Error::Build {
            component: id.to_owned(),
            command: command.clone(),
            why,
        };
        let status = shell.status().map_err(|error| {
            failed(format!(
                "cannot be started in {}: {error}",
                folder.display()
            ))
        })?;
        if !status.success() {
            return Err(failed(format!("ended with {status}")));
        }
    }
    Ok(())
}
