//! Makes of a component in the manifest something that can be instantiated: its [`code`] compiled
//! and linked, its [`grants`] resolved.
//!
//! Whatever can be found wrong is reported at once, each at its place in the manifest. Nothing is
//! put into service here, so a reload can prepare beside what runs.

pub mod code;
pub mod grants;

use super::resources::Resources;
use crate::capability::Grants;
use crate::capability::files::FilesError;
use crate::capability::files::selection::{Origin, Selection};
use crate::capability::interfaces::Contract;
use crate::config::component::{ComponentSettings, Execution};
use crate::config::state::Directories;
use crate::diagnostic::Problems;
use crate::engine::command::CommandPre;
use crate::manifest::Manifest;
use crate::manifest::component::Component;
use crate::manifest::resolver::Resolver;
use code::Code;
use std::path::Path;
use std::sync::Arc;

/// A component of the manifest with everything that is needed to prepare it.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Its id.
    pub id: &'a str,
    /// What the manifest says.
    pub component: &'a Component,
    /// Its settings.
    pub settings: &'a ComponentSettings,
    /// The folder that the manifest's paths start from.
    pub app: &'a Path,
    /// Where the host keeps files, which no component may read.
    pub directories: &'a Directories,
    /// The values of variables.
    pub resolver: &'a Resolver,
    /// What it is a part of; other components may be dependencies of it.
    pub manifest: &'a Manifest,
    /// Whose interfaces it may import.
    pub contract: Contract,
}

impl Plan<'_> {
    /// The files that the component may read. Reads folders.
    pub fn files(&self) -> Result<Selection, FilesError> {
        let component = self.component;
        if component.files.is_empty() {
            return Ok(Selection::default());
        }
        let mounts = component.files.iter().map(|mount| &mount.value);
        let exclude = component.exclude_files.iter().map(|one| one.value.clone());
        let origin = Origin::new(self.app, self.directories.all());
        Selection::of(mounts, &exclude.collect::<Vec<_>>(), &origin)
    }
}

/// A component that can be put into service.
pub struct Prepared {
    /// Its id.
    pub id: Arc<str>,
    /// Its code.
    pub code: Code,
    /// What it may use.
    pub grants: Grants,
    /// How its instances run.
    pub execution: Execution,
}

/// Prepares a component. Blocks.
pub fn prepare(plan: &Plan<'_>, resources: &Resources) -> Result<Prepared, Problems> {
    let (code, grants) = Problems::both(
        code::handler(plan, &resources.toolchain),
        grants::resolve(plan, resources),
    )?;
    Ok(Prepared {
        id: plan.id.into(),
        code,
        grants,
        execution: plan.settings.execution.clone(),
    })
}

/// A command that can be run.
pub struct PreparedCommand {
    /// Its id.
    pub id: Arc<str>,
    /// Its code, with its imports linked.
    pub command: CommandPre,
    /// What it may use.
    pub grants: Grants,
    /// How much it may use.
    pub execution: Execution,
}

/// Prepares a component as a command. Blocks.
pub fn prepare_command(
    plan: &Plan<'_>,
    resources: &Resources,
) -> Result<PreparedCommand, Problems> {
    let (command, grants) = Problems::both(
        code::command(plan, &resources.toolchain).map(|(_, command)| command),
        grants::resolve(plan, resources),
    )?;
    Ok(PreparedCommand {
        id: plan.id.into(),
        command,
        grants,
        execution: plan.settings.execution.clone(),
    })
}
