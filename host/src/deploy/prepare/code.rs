//! A component's code: read or fetched, composed, compiled and linked.

use super::Plan;
use crate::deploy::toolchain::Toolchain;
use crate::deploy::{compose, fetch};
use crate::diagnostic::{Problem, Problems};
use crate::engine::command::CommandPre;
use crate::engine::loader::{self, LoadError, Loaded, Stored};
use crate::engine::state::InstanceState;
use crate::manifest::source::ComponentSource;
use std::path::{Path, PathBuf};
use wasmtime_wasi_http::handler::ProxyPre;

/// A component's code, ready to be instantiated.
pub struct Code {
    /// The compiled component.
    pub loaded: Loaded,
    /// The same with its imports linked and its handler found.
    pub pre: ProxyPre<InstanceState>,
}

/// Reads, composes, compiles and links the code. Blocks, for seconds where it must be compiled.
pub fn handler(plan: &Plan<'_>, toolchain: &Toolchain) -> Result<Code, Problems> {
    let loaded = load(plan, toolchain)?;
    let pre = loaded
        .link(&toolchain.linker, plan.contract)
        .map_err(|error| at_source(plan, &error))?;
    Ok(Code { loaded, pre })
}

/// The same for a command.
pub fn command(plan: &Plan<'_>, toolchain: &Toolchain) -> Result<(Loaded, CommandPre), Problems> {
    let loaded = load(plan, toolchain)?;
    let pre = loaded
        .link_command(&toolchain.linker, plan.contract)
        .map_err(|error| at_source(plan, &error))?;
    Ok((loaded, pre))
}

fn at_source(plan: &Plan<'_>, error: &dyn std::error::Error) -> Problem {
    Problem::new(error.to_string()).at(&plan.component.source.location, "")
}

/// The file with the code, fetched to `fetched` if it comes from elsewhere. Blocks.
fn file(plan: &Plan<'_>, fetched: &Path) -> Result<PathBuf, Problems> {
    match &plan.component.source.value {
        ComponentSource::File(path) => Ok(plan.app.join(path)),
        ComponentSource::Remote { url, digest } => {
            let file = fetch::file(url, digest, fetched);
            file.map_err(|error| at_source(plan, &error).into())
        }
    }
}

/// The problem that a component's code cannot be loaded.
pub fn not_loaded(plan: &Plan<'_>, error: &LoadError) -> Problem {
    let problem = at_source(plan, error);
    match (error, &plan.component.build) {
        (LoadError::Read { .. }, Some(_)) => {
            problem.help(format!("build it with `weir build {}`", plan.id))
        }
        _ => problem,
    }
}

/// The code as it is compiled: read, or fetched to `fetched`, and composed with its dependencies.
/// With it the file that it comes from. Blocks.
pub fn composed(plan: &Plan<'_>, fetched: &Path) -> Result<(PathBuf, Vec<u8>), Problems> {
    let path = file(plan, fetched)?;
    let bytes = loader::read(&path).map_err(|error| not_loaded(plan, &error))?;
    Ok((path, compose::compose(plan, bytes)?))
}

fn load(plan: &Plan<'_>, toolchain: &Toolchain) -> Result<Loaded, Problems> {
    let (path, bytes) = composed(plan, &toolchain.fetched)?;
    let stored = Stored {
        precompiled: toolchain.precompiled.as_ref(),
        cache: toolchain.cache.as_ref(),
    };
    let loaded = loader::load(&toolchain.engine, stored, &path, &bytes);
    let loaded = loaded.map_err(|error| not_loaded(plan, &error))?;
    fits(plan, &loaded, toolchain)?;
    Ok(loaded)
}

/// An instance that needs more places than there are would wait for them for ever.
fn fits(plan: &Plan<'_>, loaded: &Loaded, toolchain: &Toolchain) -> Result<(), Problem> {
    let (needed, there) = (loaded.places, toolchain.places);
    if needed <= there {
        return Ok(());
    }
    let message = format!(
        "an instance of `{}` needs {needed} places of the instance pool, which has {there}",
        plan.id
    );
    let problem = Problem::new(message).at(&plan.component.source.location, "");
    Err(problem.help(format!(
        "set `instances` in `[engine]` of weir.toml to {needed} or more"
    )))
}
