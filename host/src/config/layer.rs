//! What one place states about a deployment, and how several of them become one.

use super::Config;
use super::admin::AdminLayer;
use super::component::ComponentLayer;
use super::drain::DrainLayer;
use super::engine::EngineLayer;
use super::key_value::{self, DEFAULT_LABEL, KeyValueStore};
use super::limits::LimitsLayer;
use super::listener::{self, Listener};
use super::log_directory::{LogDirectoryLayer, LogRootLayer};
use super::section::Layer;
use super::state::StateLayer;
use super::telemetry::TelemetryLayer;
use super::variable::VariableValue;
use crate::diagnostic::document::{self, FromTable, Table};
use crate::diagnostic::{Located, Problems, Source};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What one place states about a deployment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigLayer {
    /// Where requests come in. Taken as a whole from the strongest layer that has any.
    pub listeners: Option<Vec<Listener>>,
    /// The server for metrics, probes and status.
    pub admin: AdminLayer,
    /// What clients may do.
    pub limits: LimitsLayer,
    /// How the host stops.
    pub drain: DrainLayer,
    /// How the engine is sized.
    pub engine: EngineLayer,
    /// Where the host keeps files.
    pub state: StateLayer,
    /// Where log directories lie.
    pub log_root: LogRootLayer,
    /// How log directories are kept where a component does not say.
    pub log_defaults: LogDirectoryLayer,
    /// What the host logs.
    pub telemetry: TelemetryLayer,
    /// Key-value stores by label.
    pub key_value_stores: BTreeMap<String, KeyValueStore>,
    /// Values of the app's variables.
    pub variables: BTreeMap<String, Located<VariableValue>>,
    /// What holds for every component, whatever is said about it elsewhere: for flags.
    pub every_component: ComponentLayer,
    /// What holds for one component.
    pub components: BTreeMap<String, Located<ComponentLayer>>,
}

impl ConfigLayer {
    /// Reads `weir.toml`. Its relative paths start from `folder`.
    pub fn parse(source: &Source, folder: &Path) -> Result<Self, Problems> {
        document::read(source, folder, Self::from_table)
    }

    /// Reads the `[key_value_store.<label>]` tables of a runtime configuration file of Spin. Other
    /// tables are reported. Its relative paths start from `folder`.
    pub fn parse_runtime_config(source: &Source, folder: &Path) -> Result<Self, Problems> {
        document::read(source, folder, |table| {
            Some(Self {
                key_value_stores: key_value::read(table),
                ..Self::default()
            })
        })
    }
}

impl Layer for ConfigLayer {
    type Resolved = Config;

    fn or(self, weaker: Self) -> Self {
        Self {
            listeners: self.listeners.or(weaker.listeners),
            admin: self.admin.or(weaker.admin),
            limits: self.limits.or(weaker.limits),
            drain: self.drain.or(weaker.drain),
            engine: self.engine.or(weaker.engine),
            state: self.state.or(weaker.state),
            log_root: self.log_root.or(weaker.log_root),
            log_defaults: self.log_defaults.or(weaker.log_defaults),
            telemetry: self.telemetry.or(weaker.telemetry),
            key_value_stores: either(self.key_value_stores, weaker.key_value_stores),
            variables: either(self.variables, weaker.variables),
            every_component: self.every_component.or(weaker.every_component),
            components: merged(self.components, weaker.components),
        }
    }

    fn resolve(self) -> Config {
        let default_store = BTreeMap::from([(DEFAULT_LABEL.to_owned(), KeyValueStore::default())]);
        Config {
            listeners: self.listeners.unwrap_or_else(|| vec![Listener::default()]),
            admin: self.admin.resolve(),
            limits: self.limits.resolve(),
            drain: self.drain.resolve(),
            engine: self.engine.resolve(),
            state: self.state.resolve(),
            log_root: self.log_root.resolve(),
            telemetry: self.telemetry.resolve(),
            key_value_stores: either(self.key_value_stores, default_store),
            variables: self.variables,
            log_defaults: self.log_defaults,
            every_component: self.every_component,
            components: self.components,
        }
    }
}

/// Both maps; for a key that both have, the first one's value.
fn either<T>(stronger: BTreeMap<String, T>, weaker: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let mut both = weaker;
    both.extend(stronger);
    both
}

type Components = BTreeMap<String, Located<ComponentLayer>>;

fn merged(stronger: Components, mut weaker: Components) -> Components {
    let merge = |(id, strong): (String, Located<ComponentLayer>)| {
        let weak = weaker
            .remove(&id)
            .map(|weak| weak.value)
            .unwrap_or_default();
        (id, Located::new(strong.value.or(weak), strong.location))
    };
    let both: Vec<_> = stronger.into_iter().map(merge).collect();
    weaker.extend(both);
    weaker
}

impl FromTable for ConfigLayer {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let logs: LogTable = table.optional("log_directory").unwrap_or_default();
        Some(Self {
            listeners: listener::read(table),
            admin: table.optional("admin").unwrap_or_default(),
            limits: table.optional("limits").unwrap_or_default(),
            drain: table.optional("drain").unwrap_or_default(),
            engine: table.optional("engine").unwrap_or_default(),
            state: table.optional("state").unwrap_or_default(),
            log_root: logs.root,
            log_defaults: logs.defaults,
            telemetry: table.optional("telemetry").unwrap_or_default(),
            key_value_stores: key_value::read(table),
            variables: table.optional("variables").unwrap_or_default(),
            every_component: ComponentLayer::default(),
            components: table.optional("component").unwrap_or_default(),
        })
    }
}

/// `[log_directory]`: where the directories lie, and the defaults of how they are kept.
#[derive(Debug, Default)]
struct LogTable {
    root: LogRootLayer,
    defaults: LogDirectoryLayer,
}

impl FromTable for LogTable {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let root = LogRootLayer::from_table(table)?;
        Some(Self {
            root,
            defaults: LogDirectoryLayer::from_table(table)?,
        })
    }
}
