//! `[[trigger.http]]`: which requests a component answers.

mod normalize;
mod static_response;

pub(super) use normalize::normalize;
pub use static_response::StaticResponse;

use super::component::Component;
use super::name::ComponentId;
use super::route::Route;
use super::unsupported::{refuse_unless_empty, unsupported};
use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use crate::diagnostic::{Located, Location, Problem};
use serde::Serialize;

/// An HTTP trigger.
#[derive(Clone, Debug, Serialize)]
pub struct HttpTrigger {
    /// Its id, given or made from the component's.
    pub id: String,
    /// Which requests it answers.
    pub route: Route,
    /// Who answers.
    pub target: Target,
    /// Where it begins.
    #[serde(skip)]
    pub location: Location,
}

/// Who answers the requests of a trigger.
#[derive(Clone, Debug, Serialize)]
pub enum Target {
    /// A component of the app.
    Component(ComponentId),
    /// The host, always with the same response.
    Static(StaticResponse),
}

/// A trigger as it is written. What could not be read is `None`; the rest is still checked.
pub(super) struct Declared {
    id: Option<String>,
    route: Option<Route>,
    target: Option<DeclaredTarget>,
    location: Location,
}

enum DeclaredTarget {
    Component(Located<String>),
    Inline(Box<Component>),
    Static(StaticResponse),
}

/// The triggers of a manifest, by their types.
#[derive(Default)]
pub(super) struct Triggers {
    pub(super) http: Vec<Declared>,
    /// The components that are run as commands, by their ids.
    pub(super) commands: Vec<Located<String>>,
}

/// `[[trigger.command]]`: a component that is run by its id.
struct CommandTrigger(Located<String>);

impl FromTable for CommandTrigger {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        // Spin gives triggers ids; a command is run by its component's.
        table.value("id");
        table.required("component").map(Self)
    }
}

/// Reads the `trigger` table of the manifest. Triggers that cannot be read are left out.
pub(super) fn read(manifest: &mut Table<'_>) -> Triggers {
    if !manifest.has("trigger") {
        let help = "add `[[trigger.http]]` with a `route` and a `component`";
        let message = format!(
            "{} has no trigger, so nothing would be served",
            manifest.name()
        );
        manifest.report(Problem::new(message).help(help));
    }
    let Some(mut triggers) = manifest.value("trigger").and_then(Value::into_table) else {
        return Triggers::default();
    };
    let http = triggers.optional("http").unwrap_or_default();
    let commands: Vec<CommandTrigger> = triggers.optional("command").unwrap_or_default();
    for (kind, _) in triggers.entries() {
        let what = format!("triggers of the type `{}` are", *kind);
        manifest.report(unsupported(&what, &kind.location, "use `[[trigger.http]]`"));
    }
    Triggers {
        http,
        commands: commands.into_iter().map(|one| one.0).collect(),
    }
}

impl FromTable for Declared {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let location = table.location();
        let route = table.required("route");
        let id = table.optional("id");
        let target = target(table);
        table.optional::<Executor>("executor");
        refuse_unless_empty(
            table,
            "dependencies",
            "HTTP middleware is",
            "compose it into the component when that is built",
        );
        refuse_unless_empty(
            table,
            "components",
            "additional components of a trigger are",
            "an HTTP trigger uses its `component` only",
        );
        Some(Self {
            id,
            route,
            target,
            location,
        })
    }
}

fn target(table: &mut Table<'_>) -> Option<DeclaredTarget> {
    match (table.has("component"), table.has("static_response")) {
        (true, false) => table.optional("component"),
        (false, true) => table
            .optional("static_response")
            .map(DeclaredTarget::Static),
        (has_component, _) => {
            let (_, _) = (table.value("component"), table.value("static_response"));
            let message = "a trigger must have either `component` or `static_response`";
            match has_component {
                true => table.reject(message, "this one has both"),
                false => {
                    table.missing("component", table.problem(message, "this one has neither"));
                    None
                }
            }
        }
    }
}

impl FromValue for DeclaredTarget {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(id) = value.as_str() {
            return Some(Self::Component(Located::new(
                id.to_owned(),
                value.location(),
            )));
        }
        match value.is_table() {
            true => Component::from_value(value).map(|inline| Self::Inline(Box::new(inline))),
            false => value.expected("the id of a component or a table that is one"),
        }
    }
}

/// How a component is called. There is one way in Weir, so it is checked and forgotten.
struct Executor;

impl FromTable for Executor {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let kind = table.required::<Located<String>>("type")?;
        let problem = match kind.as_str() {
            "http" | "spin" => return Some(Self),
            "wagi" => {
                // The keys of that executor are not the mistake.
                let (_, _) = (table.value("entrypoint"), table.value("argv"));
                let instead = "build the component for `wasi:http` and leave out `executor`";
                unsupported("the executor `wagi` is", &kind.location, instead)
            }
            unknown => Problem::new(format!("there is no executor `{unknown}`"))
                .at(&kind.location, "not known here")
                .suggest(unknown, ["http", "spin"]),
        };
        table.report(problem);
        None
    }
}
