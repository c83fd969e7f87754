//! How this deployment runs the app: `weir.toml`, and what flags and the environment say instead.
//!
//! Each place that states settings is read into a [`ConfigLayer`]; layers are merged key by key,
//! and [`ConfigLayer::resolve`] fills in the defaults, which are written beside each setting's
//! declaration and nowhere else. From strong to weak the places are flags, the environment,
//! `weir.toml`, for what a component may set for itself its `[component.<id>.tool.weir]` in
//! `spin.toml`, and the default. `[log_directory]` gives the defaults of every component's log
//! directory, so it is weaker than what a component says.

pub mod admin;
pub mod bounded;
pub mod component;
pub mod drain;
pub mod engine;
#[cfg(test)]
mod golden;
pub mod key_value;
mod layer;
pub mod limits;
pub mod listener;
pub mod log_directory;
pub mod reference;
pub mod section;
pub mod setting;
pub mod state;
pub mod telemetry;
pub mod variable;

pub use layer::ConfigLayer;

use crate::diagnostic::Located;
use admin::Admin;
use component::{ComponentLayer, ComponentSettings, Grant};
use drain::Drain;
use engine::Engine;
use key_value::KeyValueStore;
use limits::Limits;
use listener::Listener;
use log_directory::{LogDirectoryLayer, LogRoot};
use section::Layer as _;
use serde::Serialize;
use state::State;
use std::collections::BTreeMap;
use telemetry::Telemetry;
use variable::VariableValue;

/// The settings of a deployment with every default filled in.
#[derive(Clone, Debug, Serialize)]
pub struct Config {
    /// Where requests come in; at least one.
    pub listeners: Vec<Listener>,
    /// The server for metrics, probes and status.
    pub admin: Admin,
    /// What clients may do.
    pub limits: Limits,
    /// How the host stops.
    pub drain: Drain,
    /// How the engine is sized.
    pub engine: Engine,
    /// Where the host keeps files.
    pub state: State,
    /// Where log directories lie.
    pub log_root: LogRoot,
    /// What the host logs.
    pub telemetry: Telemetry,
    /// Key-value stores by label; [`key_value::DEFAULT_LABEL`] is always there.
    pub key_value_stores: BTreeMap<String, KeyValueStore>,
    /// Values of the app's variables.
    pub variables: BTreeMap<String, Located<VariableValue>>,
    log_defaults: LogDirectoryLayer,
    every_component: ComponentLayer,
    components: BTreeMap<String, Located<ComponentLayer>>,
}

impl Config {
    /// The settings of the component `id`; `own` is what `spin.toml` says about it.
    pub fn component(&self, id: &str, own: &ComponentLayer) -> ComponentSettings {
        let stated = self
            .components
            .get(id)
            .map(|stated| stated.value.clone())
            .unwrap_or_default();
        let defaults = ComponentLayer {
            log_directory: Grant {
                granted: None,
                settings: self.log_defaults.clone(),
            },
            ..ComponentLayer::default()
        };
        let layers = [stated, own.clone(), defaults];
        layers
            .into_iter()
            .fold(self.every_component.clone(), ComponentLayer::or)
            .resolve()
    }

    /// The components about which something is said.
    pub fn components(&self) -> impl Iterator<Item = (&str, &Located<ComponentLayer>)> {
        self.components
            .iter()
            .map(|(id, layer)| (id.as_str(), layer))
    }
}

