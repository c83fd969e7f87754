//! `[component.<id>]`: a component, what it may use, and how it is built.

use super::application::{Target, weir_tool};
use super::build::{Build, BuildOverride};
use super::dependency::{self, Dependency};
use super::files::Mount;
use super::name::{Form, Label};
use super::named;
use super::source::ComponentSource;
use super::template::Template;
use super::unsupported::refuse_unless_empty;
use crate::config::component::ComponentLayer;
use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use crate::diagnostic::{Located, Location, Problem};
use serde::Serialize;
use std::collections::BTreeMap;

/// A component of the app.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Where its code is.
    pub source: Located<ComponentSource>,
    /// What it is for.
    pub description: Option<String>,
    /// Its variables by name.
    pub variables: BTreeMap<String, Located<Template>>,
    /// Its environment variables, in the order in which they are written.
    pub environment: Vec<(String, String)>,
    /// The files it may read.
    pub files: Vec<Located<Mount>>,
    /// Patterns of files that it may not read although `files` has them.
    pub exclude_files: Vec<Located<String>>,
    /// Where its outbound requests may go.
    pub allowed_outbound_hosts: Vec<Located<Template>>,
    /// The key-value stores it may use.
    pub key_value_stores: Vec<Located<Label>>,
    /// The environments that `spin build` checks it against, instead of the app's.
    pub targets: Option<Vec<Target>>,
    /// How it is built.
    pub build: Option<Build>,
    /// What satisfies its imports.
    pub dependencies: Vec<Dependency>,
    /// What is different in a named profile.
    pub profiles: BTreeMap<String, Profile>,
    /// What it says about its own settings in Weir.
    pub settings: ComponentLayer,
    /// Where it begins.
    #[serde(skip)]
    pub location: Location,
}

/// What is different in a named profile.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// Another place for the code.
    pub source: Option<Located<ComponentSource>>,
    /// Environment variables that are added or replaced.
    pub environment: Vec<(String, String)>,
    /// Dependencies that are added or replaced.
    pub dependencies: Vec<Dependency>,
    /// Another build command.
    pub build: Option<BuildOverride>,
}

impl FromTable for Component {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        refuse_unsupported(table);
        let source: Option<Located<ComponentSource>> = table.required("source");
        // Without it the manifest is refused; the rest of the component is checked all the same.
        let none = || Located::new(ComponentSource::default(), table.location());
        let source = source.unwrap_or_else(none);
        let component = Self {
            description: table.optional("description"),
            variables: named::readable(named::read(table, "variables", Form::LowerSnake)),
            environment: table
                .optional::<Environment>("environment")
                .unwrap_or_default()
                .0,
            files: table.optional("files").unwrap_or_default(),
            exclude_files: table.optional("exclude_files").unwrap_or_default(),
            allowed_outbound_hosts: table.optional("allowed_outbound_hosts").unwrap_or_default(),
            key_value_stores: table.optional("key_value_stores").unwrap_or_default(),
            targets: table.optional("targets"),
            build: table.optional("build"),
            dependencies: dependency::read(table),
            profiles: table.optional("profile").unwrap_or_default(),
            settings: settings(table),
            location: table.location(),
            source,
        };
        Some(component)
    }
}

fn refuse_unsupported(table: &mut Table<'_>) {
    let key_value = "use a key-value store, or leave this to another service";
    refuse_unless_empty(table, "sqlite_databases", "SQLite databases are", key_value);
    let over_http = "call a model over HTTP through `allowed_outbound_hosts`";
    refuse_unless_empty(table, "ai_models", "AI models are", over_http);
    if let Some(old) = table
        .value("allowed_http_hosts")
        .filter(|hosts| !hosts.is_empty())
    {
        let problem = Problem::new("`allowed_http_hosts` is an old key that Spin has replaced")
            .at(&old.location(), "these hosts would not be reached")
            .help("write `allowed_outbound_hosts = [\"https://<host>\"]`, one entry each");
        table.report(problem);
    }
}

fn settings(table: &mut Table<'_>) -> ComponentLayer {
    let Some(mut own) = table.value("tool").and_then(weir_tool) else {
        return ComponentLayer::default();
    };
    let settings = ComponentLayer::from_table(&mut own);
    own.finish();
    settings.unwrap_or_default()
}

impl FromTable for Profile {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        Some(Self {
            source: table.optional("source"),
            environment: table
                .optional::<Environment>("environment")
                .unwrap_or_default()
                .0,
            dependencies: dependency::read(table),
            build: table.optional("build"),
        })
    }
}

/// Environment variables in their order.
#[derive(Default)]
struct Environment(Vec<(String, String)>);

impl FromValue for Environment {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let entries = value.into_table()?.entries();
        let read = entries.filter_map(|(name, value)| Some((name.value, value.into_text()?)));
        Some(Self(read.collect()))
    }
}
