//! Values of variables, put where the manifest names them.

use super::Manifest;
use super::component::Component;
use super::hosts::{AllowedHosts, HostPattern};
use super::template::{Template, TemplateError};
use super::validate::invalid_host;
use super::variable::Variable;
use crate::config::variable::VariableValue;
use crate::diagnostic::{Located, Problem, Problems};
use std::collections::BTreeMap;

/// Templates that render to one of these grant nothing, so that a variable may be left empty.
const NO_HOST: [&str; 3] = ["", "http://", "https://"];

/// A value for every variable of an app. Shown, it hides those of secrets.
#[derive(Clone, Debug)]
pub struct Resolver(BTreeMap<String, VariableValue>);

impl Resolver {
    /// Gives the variables of `manifest` the values in `given`. For a variable that is there
    /// several times the first value counts; for one that is not there its default.
    ///
    /// Errors are names that are no variables, and required variables without a value.
    pub fn new(
        manifest: &Manifest,
        given: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut values = BTreeMap::new();
        for (name, text) in given {
            match manifest.variables.get(&name) {
                Some(variable) => {
                    values.entry(name).or_insert_with(|| variable.value(text));
                }
                None => problems.push(unknown(manifest, &name)),
            }
        }
        for (name, variable) in &manifest.variables {
            match (values.contains_key(name), &variable.default) {
                (true, _) => {}
                (false, Some(default)) => {
                    values.insert(name.clone(), default.clone());
                }
                (false, None) => problems.push(
                    Problem::new(format!("variable `{name}` is required and has no value"))
                        .at(&variable.location, "declared here")
                        .help(how_to_give(name)),
                ),
            }
        }
        problems.none_or(Self(values))
    }

    /// Gives the variables of `manifest` that have a default that one, and the others none.
    pub fn of_defaults(manifest: &Manifest) -> Self {
        let default = |(name, variable): (&String, &Variable)| {
            let default = variable.default.clone()?;
            Some((name.clone(), default))
        };
        Self(manifest.variables.iter().filter_map(default).collect())
    }

