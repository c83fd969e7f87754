//! One run of a command component: what `weir run` runs.
//!
//! A command has the grants that its manifest gives it and standard streams of its own: what it
//! prints is not the host's log. There are no listeners and no admin server, because it ends before
//! anybody could scrape it.

use super::definition::Definition;
use super::{close_stores, descriptors, export_spans, room, start_logs};
use crate::deploy::generation;
use crate::deploy::prepare::{self, PreparedCommand};
use crate::deploy::resources::Resources;
use crate::diagnostic::{Problem, Problems};
use crate::engine::command;
use crate::engine::settings::WASMTIME;
use crate::error::Error;
use crate::signal::Signals;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::tracer::Tracer;
use std::sync::Arc;
use tracing::error;

/// The status for a command that was ended by a trap: what a shell shows of a process that aborted.
const TRAPPED: i32 = 134;

/// Runs the component `id` of `definition` with `args`, and gives the status to exit with.
pub async fn run(definition: Definition, id: &str, args: &[String]) -> Result<i32, Error> {
    let mut signals = Signals::listen().map_err(|source| Error::System {
        what: "signals cannot be listened for",
        source,
    })?;
    start_logs(&definition.config.telemetry);
    descriptors::raise();
    let name = id.to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&definition, &name));
    let (resources, command) = prepared.await.unwrap_or_else(|ended| {
        Err(Error::System {
            what: "the command cannot be prepared",
            source: std::io::Error::other(ended),
        })
    })?;
    let args = [&[id.to_owned()], args].concat();
    // Beyond the command's own end, so that what it has written is flushed.
    let logs = command.grants.log_directory.clone();
    let status = tokio::select! {
        status = execute(&resources, command, &args) => status,
        signal = signals.next() => signal.status(),
    };
    close_stores(&resources).await;
    drop(logs);
    export_spans(&resources).await;
    Ok(status)
}

fn prepare(definition: &Definition, id: &str) -> Result<(Resources, PreparedCommand), Error> {
    let config = &definition.config;
    let metrics = Metrics::new(room::scale(definition), crate::VERSION, WASMTIME)?;
    let application = &definition.manifest.application.name;
    let tracer = Tracer::from_environment(application)?;
    let directories = definition.directories.clone();
    let resources = Resources::new(application, config, directories, metrics, tracer)?;
    let (id, component) = definition
        .components()
        .find(|(known, _)| *known == id)
        .ok_or_else(|| Problems::from(Problem::new(format!("there is no command `{id}`"))))?;
    resources.open_stores(config, definition.store_labels(), |_, _| {})?;
    let settings = definition.settings(id, component);
    let plan = definition.plan(id, component, &settings);
    let command = prepare::prepare_command(&plan, &resources)?;
    Ok((resources, command))
}

async fn execute(resources: &Resources, prepared: PreparedCommand, args: &[String]) -> i32 {
    generation::begin(&prepared.id, &prepared.grants, resources);
    let series = resources.metrics.components.component(&prepared.id);
    let (id, grants) = (prepared.id, prepared.grants);
    let context = generation::context(id, grants, series, &prepared.execution);
    let engine = &resources.toolchain.engine;
    match command::run(engine, Arc::clone(&context), &prepared.command, args).await {
        Ok(status) => status,
        Err(trap) => {
            error!(component = &*context.id, error = %format_args!("{trap:#}"), "the command was ended");
            TRAPPED
        }
    }
}
