//! `[application]`: the app as a whole.

use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use crate::diagnostic::{Located, Problem};
use serde::Serialize;

/// The app as a whole.
#[derive(Clone, Debug, Serialize)]
pub struct Application {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// The environments that `spin build` checks its components against.
    pub targets: Vec<Target>,
}

/// An environment that `spin build` checks components against. Weir keeps it and does nothing
/// with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Target {
    /// A name in Spin's catalogue, such as `spin-up:3.3`.
    Catalogue(String),
    /// The URL of a document.
    Url(String),
    /// The path of a document.
    Path(String),
}

impl FromTable for Application {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let name = table.required("name");
        let version = table.optional("version");
        let description = table.optional("description");
        let authors = table.optional("authors").unwrap_or_default();
        let targets = table.optional("targets").unwrap_or_default();
        triggers(table);
        if let Some(own) = table.value("tool").and_then(weir_tool) {
            // Weir has no settings of the whole app yet, so every key is unknown.
            own.finish();
        }
        Some(Self {
            name: name?,
            version,
            description,
            authors,
            targets,
        })
    }
}

/// The `weir` table among the tables of tools. Those of other tools are not Weir's concern.
pub(super) fn weir_tool<'d>(tools: Value<'d>) -> Option<Table<'d>> {
    let mut tools = tools.into_table()?;
    let own = tools.value("weir");
    tools
        .entries()
        .for_each(|(_, other)| drop(other.into_table()));
    own?.into_table()
}

/// Reads the settings of triggers as a whole. Those of triggers other than HTTP are not Weir's
/// concern: such triggers are refused where they are declared.
fn triggers(table: &mut Table<'_>) {
    if let Some(mut triggers) = table.value("trigger").and_then(Value::into_table) {
        triggers.optional::<HttpTriggers>("http");
        triggers
            .entries()
            .for_each(|(_, other)| drop(other.into_table()));
    }
}

/// `[application.trigger.http]`: nothing that is still in use.
struct HttpTriggers;

impl FromTable for HttpTriggers {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let base: Option<Located<String>> = table.optional("base");
        if let Some(base) = base.filter(|base| base.as_str() != "/") {
            let path = base.trim_matches('/');
            let problem = Problem::new("`application.trigger.http.base` is not in use any more")
                .at(&base.location, "Spin refuses it too")
                .help(format!(
                    "put it in front of the route of each trigger, as in `route = \"/{path}/...\"`"
                ));
            table.report(problem);
        }
        Some(Self)
    }
}

impl FromValue for Target {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(name) = value.as_str() {
            return Some(Self::Catalogue(name.to_owned()));
        }
        let mut table = value.into_table()?;
        let url: Option<String> = table.optional("url");
        let path: Option<String> = table.optional("path");
        let target = match (url, path) {
            (Some(url), None) => Some(Self::Url(url)),
            (None, Some(path)) => Some(Self::Path(path)),
            _ => table.reject(
                "a target is a name, `{ url }` or `{ path }`",
                "this is none of them",
            ),
        };
        table.finish();
        target
    }
}
