//! Replaces components of a running host.
//!
//! A reload reads the manifest and the configuration again and compares: a component of which
//! nothing changed keeps serving as it is. One that changed is compiled, linked and granted its
//! capabilities beside the old generation, off the request path, and then takes its place in one
//! atomic step: requests in flight finish on the old generation, whose instances end when they are
//! idle, at the latest after the component's timeout, and new requests go to the new one. Routes
//! are replaced as a whole in the same way.
//!
//! Whatever is wrong leaves the old generation serving, is told with file and line, is shown in
//! `/status` and counted. A reload never changes what needs a restart (addresses, the engine's
//! size, where the state lies, limits of the whole host) and says so.

use super::definition::{Definition, Wanted};
use crate::admin::history::{History, Outcome, Retired};
use crate::config::Config;
use crate::config::listener::Listener;
use crate::deploy::prepare::{self, Plan};
use crate::deploy::resources::Resources;
use crate::deploy::{fingerprint, generation, table};
use crate::diagnostic::{Problem, Problems};
use crate::server::route::{Component, Generation, RouteTable};
use crate::telemetry::metrics::reload::APP;
use arc_swap::ArcSwap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tracing::{error, info, warn};

/// Reloads a running host, one reload at a time.
pub struct Reloader {
    wanted: Wanted,
    resources: Arc<Resources>,
    table: Arc<ArcSwap<RouteTable>>,
    history: Arc<History>,
    running: Mutex<Running>,
}

/// What the host was made from.
struct Running {
    definition: Arc<Definition>,
    /// The listeners that are there, whatever the configuration says by now.
    listeners: Vec<Listener>,
    fingerprints: HashMap<String, String>,
}

/// What became of a reload.
#[derive(Debug, Default)]
pub struct Report {
    /// The components that serve in a new generation, or for the first time.
    pub reloaded: Vec<String>,
    /// The components that are gone.
    pub removed: Vec<String>,
    /// What failed, by component or [`APP`].
    pub failed: Vec<(String, Problems)>,
    /// What changed and takes effect at the next start only.
    pub needs_restart: Vec<&'static str>,
}

impl Reloader {
    /// A reloader of the host that `definition` describes and that has just been started.
    pub fn new(
        wanted: Wanted,
        definition: Arc<Definition>,
        resources: Arc<Resources>,
        table: Arc<ArcSwap<RouteTable>>,
        history: Arc<History>,
    ) -> Self {
        let running = Running {
            listeners: definition.config.listeners.clone(),
            fingerprints: fingerprints(&definition),
            definition,
        };
        Self {
            wanted,
            resources,
            table,
            history,
            running: Mutex::new(running),
        }
    }

