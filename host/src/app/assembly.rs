//! Opens what components share, prepares every component, and leads routes to them.
//!
//! It blocks, for seconds where code must be compiled or a store repaired, so it runs beside the
//! runtime; readiness says what it waits for.

use super::definition::Definition;
use crate::admin::health::{Health, Phase};
use crate::capability::key_value::redb::{OpenState, Progress};
use crate::deploy::prepare::{self, Prepared};
use crate::deploy::resources::Resources;
use crate::deploy::{generation, table};
use crate::diagnostic::Problems;
use crate::error::Error;
use crate::server::route::{Component, RouteTable};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::tracer::Tracer;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The generation that a start makes of each component.
const FIRST: u64 = 1;

/// Makes everything that serves the app.
pub(super) fn assemble(
    definition: &Definition,
    metrics: Metrics,
    health: &Health,
) -> Result<(Resources, RouteTable), Error> {
    let config = &definition.config;
    let directories = config.directories(&definition.app);
    let application = &definition.manifest.application.name;
    let tracer = Tracer::from_environment(application)?;
    let resources = Resources::new(application, config, directories, metrics, tracer)?;
    open_stores(definition, &resources, health)?;
    let prepared = prepare_all(definition, &resources, health)?;
    let components = prepared
        .into_iter()
        .map(|prepared| component(definition, prepared, &resources))
        .map(|component| (component.id.to_string(), Arc::new(component)))
        .collect::<HashMap<_, _>>();
    let table = table::build(
        &definition.manifest,
        &config.listeners,
        components,
        &resources.metrics.http_server,
    )?;
    Ok((resources, table))
}

fn open_stores(
    definition: &Definition,
    resources: &Resources,
    health: &Health,
) -> Result<(), Error> {
    let labels = definition
        .components()
        .flat_map(|(_, component)| &component.key_value_stores);
    let waiting =
        |label, progress| health.set_phase(Phase::waiting_for(Opening { label, progress }));
    let labels = labels.map(|label| label.as_str());
    Ok(resources.open_stores(&definition.config, labels, waiting)?)
}

/// How far the opening of a store has come.
struct Opening {
    label: String,
    progress: Arc<Progress>,
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = &self.label;
        match self.progress.state() {
            OpenState::Repairing(done) => {
                write!(f, "repairing key-value store `{label}` ({done}%)")
            }
            _ => write!(f, "opening key-value store `{label}`"),
        }
    }
}

/// Every component, or everything that is wrong with any of them.
fn prepare_all(
    definition: &Definition,
    resources: &Resources,
    health: &Health,
) -> Result<Vec<Prepared>, Problems> {
    let mut problems = Problems::default();
    let mut all = Vec::new();
    for (id, component) in definition.components() {
        health.set_phase(Phase::waiting_for(format!("loading component `{id}`")));
        let settings = definition.settings(id, component);
        let plan = definition.plan(id, component, &settings);
        match prepare::prepare(&plan, resources, FIRST) {
            Ok(prepared) => all.push(prepared),
            Err(found) => problems.extend(found),
        }
    }
    problems.none_or(all)
}

fn component(definition: &Definition, prepared: Prepared, resources: &Resources) -> Component {
    let id = Arc::clone(&prepared.id);
    let series = resources.metrics.components.component(&id);
    let limits = &definition.config.limits;
    let generation = generation::make(FIRST, prepared, limits, &series, resources);
    Component {
        capabilities: resources.metrics.capabilities.component(&id),
        generation: ArcSwap::from_pointee(generation),
        series,
        id,
    }
}
