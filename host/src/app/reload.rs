//! Replaces components of a running host.
//!
//! A reload reads the manifest and the configuration again and compares: a component of which
//! nothing changed keeps serving as it is. Those that changed are compiled, linked and granted
//! their capabilities beside the old generations, off the request path ([`stage`]). When all of
//! them and the new routes are ready, they take their places together: requests in flight finish
//! on the old generation, whose instances end when they are idle, at the latest when the component's
//! timeout has passed since the last of these requests had its answer's head, and new requests go to
//! the new one.
//!
//! A component that cannot be loaded keeps its old generation and does not hold up the others;
//! whatever else is wrong changes nothing at all. It is told with file and line, is shown in
//! `/status` and counted. A reload never changes what needs a restart ([`restart`]) and says so.

mod restart;
mod stage;

use super::definition::{Definition, Wanted};
use super::room::Room;
use crate::admin::history::{History, Outcome, Retired};
use crate::deploy::fingerprint::Fingerprints;
use crate::deploy::resources::{ResourceError, Resources};
use crate::deploy::{generation, table};
use crate::diagnostic::{Problem, Problems};
use crate::server::route::{Component, Generation, RouteTable};
use crate::telemetry::metrics::reload::APP;
use arc_swap::ArcSwap;
use stage::{Change, Stage};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tracing::{error, info, warn};

/// Reloads a running host, one reload at a time.
pub struct Reloader {
    wanted: Wanted,
    resources: Arc<Resources>,
    table: Arc<ArcSwap<RouteTable>>,
    history: Arc<History>,
    /// What the host was started with; a part of it stays whatever the files say by now.
    started: Arc<Definition>,
    /// What runs now. Outside the lock, which a reload holds for as long as it takes.
    current: ArcSwap<Definition>,
    /// Locked by the reload that is under way.
    running: Mutex<Running>,
}

/// What a reload compares with and goes on from.
struct Running {
    /// What the components that run were made from.
    fingerprints: Fingerprints,
    room: Room,
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

/// A component that has just been replaced, or is new.
struct Replaced {
    id: Arc<str>,
    generation: u64,
    took: Duration,
    /// Requests that the generation before still has.
    draining: usize,
}

impl Reloader {
    /// A reloader of the host that `definition` describes and that has just been started, with
    /// components of these fingerprints.
    pub fn new(
        wanted: Wanted,
        definition: Arc<Definition>,
        fingerprints: Fingerprints,
        resources: Arc<Resources>,
        table: Arc<ArcSwap<RouteTable>>,
        history: Arc<History>,
    ) -> Self {
        resources.metrics.reloads.may_be_attempted(APP);
        Self {
            wanted,
            resources,
            table,
            history,
            current: ArcSwap::new(Arc::clone(&definition)),
            running: Mutex::new(Running {
                fingerprints,
                room: Room::of(&definition),
            }),
            started: definition,
        }
    }

    /// What runs now. Waits for no reload.
    pub fn definition(&self) -> Arc<Definition> {
        self.current.load_full()
    }

    /// Reads everything again and replaces what changed. Blocks, for seconds where code must be
    /// compiled; a second call waits for the first.
    pub fn reload(&self) -> Report {
        let running = self.running.lock();
        let mut running = running.unwrap_or_else(PoisonError::into_inner);
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
            .record(component, Outcome::failed(problems.in_short()));
    }

    fn attempt(&self, running: &mut Running, report: &mut Report) -> Result<(), Problems> {
        let Running { fingerprints, room } = running;
        let mut definition = Definition::read(&self.wanted)?;
        report.needs_restart = restart::needed(&self.started, &definition, &self.resources);
        // The state stays where it is, and is kept from components there; limits stay too.
        let directories = &self.started.directories;
        definition.directories.clone_from(directories);
        let limits = &self.started.config.limits;
        definition.config.limits.clone_from(limits);
        let definition = Arc::new(definition);
        room.take(&definition)?;
        self.open_stores(&definition)?;
        let table = self.table.load_full();
        let stage = Stage::prepare(&definition, &self.resources, (&table, fingerprints));
        report.failed = stage.failed;
        let routes = table::build(
            &definition.manifest,
            &self.started.config.listeners,
            stage.components,
            &self.resources.metrics.http_server,
        )?;
        // Nothing has been touched so far, and from here on nothing fails.
        let replaced = self.put_into_service(&definition, stage.changes, fingerprints, routes);
        report.reloaded = replaced.iter().map(|one| one.id.to_string()).collect();
        report.removed = gone(&table, &self.table.load());
        for id in &report.removed {
            fingerprints.remove(id);
            info!(target: "weir::reload", component = id, "removed");
        }
        replaced.iter().for_each(|one| self.succeeded(one));
        self.resources.metrics.reloads.attempted(APP, true);
        self.history.settled(APP);
        self.current.store(definition);
        Ok(())
    }

    fn open_stores(&self, definition: &Definition) -> Result<(), Problems> {
        self.resources
            .open_stores(&definition.config, definition.store_labels(), |_, _| {})
            .map_err(|error| match error {
                ResourceError::Store(store) => store.problem().into(),
                other => Problem::new(other.to_string()).into(),
            })
    }

    /// Swaps generations and routes, one right after the other.
    fn put_into_service(
        &self,
        definition: &Definition,
        changes: Vec<Change>,
        fingerprints: &mut Fingerprints,
        routes: RouteTable,
    ) -> Vec<Replaced> {
        let limits = &definition.config.limits;
        let swap = |change: Change| {
            let component = &change.component;
            let draining = change.next.map_or(0, |next| {
                let (number, series) = (change.generation, &component.series);
                let new = generation::make(number, *next, limits, series, &self.resources);
                self.retire(component, new)
            });
            fingerprints.insert(component.id.to_string(), change.fingerprint);
            Replaced {
                id: Arc::clone(&component.id),
                generation: change.generation,
                took: change.took,
                draining,
            }
        };
        let replaced = changes.into_iter().map(swap).collect();
        self.table.store(Arc::new(routes));
        replaced
    }

    /// Swaps the generation; says how many requests the old one still has.
    fn retire(&self, component: &Component, new: Generation) -> usize {
        let old = component.generation.swap(Arc::new(new));
        old.pool.close();
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

    fn succeeded(&self, replaced: &Replaced) {
        let Replaced {
            id,
            generation,
            took,
            draining,
        } = replaced;
        info!(target: "weir::reload", component = &**id, generation, ?took, draining, "reloaded");
        self.resources.metrics.reloads.attempted(id, true);
        self.history
            .record(id, Outcome::succeeded(*generation, *took));
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
