//! What a reload has made ready and not put into service yet.

use crate::app::definition::Definition;
use crate::deploy::fingerprint::{self, Fingerprints};
use crate::deploy::generation;
use crate::deploy::prepare::{self, Plan, Prepared};
use crate::deploy::resources::Resources;
use crate::diagnostic::Problems;
use crate::server::route::{Component, RouteTable};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The components of the next route table: those that stay, those that are replaced, new ones.
#[derive(Default)]
pub(super) struct Stage {
    /// All of them, by id.
    pub(super) components: HashMap<String, Arc<Component>>,
    /// Those that are replaced, or new.
    pub(super) changes: Vec<Change>,
    /// Those that cannot be loaded; of these the old one stays, if there is one.
    pub(super) failed: Vec<(String, Problems)>,
}

/// A component that is replaced, or new.
pub(super) struct Change {
    pub(super) component: Arc<Component>,
    pub(super) generation: u64,
    /// What its next generation is made of; none if it is new, and has its first one already.
    pub(super) next: Option<Box<Prepared>>,
    pub(super) fingerprint: String,
    /// How long it took to make it ready.
    pub(super) took: Duration,
}

impl Stage {
    /// Prepares what differs from what runs: the components of a table, and their fingerprints.
    /// Blocks.
    pub(super) fn prepare(
        definition: &Definition,
        resources: &Resources,
        (table, fingerprints): (&RouteTable, &Fingerprints),
    ) -> Self {
        let mut stage = Self::default();
        for (id, component) in definition.components() {
            let settings = definition.settings(id, component);
            let plan = definition.plan(id, component, &settings);
            let old = table.components.get(id).cloned();
            let fingerprint = fingerprint::of(&plan, &definition.config.limits);
            let unchanged = fingerprints.get(id) == Some(&fingerprint);
            let now = match old {
                Some(old) if unchanged => Some(old),
                old => {
                    match Change::prepare(&plan, fingerprint, definition, resources, old.as_ref()) {
                        Ok(change) => Some(stage.add(change)),
                        Err(problems) => {
                            stage.failed.push((id.to_owned(), problems));
                            old
                        }
                    }
                }
            };
            let named = now.map(|component| (id.to_owned(), component));
            stage.components.extend(named);
        }
        stage
    }

    fn add(&mut self, change: Change) -> Arc<Component> {
        let component = Arc::clone(&change.component);
        self.changes.push(change);
        component
    }
}

impl Change {
    /// Prepares a component, in the place of `old` if there is one.
    fn prepare(
        plan: &Plan<'_>,
        fingerprint: String,
        definition: &Definition,
        resources: &Resources,
        old: Option<&Arc<Component>>,
    ) -> Result<Self, Problems> {
        let began = Instant::now();
        let prepared = prepare::prepare(plan, resources)?;
        let (component, generation, next) = match old {
            Some(old) => {
                let generation = old.generation.load().number + 1;
                (Arc::clone(old), generation, Some(Box::new(prepared)))
            }
            None => {
                let new = generation::first(prepared, &definition.config.limits, resources);
                (Arc::new(new), generation::FIRST, None)
            }
        };
        Ok(Self {
            component,
            generation,
            next,
            fingerprint,
            took: began.elapsed(),
        })
    }
}
