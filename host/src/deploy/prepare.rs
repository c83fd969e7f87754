//! Makes of a component in the manifest something that can be instantiated: its code compiled and
//! linked, its grants resolved.
//!
//! Whatever can be found wrong is reported at once, each at its place in the manifest. Nothing is
//! put into service here, so a reload can prepare beside what runs.

use super::compose;
use super::fetch;
use super::resources::{Resources, Toolchain};
use crate::capability::interfaces::Contract;
use crate::capability::key_value::Granted;
use crate::capability::log_directory::{self, LogDirectory};
use crate::capability::outbound_http::Outbound;
use crate::capability::{Grants, files};
use crate::config::component::{ComponentSettings, Execution};
use crate::config::log_directory as settings;
use crate::diagnostic::{Problem, Problems};
use crate::engine::command::CommandPre;
use crate::engine::loader::{self, LoadError, Loaded, Stored};
use crate::engine::state::InstanceState;
use crate::manifest::Manifest;
use crate::manifest::component::Component;
use crate::manifest::resolver::Resolver;
use crate::manifest::source::ComponentSource;
use crate::telemetry::metrics::guest;
use crate::telemetry::metrics::storage::LogFigures;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime_wasi_http::handler::ProxyPre;

/// A component's code, ready to be instantiated.
pub struct Code {
    /// The compiled component.
    pub loaded: Loaded,
    /// The same with its imports linked and its handler found.
    pub pre: ProxyPre<InstanceState>,
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

/// Prepares a component as its generation `number`. Blocks.
pub fn prepare(plan: &Plan<'_>, resources: &Resources, number: u64) -> Result<Prepared, Problems> {
    let (code, grants) = Problems::both(
        code(plan, &resources.toolchain),
        grants(plan, resources, number),
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

/// The generation of a command, which is never reloaded.
const ONLY: u64 = 1;

/// Prepares a component as a command. Blocks.
pub fn prepare_command(
    plan: &Plan<'_>,
    resources: &Resources,
) -> Result<PreparedCommand, Problems> {
    let (command, grants) = Problems::both(
        command(plan, &resources.toolchain).map(|(_, command)| command),
        grants(plan, resources, ONLY),
    )?;
    Ok(PreparedCommand {
        id: plan.id.into(),
        command,
        grants,
        execution: plan.settings.execution.clone(),
    })
}

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
    /// The values of variables.
    pub resolver: &'a Resolver,
    /// What it is a part of; other components may be dependencies of it.
    pub manifest: &'a Manifest,
    /// Whose interfaces it may import.
    pub contract: Contract,
}

/// Reads, composes, compiles and links the code. Blocks, for seconds where it must be compiled.
pub fn code(plan: &Plan<'_>, toolchain: &Toolchain) -> Result<Code, Problems> {
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
    loaded.map_err(|error| not_loaded(plan, &error).into())
}

/// What can be said of a component without opening anything.
pub fn check(plan: &Plan<'_>) -> Problems {
    let mut problems = Problems::default();
    if plan.settings.metrics.is_some() && guest::is_reserved(plan.id) {
        let message = format!(
            "the metrics of `{}` would look like the host's own",
            plan.id
        );
        let problem = Problem::new(message)
            .at(&plan.component.location, "granted metrics")
            .help("give it another id, one that does not begin with `weir`, `http`, `process`, `otel`, `target` or `scrape`");
        problems.push(problem);
    }
    problems.extend(
        plan.resolver
            .variables(plan.component)
            .err()
            .into_iter()
            .flatten(),
    );
    problems.extend(
        plan.resolver
            .hosts(plan.component)
            .err()
            .into_iter()
            .flatten(),
    );
    problems
}

/// Resolves the grants. Copies files and opens the log directory, so it blocks. `number` is the
/// generation, of which the files get a folder of their own.
pub fn grants(plan: &Plan<'_>, resources: &Resources, number: u64) -> Result<Grants, Problems> {
    let problems = check(plan);
    let series = resources.metrics.capabilities.component(plan.id);
    let ((files, logs), (variables, hosts)) = Problems::both(
        Problems::both(files(plan, resources, number), logs(plan, resources)),
        Problems::both(
            plan.resolver.variables(plan.component),
            plan.resolver.hosts(plan.component),
        ),
    )?;
    let metrics = plan.settings.metrics.as_ref().map(|limits| {
        let limits = guest::Limits {
            metrics: limits.max_metrics as usize,
            series: limits.max_series as usize,
        };
        resources.metrics.guest.component(plan.id, limits)
    });
    let values = variables
        .into_iter()
        .map(|(name, value)| (name, value.expose().to_owned()));
    problems.none_or(Grants {
        environment: plan.component.environment.clone(),
        files,
        key_value: stores(plan, resources),
        variables: values.collect(),
        outbound: Arc::new(Outbound {
            component: plan.id.into(),
            allowed: hosts,
            client: resources.client.clone(),
            chain: Arc::clone(&resources.chain),
            series: series.clone(),
            tracer: resources.tracer.clone(),
        }),
        log_directory: logs,
        mirror_entries: plan
            .settings
            .log_directory
            .as_ref()
            .is_some_and(|logs| logs.mirror),
        metrics,
        series,
    })
}

/// Every store that the host has, with whether the component may use it.
fn stores(plan: &Plan<'_>, resources: &Resources) -> std::collections::BTreeMap<String, Granted> {
    let granted = |label: &str| {
        plan.component
            .key_value_stores
            .iter()
            .any(|granted| granted.as_str() == label)
    };
    resources
        .stores()
        .iter()
        .map(|(label, store)| {
            let grant = match granted(label) {
                true => Granted::Yes(store.clone()),
                false => Granted::No,
            };
            (label.clone(), grant)
        })
        .collect()
}

fn files(
    plan: &Plan<'_>,
    resources: &Resources,
    number: u64,
) -> Result<Option<files::Copied>, Problems> {
    let component = plan.component;
    let Some(first) = component.files.first() else {
        return Ok(None);
    };
    let target = resources
        .directories
        .files
        .join(plan.id)
        .join(number.to_string());
    let exclude: Vec<_> = component
        .exclude_files
        .iter()
        .map(|one| one.value.clone())
        .collect();
    let mounts = component.files.iter().map(|mount| &mount.value);
    match files::copy(mounts, &exclude, plan.app, &target) {
        Ok(copied) => Ok(Some(copied)),
        Err(error) => Err(Problem::new(error.to_string())
            .at(&first.location, "")
            .into()),
    }
}

fn logs(plan: &Plan<'_>, resources: &Resources) -> Result<Option<Arc<LogDirectory>>, Problems> {
    let Some(logs) = &plan.settings.log_directory else {
        return Ok(None);
    };
    match resources.log_directory(plan.id, log_settings(logs)) {
        Ok(logs) => {
            observe(plan.id, &logs, resources);
            Ok(Some(logs))
        }
        Err(error) => {
            let folder = resources.directories.log.join(plan.id);
            let message = format!(
                "the log directory {} cannot be opened: {error}",
                folder.display()
            );
            Err(Problem::new(message)
                .at(&plan.component.location, "granted a log directory")
                .into())
        }
    }
}

fn observe(id: &str, logs: &Arc<LogDirectory>, resources: &Resources) {
    let logs = Arc::downgrade(logs);
    resources.metrics.storage.log_directory(id, move || {
        let logs = logs.upgrade()?;
        let stats = logs.stats();
        Some(LogFigures {
            bytes: stats.bytes(),
            files: stats.files(),
            quota: logs.quota().bytes,
            removed: stats.removed(),
        })
    });
}

fn log_settings(logs: &settings::LogDirectory) -> log_directory::Settings {
    log_directory::Settings {
        fsync: match logs.fsync {
            settings::Fsync::Entry => log_directory::Fsync::Entry,
            settings::Fsync::Batch => log_directory::Fsync::Batch,
            settings::Fsync::None => log_directory::Fsync::None,
        },
        quota: log_directory::quota::Quota {
            bytes: logs.max_bytes.as_u64(),
            files: u64::from(logs.max_files),
            retention: match logs.retention {
                settings::Retention::RemoveOldest => log_directory::quota::Retention::RemoveOldest,
                settings::Retention::Refuse => log_directory::quota::Retention::Refuse,
            },
        },
        max_entry: logs.max_entry.as_u64(),
        max_line: logs.max_line.as_u64(),
        rotate_bytes: logs.rotate_bytes.as_u64(),
        rotate_keep: logs.rotate_keep,
    }
}
