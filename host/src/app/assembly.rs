//! Opens what components share, prepares every component, and leads routes to them.
//!
//! It blocks, for seconds where code must be compiled or a store repaired, so it runs beside the
//! runtime; readiness says what it waits for.

use super::definition::Definition;
use crate::capability::key_value::redb::{OpenState, Progress};
use crate::deploy::fingerprint::{self, Fingerprints};
use crate::deploy::prepare::{self, Prepared};
use crate::deploy::resources::Resources;
use crate::deploy::{generation, table};
use crate::diagnostic::Problems;
use crate::error::Error;
use crate::health::{Health, Phase};
use crate::server::route::RouteTable;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::tracer::Tracer;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What serves the app.
pub(super) struct Assembled {
    pub(super) resources: Resources,
    pub(super) routes: RouteTable,
    /// What the components were made from, looked at before each was: an edit that comes later is
    /// one that a reload finds.
    pub(super) fingerprints: Fingerprints,
}

/// Makes everything that serves the app.
pub(super) fn assemble(
    definition: &Definition,
    metrics: Metrics,
    health: &Health,
) -> Result<Assembled, Error> {
    let config = &definition.config;
    let application = &definition.manifest.application.name;
    let directories = definition.directories.clone();
    let tracer = Tracer::from_environment(application)?;
    let resources = Resources::new(application, config, directories, metrics, tracer)?;
    open_stores(definition, &resources, health)?;
    let mut fingerprints = Fingerprints::new();
    let prepared = prepare_all(definition, &resources, health, &mut fingerprints)?;
    let components = prepared
        .into_iter()
        .map(|prepared| generation::first(prepared, &config.limits, &resources))
        .map(|component| (component.id.to_string(), Arc::new(component)))
        .collect::<HashMap<_, _>>();
    let routes = table::build(
        &definition.manifest,
        &config.listeners,
        components,
        &resources.metrics.http_server,
    )?;
    Ok(Assembled {
        resources,
        routes,
        fingerprints,
    })
}

fn open_stores(
    definition: &Definition,
    resources: &Resources,
    health: &Health,
) -> Result<(), Error> {
    let waiting =
        |label, progress| health.set_phase(Phase::waiting_for(Opening { label, progress }));
    let labels = definition.store_labels();
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
    fingerprints: &mut Fingerprints,
) -> Result<Vec<Prepared>, Problems> {
    let mut problems = Problems::default();
    let mut all = Vec::new();
    for (id, component) in definition.components() {
        health.set_phase(Phase::waiting_for(format!("loading component `{id}`")));
        let settings = definition.settings(id, component);
        let plan = definition.plan(id, component, &settings);
        let fingerprint = fingerprint::of(&plan, &definition.config.limits);
        fingerprints.insert(id.to_owned(), fingerprint);
        match prepare::prepare(&plan, resources) {
            Ok(prepared) => all.push(prepared),
            Err(found) => problems.extend(found),
        }
    }
    problems.none_or(all)
}
