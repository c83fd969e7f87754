//! What a component may use: what the manifest and the settings say, resolved.

use super::Plan;
use crate::capability::Grants;
use crate::capability::files::{self, selection::Selection};
use crate::capability::key_value::Granted;
use crate::capability::log_directory::{self, LogDirectory};
use crate::capability::metrics;
use crate::capability::outbound_http::Outbound;
use crate::config::log_directory as settings;
use crate::config::variable::VariableValue;
use crate::deploy::resources::Resources;
use crate::diagnostic::{Problem, Problems};
use crate::manifest::hosts::AllowedHosts;
use crate::telemetry::metrics::guest;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What can be resolved without opening anything.
struct Resolved {
    variables: BTreeMap<String, VariableValue>,
    hosts: AllowedHosts,
    files: Selection,
}

/// What can be said of a component without opening anything. Reads folders.
pub fn check(plan: &Plan<'_>) -> Problems {
    resolved(plan).err().unwrap_or_default()
}

fn resolved(plan: &Plan<'_>) -> Result<Resolved, Problems> {
    let ((variables, hosts), (files, ())) = Problems::both(
        Problems::both(
            plan.resolver.variables(plan.component),
            plan.resolver.hosts(plan.component),
        ),
        Problems::both(selected(plan), reserved(plan).none_or(())),
    )?;
    Ok(Resolved {
        variables,
        hosts,
        files,
    })
}

fn reserved(plan: &Plan<'_>) -> Problems {
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
    problems
}

fn selected(plan: &Plan<'_>) -> Result<Selection, Problems> {
    plan.files().map_err(|error| at_files(plan, &error).into())
}

fn at_files(plan: &Plan<'_>, error: &files::FilesError) -> Problem {
    let problem = Problem::new(error.to_string());
    match plan.component.files.first() {
        Some(first) => problem.at(&first.location, ""),
        None => problem,
    }
}

/// Resolves the grants. Copies files and opens the log directory, so it blocks.
pub fn resolve(plan: &Plan<'_>, resources: &Resources) -> Result<Grants, Problems> {
    let (resolved, logs) = Problems::both(resolved(plan), logs(plan, resources))?;
    let series = resources.metrics.capabilities.component(plan.id);
    let values = resolved.variables.into_iter();
    let measured = plan.settings.metrics.as_ref();
    let mirrored = plan.settings.log_directory.as_ref();
    Ok(Grants {
        environment: plan.component.environment.clone(),
        files: copied(plan, &resolved.files, resources)?,
        key_value: stores(plan, resources),
        variables: values
            .map(|(name, value)| (name, value.expose().to_owned()))
            .collect(),
        outbound: Arc::new(Outbound {
            component: plan.id.into(),
            allowed: resolved.hosts,
            client: resources.client.clone(),
            chain: Arc::clone(&resources.chain),
            series: series.clone(),
            tracer: resources.tracer.clone(),
        }),
        log_directory: logs,
        mirror_entries: mirrored.is_some_and(|logs| logs.mirror),
        metrics: measured.map(|limits| metrics::Granted {
            series: resources.metrics.guest.component(plan.id),
            limits: guest::Limits {
                metrics: limits.max_metrics as usize,
                series: limits.max_series as usize,
            },
        }),
        series,
    })
}

fn copied(
    plan: &Plan<'_>,
    selection: &Selection,
    resources: &Resources,
) -> Result<Option<files::Copied>, Problem> {
    if plan.component.files.is_empty() {
        return Ok(None);
    }
    let copied = resources
        .scratch()
        .and_then(|scratch| files::copy(selection, plan.id, &scratch));
    match copied {
        Ok(copied) => Ok(Some(copied)),
        Err(error) => Err(at_files(plan, &error)),
    }
}

/// Every store that the host has, with whether the component may use it.
fn stores(plan: &Plan<'_>, resources: &Resources) -> BTreeMap<String, Granted> {
    let granted = &plan.component.key_value_stores;
    let series = resources.metrics.capabilities.component(plan.id);
    let stores = resources.stores().into_iter();
    stores
        .map(|(label, store)| {
            let grant = match granted.iter().any(|granted| granted.as_str() == label) {
                true => Granted::Yes(store, Arc::new(series.key_value(&label))),
                false => Granted::No,
            };
            (label, grant)
        })
        .collect()
}

fn logs(plan: &Plan<'_>, resources: &Resources) -> Result<Option<Arc<LogDirectory>>, Problems> {
    let Some(logs) = &plan.settings.log_directory else {
        return Ok(None);
    };
    let opened = resources.log_directory(plan.id, log_settings(logs));
    opened.map(Some).map_err(|error| {
        let folder = resources.directories.log.join(plan.id);
        let message = format!(
            "the log directory {} cannot be opened: {error}",
            folder.display()
        );
        let problem = Problem::new(message);
        problem
            .at(&plan.component.location, "granted a log directory")
            .into()
    })
}

// What may be written at all finds room, if not much else is being written.
const _: () = assert!(settings::MAX_WRITE * 2 <= log_directory::MAX_HELD as u64);

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
        max_entry: logs.max_entry.get().as_u64(),
        max_line: logs.max_line.get().as_u64(),
        rotate_bytes: logs.rotate_bytes.as_u64(),
        rotate_keep: logs.rotate_keep,
    }
}