    /// What runs now.
    pub fn definition(&self) -> Arc<Definition> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&running.definition)
    }

    /// Reads everything again and replaces what changed. Blocks, for seconds where code must be
    /// compiled; a second call waits for the first.
    pub fn reload(&self) -> Report {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = Report::default();
        if let Err(problems) = self.attempt(&mut running, &mut report) {
            report.failed.push((APP.to_owned(), problems));
        }
        for (component, problems) in &report.failed {
            self.failed(component, problems);
        }
        for what in &report.needs_restart {
            warn!(target: "weir::reload", "{what} changed, which takes effect at the next start");
        }
        report
    }

    /// Records that a component could not be loaded anew, or built.
    pub fn failed(&self, component: &str, problems: &Problems) {
        error!(target: "weir::reload", component, "not reloaded, the old one goes on:\n{problems}");
        self.resources.metrics.reloads.attempted(component, false);
        self.history
            .record(component, Outcome::failed(problems.to_string()));
    }

    fn attempt(&self, running: &mut Running, report: &mut Report) -> Result<(), Problems> {
        let definition = Arc::new(Definition::read(&self.wanted)?);
        report.needs_restart = needs_restart(&running.definition.config, &definition.config);
        self.open_stores(&definition)?;
        let components = self.components(&definition, running, report);
        let routes = table::build(
            &definition.manifest,
            &running.listeners,
            components,
            &self.resources.metrics.http_server,
        )?;
        let before = self.table.swap(Arc::new(routes));
        report.removed = gone(&before, &self.table.load());
        for id in &report.removed {
            running.fingerprints.remove(id);
            info!(target: "weir::reload", component = id, "removed");
        }
        self.resources.metrics.reloads.attempted(APP, true);
        running.definition = definition;
        Ok(())
    }

    fn open_stores(&self, definition: &Definition) -> Result<(), Problems> {
        let labels = definition
            .components()
            .flat_map(|(_, component)| &component.key_value_stores)
            .map(|label| label.as_str());
        self.resources
            .open_stores(&definition.config, labels, |_, _| {})
            .map_err(|error| Problem::new(error.to_string()).into())
    }

    /// The components of the new table: those that stay, those that were replaced, new ones.
    fn components(
        &self,
        definition: &Definition,
        running: &mut Running,
        report: &mut Report,
    ) -> HashMap<String, Arc<Component>> {
        let table = self.table.load();
        let mut components = HashMap::new();
        for (id, component) in definition.components() {
            let settings = definition.settings(id, component);
            let plan = definition.plan(id, component, &settings);
            let old = table.components.get(id).cloned();
            let fingerprint = fingerprint::of(&plan, &definition.config.limits);
            let unchanged = running.fingerprints.get(id) == Some(&fingerprint);
            let now = match old {
                Some(old) if unchanged => Some(old),
                old => match self.replace(&plan, definition, old.clone()) {
                    Ok(new) => {
                        running.fingerprints.insert(id.to_owned(), fingerprint);
                        report.reloaded.push(id.to_owned());
                        Some(new)
                    }
                    Err(problems) => {
                        report.failed.push((id.to_owned(), problems));
                        old
                    }
                },
            };
            components.extend(now.map(|component| (id.to_owned(), component)));
        }
        components
    }

    /// Puts a new generation into service.
    fn replace(
        &self,
        plan: &Plan<'_>,
        definition: &Definition,
        old: Option<Arc<Component>>,
    ) -> Result<Arc<Component>, Problems> {
        let began = Instant::now();
        let number = old
            .as_ref()
            .map_or(1, |old| old.generation.load().number + 1);
        let prepared = prepare::prepare(plan, &self.resources, number)?;
        let metrics = &self.resources.metrics;
        let series = match &old {
            Some(old) => Arc::clone(&old.series),
            None => metrics.components.component(plan.id),
        };
        let limits = &definition.config.limits;
        let new = generation::make(number, prepared, limits, &series, &self.resources);
        let (component, draining) = match old {
            Some(old) => {
                let draining = self.retire(&old, new);
                (old, draining)
            }
            None => (Arc::new(first(plan.id, new, series, metrics)), 0),
        };
        let took = began.elapsed();
        info!(target: "weir::reload", component = plan.id, generation = number, ?took, draining, "reloaded");
        metrics.reloads.attempted(plan.id, true);
        self.history
            .record(plan.id, Outcome::succeeded(number, took));
        Ok(component)
    }

    /// Swaps the generation; says how many requests the old one still has.
    fn retire(&self, component: &Component, new: Generation) -> usize {
        let old = component.generation.swap(Arc::new(new));
        old.pool.close(old.admission.queue_timeout());
        let admission = Arc::clone(&old.admission);
        let draining = admission.in_flight();
        self.history.retire(
            &component.id,
            Retired {
                generation: old.number,
                requests: Box::new(move || admission.in_flight()),
            },
        );
        draining
    }
}

fn first(
    id: &str,
    generation: Generation,
    series: Arc<crate::telemetry::metrics::component::ComponentSeries>,
    metrics: &crate::telemetry::metrics::Metrics,
) -> Component {
    Component {
        id: id.into(),
        generation: ArcSwap::from_pointee(generation),
        capabilities: metrics.capabilities.component(id),
        series,
    }
}

/// The components of `before` that are not in `now`.
fn gone(before: &RouteTable, now: &RouteTable) -> Vec<String> {
    let mut gone: Vec<_> = before
        .components
        .keys()
        .filter(|id| !now.components.contains_key(*id))
        .cloned()
        .collect();
    gone.sort();
    gone
}

/// The fingerprint of every component.
fn fingerprints(definition: &Definition) -> HashMap<String, String> {
    let one = |(id, component): (&str, &crate::manifest::component::Component)| {
        let settings = definition.settings(id, component);
        let plan = definition.plan(id, component, &settings);
        let fingerprint = fingerprint::of(&plan, &definition.config.limits);
        (id.to_owned(), fingerprint)
    };
    definition.components().map(one).collect()
}

/// Whether each store that is known to both lies where it did; an open one is not moved.
fn stores_stay(old: &Config, new: &Config) -> bool {
    let stays = |(label, store)| {
        let now = new.key_value_stores.get(label);
        now.is_none_or(|now| now == store)
    };
    old.key_value_stores.iter().all(stays)
}

/// The parts of the configuration that a running host cannot change and that were changed.
fn needs_restart(old: &Config, new: &Config) -> Vec<&'static str> {
    let parts = [
        ("[[listener]]", old.listeners == new.listeners),
        ("[admin]", old.admin == new.admin),
        ("[engine]", old.engine == new.engine),
        ("[state]", old.state == new.state),
        ("[log_directory] root", old.log_root == new.log_root),
        ("[telemetry]", old.telemetry == new.telemetry),
        ("[limits]", old.limits == new.limits),
    ];
    let stores = [("[key_value_store]", stores_stay(old, new))];
    let changed = parts.into_iter().chain(stores).filter(|(_, same)| !same);
    changed.map(|(part, _)| part).collect()
}
