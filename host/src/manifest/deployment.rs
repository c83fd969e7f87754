//! What the manifest and the configuration of a deployment must agree on.

use super::Manifest;
use crate::config::Config;
use crate::diagnostic::{Location, Problem, Problems};

impl Manifest {
    /// Everything in which this manifest and `config` do not fit together: components and
    /// variables that `weir.toml` names and the app does not have, and labels of key-value stores
    /// behind which there is nothing. Commands share the configuration with the app that they
    /// stand beside, so with them it may name what is not theirs.
    pub fn check_deployment(&self, config: &Config) -> Problems {
        let mut problems = Problems::default();
        problems.extend(self.missing_stores(config));
        if !self.commands.is_empty() {
            return problems;
        }
        for (id, settings) in config.components() {
            problems.extend(self.missing_component(id, &settings.location));
        }
        for id in config
            .listeners
            .iter()
            .filter_map(|one| one.components.as_ref())
            .flatten()
        {
            problems.extend(self.missing_component(id, &id.location));
        }
        for (name, value) in &config.variables {
            problems.extend(self.missing_variable(name, &value.location));
        }
        problems
    }

    /// What of this manifest cannot be served, because it is run.
    pub fn check_served(&self) -> Problems {
        let commands = self.commands.iter();
        commands
            .map(|id| {
                Problem::new(format!("`{}` is a command, which is not served", **id))
                    .at(&id.location, "")
                    .help(format!(
                        "give commands a manifest of their own, such as commands.toml, and run \
                         this one with `weir run {}`",
                        **id
                    ))
            })
            .collect()
    }

    fn missing_component(&self, id: &str, named: &Location) -> Option<Problem> {
        let missing = !self.components.contains_key(id);
        missing.then(|| {
            let ids = self.components.keys().map(super::ComponentId::as_str);
            Problem::new(format!("the app has no component `{id}`"))
                .at(named, "")
                .suggest(id, ids)
        })
    }

    /// The line of the value is not shown, because it may be a secret.
    fn missing_variable(&self, name: &str, given: &Location) -> Option<Problem> {
        let missing = !self.variables.contains_key(name);
        missing.then(|| {
            Problem::new(format!(
                "{given} sets `{name}`, but the app has no such variable"
            ))
            .suggest(name, self.variables.keys().map(String::as_str))
        })
    }

    fn missing_stores(&self, config: &Config) -> impl Iterator<Item = Problem> {
        let stores = &config.key_value_stores;
        let labels = self
            .components
            .values()
            .flat_map(|component| &component.key_value_stores);
        let missing = labels.filter(|label| !stores.contains_key(label.as_str()));
        missing.map(|label| {
            let name = label.as_str();
            Problem::new(format!("there is no key-value store `{name}`"))
                .at(&label.location, "nothing stands behind this label")
                .help(format!(
                    "add `[key_value_store.{name}]` with `type = \"redb\"` to weir.toml"
                ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigLayer, section::Layer as _};
    use crate::diagnostic::Source;
    use std::path::Path;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        [variables]
        region = { default = "eu" }
        [[trigger.http]]
        route = "/..."
        component = "api"
        [component.api]
        source = "api.wasm"
        key_value_stores = ["default", "sessions"]
    "#;

    fn check(config: &str) -> Problems {
        let manifest = Manifest::parse(&Source::new("spin.toml", MANIFEST)).unwrap();
        let source = Source::new("weir.toml", config);
        let config = ConfigLayer::parse(&source, Path::new(""))
            .unwrap()
            .resolve();
        manifest.check_deployment(&config)
    }

    #[test]
    fn files_that_fit_together_have_no_problem() {
        let problems = check(
            "listener = [{ components = ['api'] }]\nvariables.region = 'us'\n\
             component.api.timeout = '5s'\nkey_value_store.sessions.type = 'redb'\n",
        );
        assert!(problems.is_empty(), "{problems}");
    }

    #[test]
    fn names_that_the_app_does_not_have_are_reported_with_the_nearest() {
        let problems = check(
            "listener = [{ components = ['apy'] }]\nvariables.regin = 's3cret'\n\
             component.appi.timeout = '5s'\n",
        );
        let shown = problems.to_string();
        for part in [
            "the app has no component `apy`",
            "the app has no component `appi`",
            "weir.toml:2 sets `regin`, but the app has no such variable",
            "there is no key-value store `sessions`",
            "did you mean `region`?",
            "[key_value_store.sessions]",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
        assert_eq!(problems.len(), 4, "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
