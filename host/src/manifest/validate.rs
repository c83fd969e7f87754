//! What must fit together inside a manifest: names that refer to something, and routes.

use super::component::Component;
use super::dependency::Origin;
use super::hosts::{HostError, HostPattern};
use super::named::Entries;
use super::route::Route;
use super::template::Template;
use super::trigger::HttpTrigger;
use super::variable::Variable;
use crate::diagnostic::{Located, Problem};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The names that exist, also of what could not be read.
pub(super) struct Scope {
    variables: BTreeSet<String>,
    pub(super) components: BTreeSet<String>,
}

impl Scope {
    pub(super) fn new(variables: &Entries<Variable>, components: &Entries<Component>) -> Self {
        Self {
            variables: names(variables),
            components: names(components),
        }
    }

    /// Everything that does not fit together.
    pub(super) fn check(
        &self,
        triggers: &[HttpTrigger],
        references: &[Located<String>],
        components: &BTreeMap<String, Component>,
    ) -> Vec<Problem> {
        let mut problems = same_routes(triggers);
        problems.extend(references.iter().filter_map(|id| self.component(id)));
        for component in components.values() {
            let templates = component
                .variables
                .values()
                .chain(&component.allowed_outbound_hosts);
            problems.extend(templates.flat_map(|template| self.variables(template)));
            problems.extend(
                component
                    .allowed_outbound_hosts
                    .iter()
                    .flat_map(|h| self.host(h)),
            );
            problems.extend(self.dependencies(component, components));
        }
        problems
    }

    fn component(&self, id: &Located<String>) -> Option<Problem> {
        let known = self.components.contains(&id.value);
        (!known).then(|| {
            Problem::new(format!("there is no component `{}`", id.value))
                .at(&id.location, "not known here")
                .suggest(id, self.components.iter().map(String::as_str))
        })
    }

    fn variables(&self, template: &Located<Template>) -> impl Iterator<Item = Problem> {
        let unknown = template
            .variables()
            .filter(|name| !self.variables.contains(*name));
        unknown.map(|name| {
            Problem::new(format!("there is no variable `{name}` in `[variables]`"))
                .at(&template.location, "used here")
                .suggest(name, self.variables.iter().map(String::as_str))
        })
    }

    /// Checks an entry that holds no variables; the others wait for their values.
    fn host(&self, entry: &Located<Template>) -> Option<Problem> {
        match entry.literal()?.parse::<HostPattern>() {
            Ok(pattern) => {
                let id = Located::new(pattern.component()?.to_owned(), entry.location.clone());
                self.component(&id)
            }
            Err(why) => Some(invalid_host(&why).at(&entry.location, why.to_string())),
        }
    }

    fn dependencies(
        &self,
        component: &Component,
        components: &BTreeMap<String, Component>,
    ) -> Vec<Problem> {
        let origins = component
            .dependencies
            .iter()
            .map(|dependency| &dependency.origin);
        let ids = origins.filter_map(|origin| match origin {
            Origin::Component(id) => Some(id),
            _ => None,
        });
        let check = |id: &Located<String>| match components.get(id.as_str()) {
            None => self.component(id),
            Some(dependency) => has_own_resources(id, dependency),
        };
        ids.filter_map(check).collect()
    }
}

fn names<T>(entries: &Entries<T>) -> BTreeSet<String> {
    entries.iter().map(|(name, _)| name.value.clone()).collect()
}

/// The problem that an entry of `allowed_outbound_hosts` cannot be used, without its place.
pub(super) fn invalid_host(why: &HostError) -> Problem {
    match why {
        HostError::Scheme(scheme) => Problem::new(format!(
            "outbound connections by `{scheme}` are not in Weir yet"
        )),
        HostError::AllowAll => {
            Problem::new("`insecure:allow-all` does not allow anything any more")
                .help("`*://*:*` allows every host with every scheme and port")
        }
        _ => Problem::new("this is not a host that requests can be sent to").help(
            "an entry is `<scheme>://<host>[:<port>]`, such as `https://api.example.com`, \
             `http://*.example.com:8080` or `http://self`",
        ),
    }
}

fn same_routes(triggers: &[HttpTrigger]) -> Vec<Problem> {
    let mut seen = HashMap::new();
    let mut problems = Vec::new();
    for trigger in triggers {
        let Route::Public(route) = &trigger.route else {
            continue;
        };
        if let Some(first) = seen.insert(route.shape(), route) {
            let problem = Problem::new(format!("two triggers have the route `{}`", route.value))
                .at(
                    &route.location,
                    format!(
                        "matches the same paths as in line {}",
                        first.location.line()
                    ),
                )
                .at(&first.location, "the first one");
            problems.push(problem.help("requests cannot go to both: change or remove one"));
        }
    }
    problems
}

/// Only the code of a component is composed into another; what it was granted would be lost.
fn has_own_resources(id: &Located<String>, component: &Component) -> Option<Problem> {
    let own = [
        (
            "allowed_outbound_hosts",
            component.allowed_outbound_hosts.is_empty(),
        ),
        ("dependencies", component.dependencies.is_empty()),
        ("environment", component.environment.is_empty()),
        ("files", component.files.is_empty()),
        ("key_value_stores", component.key_value_stores.is_empty()),
        ("variables", component.variables.is_empty()),
    ];
    let lost: Vec<_> = own
        .iter()
        .filter(|(_, empty)| !empty)
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    (!lost.is_empty()).then(|| {
        Problem::new(format!("component `{}` cannot be a dependency", id.value))
            .at(&id.location, "only its code would be used")
            .at(
                &component.location,
                format!("but it has {}", lost.join(", ")),
            )
    })
}