impl Default for Config {
    fn default() -> Self {
        ConfigLayer::default().resolve()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use bounded::Timeout;
    use bytesize::ByteSize;
    use log_directory::Fsync;
    use std::path::Path;

    fn layer(text: &str) -> ConfigLayer {
        let source = Source::new("weir.toml", text);
        ConfigLayer::parse(&source, Path::new("/etc/weir")).unwrap_or_else(|e| panic!("{e}"))
    }

    fn own(text: &str) -> ComponentLayer {
        layer(&format!("[component.api]\n{text}")).components["api"]
            .value
            .clone()
    }

    #[test]
    fn a_setting_is_taken_from_the_strongest_place_that_states_it() {
        let own = own("timeout = '1s'\nmemory = '1MiB'\nmax_request_body = 1\nmax_in_flight = 1");
        let file = layer("[component.api]\ntimeout = '2s'\nmemory = '2MiB'\nmax_request_body = 2");
        let mut flags = ConfigLayer::default();
        flags.every_component.execution.timeout = Some(Timeout::seconds(3));
        let mut environment = ConfigLayer::default();
        environment.every_component.execution.timeout = Some(Timeout::seconds(4));
        environment.every_component.execution.max_request_body = Some(ByteSize::b(4));

        let config = flags.or(environment).or(file).resolve();
        let execution = config.component("api", &own).execution;
        assert_eq!(execution.timeout, Timeout::seconds(3), "flag");
        assert_eq!(execution.max_request_body, ByteSize::b(4), "environment");
        assert_eq!(execution.memory.get(), ByteSize::mib(2), "weir.toml");
        assert_eq!(execution.max_in_flight.map(u32::from), Some(1), "tool.weir");
        assert_eq!(execution.instance_concurrency.get(), 16, "default");
    }

    #[test]
    fn a_grant_and_its_settings_are_merged_apart() {
        let own = own("log_directory = { fsync = 'batch', max_files = 7 }\nmetrics = true");
        let config = layer(
            "[log_directory]\nmax_files = 9\nmax_entry = 10\n\
             [component.api]\nlog_directory = true\nmetrics = false\n",
        )
        .resolve();
        let settings = config.component("api", &own);
        let log = settings.log_directory.unwrap();
        assert_eq!(
            (log.fsync, log.max_files),
            (Fsync::Batch, 7),
            "what the component says"
        );
        assert_eq!(
            log.max_entry.get(),
            ByteSize::b(10),
            "the default for all components"
        );
        assert_eq!(settings.metrics, None, "taken away by weir.toml");
    }

    #[test]
    fn nothing_is_granted_unless_somebody_says_so() {
        let config = layer("[log_directory]\nmax_files = 9\n").resolve();
        let settings = config.component("api", &ComponentLayer::default());
        assert_eq!((settings.log_directory, settings.metrics), (None, None));
    }

    #[test]
    fn folders_lie_in_the_state_directory_unless_they_are_set() {
        let app = Path::new("/app");
        let default = Config::default().directories(app);
        assert_eq!(default.key_value, app.join(".weir/key-value"));
        let config = layer("state.directory = 's'\nlog_directory.root = '/logs'\n").resolve();
        let directories = config.directories(app);
        assert_eq!(directories.cache, Path::new("/etc/weir/s/cache"));
        assert_eq!(directories.log, Path::new("/logs"));
        let store = &config.key_value_stores[key_value::DEFAULT_LABEL];
        assert_eq!(
            store.file(&directories.key_value, "a"),
            Path::new("/etc/weir/s/key-value/a.redb")
        );
    }

    #[test]
    fn stores_of_a_runtime_configuration_file_are_understood() {
        let parse = |text: &str| {
            ConfigLayer::parse_runtime_config(&Source::new("runtime.toml", text), Path::new("/etc"))
        };
        let read = parse("[key_value_store.a]\ntype = 'spin'\npath = 'a.db'\n").unwrap();
        let store = &read.key_value_stores["a"];
        assert!(matches!(store, KeyValueStore::Redb { .. }), "{store:?}");
        let file = store.file(Path::new("/state"), "a");
        assert_eq!(file, Path::new("/etc/a.db"));
        let refused = parse("[sqlite_database.default]\ntype = 'spin'\n").unwrap_err();
        assert!(
            refused
                .to_string()
                .contains("unknown key `sqlite_database`"),
            "{refused}"
        );
    }

    #[test]
    fn of_a_backend_that_only_spin_has_nothing_is_said_but_its_name() {
        let text = "[key_value_store.a]\ntype = 'azure_cosmos'\nkey = 's3cret'\naccount = 'x'\n";
        let source = Source::new("runtime.toml", text);
        let refused = ConfigLayer::parse_runtime_config(&source, Path::new("/etc")).unwrap_err();
        assert_eq!(refused.len(), 1, "{refused}");
        let shown = refused.to_string();
        assert!(shown.contains("backend `azure_cosmos`"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
