//! A part of an app: some of its components, so that the same app can run as one deployment or as
//! several.

use super::Manifest;
use super::component::Component;
use super::resolver::Resolver;
use super::trigger::Target;
use crate::diagnostic::{Problem, Problems};
use std::collections::BTreeSet;

impl Manifest {
    /// Keeps the components in `ids` with their triggers and dependencies, and what the host
    /// answers itself; all if `ids` is empty. A component that may send requests to one that is
    /// left out is a problem: its requests would fail.
    pub fn select(&mut self, ids: &[String], resolver: &Resolver) -> Result<(), Problems> {
        if ids.is_empty() {
            return Ok(());
        }
        let known: Vec<_> = self.triggered().map(|(id, _)| id.as_str()).collect();
        let mut problems: Problems = ids
            .iter()
            .filter(|id| !known.contains(&id.as_str()))
            .map(|id| {
                let message = format!("the app has no component `{id}` with a trigger");
                Problem::new(message).suggest(id, known.iter().copied())
            })
            .collect();
        let selected = |id: &str| ids.iter().any(|selected| selected == id);
        for (id, component) in &self.components {
            if selected(id.as_str()) {
                problems.extend(left_out(id.as_str(), component, resolver, selected));
            }
        }
        let needed: BTreeSet<_> = self
            .components
            .iter()
            .filter(|(id, _)| selected(id.as_str()))
            .flat_map(|(_, component)| &component.dependencies)
            .filter_map(|dependency| dependency.component().map(str::to_owned))
            .collect();
        self.components
            .retain(|id, _| selected(id.as_str()) || needed.contains(id.as_str()));
        self.commands.retain(|id| selected(id));
        self.triggers.retain(|trigger| match &trigger.target {
            Target::Component(id) => selected(id.as_str()),
            Target::Static(_) => true,
        });
        problems.none_or(())
    }
}

fn left_out(
    id: &str,
    component: &Component,
    resolver: &Resolver,
    selected: impl Fn(&str) -> bool,
) -> Vec<Problem> {
    let Ok(hosts) = resolver.hosts(component) else {
        // It is reported when the component is prepared.
        return Vec::new();
    };
    let missing = hosts.components().filter(|other| !selected(other));
    missing
        .map(|other| {
            Problem::new(format!(
                "`{id}` may send requests to `{other}`, which is not selected"
            ))
            .at(&component.location, "")
            .help(format!("select `{other}` too"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;

    const MANIFEST: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        [[trigger.http]]
        route = "/a/..."
        component = "a"
        [[trigger.http]]
        route = "/b/..."
        component = "b"
        [component.a]
        source = "a.wasm"
        allowed_outbound_hosts = ["http://b.spin.internal"]
        [component.b]
        source = "b.wasm"
        dependencies = { "acme:clock" = { component = "clock" } }
        [component.clock]
        source = "clock.wasm"
    "#;

    fn select(ids: &[&str]) -> Result<Manifest, Problems> {
        let mut manifest = Manifest::parse(&Source::new("spin.toml", MANIFEST)).unwrap();
        let resolver = Resolver::new(&manifest, []).unwrap();
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        manifest.select(&ids, &resolver).map(|()| manifest)
    }

    #[test]
    fn triggers_of_components_that_are_left_out_are_gone() {
        let manifest = select(&["b"]).unwrap();
        assert_eq!(manifest.triggers.len(), 1);
        let kept: Vec<_> = manifest.components.keys().map(|id| id.as_str()).collect();
        assert_eq!(kept, ["b", "clock"]);
        assert_eq!(select(&[]).unwrap().components.len(), 3);
    }

    #[test]
    fn a_component_is_refused_without_the_one_it_chains_to() {
        let problems = select(&["a"]).unwrap_err().to_string();
        assert!(
            problems.contains("`a` may send requests to `b`"),
            "{problems}"
        );
        assert!(select(&["a", "b"]).is_ok());
    }

    #[test]
    fn a_component_that_only_gives_its_code_cannot_be_selected() {
        let problems = select(&["clock"]).unwrap_err().to_string();
        assert!(problems.contains("`clock` with a trigger"), "{problems}");
    }

    #[test]
    fn an_unknown_id_is_refused_with_the_nearest() {
        let problems = select(&["bb"]).unwrap_err().to_string();
        assert!(problems.contains("no component `bb`"), "{problems}");
        assert!(problems.contains('b'), "{problems}");
    }
}
