//! `spin.toml`: what the app is. Spin's manifest, version 2.
//!
//! [`Manifest::parse`] reads it into a model of plain values and reports everything that is wrong
//! with it at once. What Spin would run but Weir cannot is refused by name, never ignored. Parts
//! that a later step may still find fault with (sources, routes, hosts) keep their place in the
//! file.
//!
//! Values of variables come from outside and may be secrets: [`resolver`] puts them in.

pub mod application;
pub mod build;
pub mod component;
pub mod dependency;
pub mod deployment;
pub mod files;
#[cfg(test)]
mod golden;
pub mod hosts;
pub mod name;
mod named;
pub mod resolver;
pub mod route;
pub mod selection;
pub mod source;
pub mod template;
pub mod trigger;
mod unsupported;
mod validate;
pub mod variable;
mod version;

use crate::diagnostic::document::{self, FromTable, Table};
use crate::diagnostic::{Located, Problem, Problems, Source};
use application::Application;
use component::Component;
use dependency::{Dependency, Origin};
use name::{ComponentId, Form};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use trigger::{HttpTrigger, Target};
use validate::Scope;
use variable::Variable;

/// An app as its manifest describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Manifest {
    /// The app as a whole.
    pub application: Application,
    /// Its variables by name.
    pub variables: BTreeMap<String, Variable>,
    /// Its HTTP triggers, in the order in which they are written. Each that names a component
    /// names one of `components`.
    pub triggers: Vec<HttpTrigger>,
    /// The components that are run as commands, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Located<String>>,
    /// Its components by id, those included that are written inside a trigger.
    pub components: BTreeMap<ComponentId, Component>,
}

impl Manifest {
    /// Reads `spin.toml`. Relative paths in it stay as they are.
    pub fn parse(source: &Source) -> Result<Self, Problems> {
        document::read(source, Path::new(""), Self::from_table)
    }

    /// The components that a trigger leads to. Others only give their code to those.
    pub fn triggered(&self) -> impl Iterator<Item = (&ComponentId, &Component)> {
        let is_triggered = |id: &ComponentId| {
            let mut targets = self.triggers.iter().map(|trigger| &trigger.target);
            targets.any(|target| matches!(target, Target::Component(target) if target == id))
                || self.commands.iter().any(|command| **command == id.as_str())
        };
        let components = self.components.iter();
        components.filter(move |(id, _)| is_triggered(id))
    }

    /// The file that a dependency comes from, relative to the folder of the manifest; none if it
    /// comes from elsewhere.
    pub fn dependency_path<'a>(&'a self, dependency: &'a Dependency) -> Option<&'a str> {
        match &dependency.origin {
            Origin::Path(path) => Some(path),
            Origin::Component(id) => {
                let component = self.components.get(id.as_str())?;
                component.source.path()
            }
            Origin::Package { .. } | Origin::Url { .. } => None,
        }
    }
}

impl FromTable for Manifest {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        version::check(table)?;
        let application = application(table);
        let variables = named::read(table, "variables", Form::LowerSnake);
        let components = named::read(table, "component", Form::Kebab);
        let triggers = trigger::read(table);

        let scope = Scope::new(&variables, &components);
        let normalized = trigger::normalize(triggers.http, scope.components.clone());
        let mut components = named::readable(components);
        components.extend(normalized.inline);
        let (commands, mut references) = (triggers.commands, normalized.references);
        references.extend(commands.iter().cloned());
        let triggers = normalized.triggers;
        let problems = scope.check(&triggers, &references, &components);
        problems
            .into_iter()
            .for_each(|problem| table.report(problem));

        let variables = named::readable(variables);
        // An id that is none has been reported.
        let identified = components
            .into_iter()
            .map(|(id, one)| Some((id.try_into().ok()?, one)));
        let components = identified.collect::<Option<_>>()?;
        Some(Self {
            application: application?,
            variables,
            triggers,
            commands,
            components,
        })
    }
}

fn application(table: &mut Table<'_>) -> Option<Application> {
    if !table.has("application") {
        let problem = Problem::new(format!("{} has no `[application]`", table.name()));
        table.missing("application", problem.help("add it with a `name`"));
    }
    table.optional("application")
}