    /// The variables of a component of the same manifest.
    pub fn variables(
        &self,
        component: &Component,
    ) -> Result<BTreeMap<String, VariableValue>, Problems> {
        let mut problems = Problems::default();
        let mut rendered = BTreeMap::new();
        for (name, template) in &component.variables {
            match self.render(template) {
                Ok(value) => {
                    rendered.insert(name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        problems.none_or(rendered)
    }

    /// Where the outbound requests of a component of the same manifest may go.
    pub fn hosts(&self, component: &Component) -> Result<AllowedHosts, Problems> {
        let mut problems = Problems::default();
        let mut patterns = Vec::new();
        for entry in &component.allowed_outbound_hosts {
            match self.render(entry).and_then(|value| pattern(entry, &value)) {
                Ok(pattern) => patterns.extend(pattern),
                Err(problem) => problems.push(problem),
            }
        }
        problems.none_or(patterns.into_iter().collect())
    }

    fn render(&self, template: &Located<Template>) -> Result<VariableValue, Problem> {
        template
            .render(|name| self.0.get(name))
            .map_err(|why: TemplateError| {
                Problem::new("this cannot be resolved").at(&template.location, why.to_string())
            })
    }
}

/// The pattern that an entry comes to. What it came to is shown unless it is a secret.
fn pattern(
    entry: &Located<Template>,
    value: &VariableValue,
) -> Result<Option<HostPattern>, Problem> {
    if entry.literal().is_none() && NO_HOST.contains(&value.expose()) {
        return Ok(None);
    }
    let shown = value.shown();
    match value.expose().parse::<HostPattern>() {
        Ok(pattern) if value.is_secret() => Ok(Some(pattern.shown_as(shown))),
        Ok(pattern) => Ok(Some(pattern)),
        Err(_secret) if value.is_secret() => {
            let problem = Problem::new("this secret is not a host that requests can be sent to");
            Err(problem.at(&entry.location, ""))
        }
        Err(why) => {
            let label = format!("with the values given this is `{shown}`: {why}");
            Err(invalid_host(&why).at(&entry.location, label))
        }
    }
}

fn unknown(manifest: &Manifest, name: &str) -> Problem {
    Problem::new(format!(
        "a value is given for `{name}`, but the app has no such variable"
    ))
    .suggest(name, manifest.variables.keys().map(String::as_str))
}

fn how_to_give(name: &str) -> String {
    let upper = name.to_uppercase();
    format!(
        "give it with `--variable {name}=...`, as `SPIN_VARIABLE_{upper}` in the environment, or \
         under `[variables]` in weir.toml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        [variables]
        region = { required = true }
        key = { default = "hush", secret = true }
        host = { default = "" }
        [[trigger.http]]
        route = "/..."
        component = "api"
        [component.api]
        source = "api.wasm"
        variables = { url = "https://{{ region }}.example.com", header = "Bearer {{ key }}" }
        allowed_outbound_hosts = ["https://{{ region }}.example.com", "https://{{ host }}"]
    "#;

    fn manifest() -> Manifest {
        Manifest::parse(&Source::new("spin.toml", MANIFEST)).unwrap_or_else(|e| panic!("{e}"))
    }

    fn resolver(given: &[(&str, &str)]) -> Result<Resolver, Problems> {
        let given = given
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Resolver::new(&manifest(), given)
    }

    fn hosts(given: &[(&str, &str)]) -> Result<AllowedHosts, Problems> {
        resolver(given)
            .unwrap()
            .hosts(&manifest().components["api"])
    }

    #[test]
    fn the_first_value_given_counts_and_the_default_otherwise() {
        let resolver = resolver(&[("region", "eu"), ("region", "us")]).unwrap();
        let variables = resolver.variables(&manifest().components["api"]).unwrap();
        assert_eq!(
            variables["url"],
            VariableValue::public("https://eu.example.com")
        );
        assert_eq!(variables["header"], VariableValue::secret("Bearer hush"));
        assert!(!format!("{resolver:?} {variables:?} {:?}", manifest()).contains("hush"));
    }

    #[test]
    fn what_is_missing_or_unknown_is_reported_at_once() {
        let problems = resolver(&[("regoin", "eu")]).unwrap_err().to_string();
        assert!(problems.contains("did you mean `region`?"), "{problems}");
        assert!(
            problems.contains("variable `region` is required and has no value"),
            "{problems}"
        );
        assert!(problems.contains("SPIN_VARIABLE_REGION"), "{problems}");
        assert!(problems.contains("spin.toml:6:"), "{problems}");
    }

    #[test]
    fn an_empty_variable_grants_no_host() {
        let hosts = hosts(&[("region", "eu")]).unwrap();
        assert!(hosts.allows("https", "eu.example.com", 443));
        assert!(!hosts.allows("https", "us.example.com", 443));
    }

    #[test]
    fn a_value_that_makes_no_host_is_shown_unless_it_is_a_secret() {
        let problem = hosts(&[("region", "e u/")]).unwrap_err().to_string();
        assert!(problem.contains("`https://e u/.example.com`"), "{problem}");
        let secret = manifest().variables["key"].value("e u/".to_owned());
        let entry = &manifest().components["api"].allowed_outbound_hosts[1];
        let problem = Problems::from(pattern(entry, &secret).unwrap_err()).to_string();
        assert!(!problem.contains("e u"), "{problem}");
    }

    #[test]
    fn a_host_that_holds_a_secret_is_not_shown() {
        let secret = VariableValue::secret("https://hush.example.com");
        let entry = &manifest().components["api"].allowed_outbound_hosts[1];
        let hosts: AllowedHosts = pattern(entry, &secret).unwrap().into_iter().collect();
        assert!(hosts.allows("https", "hush.example.com", 443));
        assert!(!format!("{hosts:?}").contains("hush"));
    }
}
