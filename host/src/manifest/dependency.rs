//! `dependencies`: what satisfies imports of a component that the host does not.
//!
//! They are read and checked by Spin's rules; [`crate::deploy::compose`] puts them in. One that
//! names [`HOST_PACKAGE`] is for other hosts: Weir has those interfaces itself.

mod name;

pub use name::{DependencyName, DependencyNameError};

use crate::diagnostic::document::{FromValue, Key, Table, Value};
use crate::diagnostic::{Located, Location, Problem};
use serde::Serialize;

/// The package whose interfaces the host provides.
pub const HOST_PACKAGE: &str = "weir:platform";

/// What satisfies an import of a component.
#[derive(Clone, Debug, Serialize)]
pub struct Dependency {
    /// Which import.
    pub name: Located<DependencyName>,
    /// What satisfies it.
    pub origin: Origin,
    /// Which of its exports does; by default the one that is named like the import.
    pub export: Option<String>,
    /// What it may use of what its parent may.
    pub inherit: Inherit,
}

/// Where the code of a dependency comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Origin {
    /// A package in a registry.
    Package {
        /// The versions that will do.
        version: String,
        /// The registry; by default the system's.
        registry: Option<String>,
        /// The package; by default the one of the import.
        package: Option<String>,
    },
    /// A file, relative to the folder of the manifest.
    Path(String),
    /// A file that is fetched.
    Url {
        /// From where.
        url: String,
        /// Its digest, `sha256:` and hexadecimal digits.
        digest: String,
    },
    /// The code of another component of the app.
    Component(Located<String>),
}

/// What a dependency may use of what its parent may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Inherit {
    /// Nothing.
    #[default]
    Nothing,
    /// Everything.
    Everything,
    /// What stands under these keys of the parent.
    Only(Vec<Inheritable>),
}

/// A key of a component under which something is granted to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Inheritable(&'static str);

/// What a dependency can inherit. The last two are Weir's own, from `tool.weir`.
const INHERITABLE: [&str; 9] = [
    "ai_models",
    "allowed_outbound_hosts",
    "environment",
    "files",
    "key_value_stores",
    "sqlite_databases",
    "variables",
    "log_directory",
    "metrics",
];

impl Inheritable {
    /// The key.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl FromValue for Inheritable {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.one_of(&INHERITABLE.map(|key| (key, Self(key))))
    }
}

impl Dependency {
    /// The component of the app whose code it is, if it is one.
    pub fn component(&self) -> Option<&str> {
        match &self.origin {
            Origin::Component(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the host itself provides what it names, so that it need not be composed.
    pub fn is_provided_by_host(&self) -> bool {
        self.name.package() == Some(HOST_PACKAGE)
    }
}

/// Takes the dependencies out of the table of a component.
pub(super) fn read(component: &mut Table<'_>) -> Vec<Dependency> {
    let all: Option<Located<bool>> = component.optional("dependencies_inherit_configuration");
    let Some(mut table) = component.value("dependencies").and_then(Value::into_table) else {
        return Vec::new();
    };
    let mut dependencies = Vec::new();
    for (key, value) in table.entries() {
        let location = value.location();
        let Some(body) = Body::from_value(value) else {
            continue;
        };
        if let (Some(all), Some(_)) = (&all, &body.inherit) {
            component.report(inherits_twice(&location, &all.location));
        }
        match body.named(key, all.as_ref().is_some_and(|all| all.value)) {
            Ok(dependency) => dependencies.push(dependency),
            Err(problem) => component.report(problem),
        }
    }
    dependencies
}

fn inherits_twice(one: &Location, all: &Location) -> Problem {
    Problem::new("what a dependency inherits is said twice")
        .at(one, "here for this one")
        .at(all, "here for all of them")
        .help("keep one of the two")
}

/// A dependency without its name.
struct Body {
    origin: Origin,
    export: Option<String>,
    inherit: Option<Inherit>,
}

impl Body {
    /// Checks what Spin demands of name and body together.
    fn check(&self, name: DependencyName) -> Result<DependencyName, DependencyNameError> {
        let has_package = !matches!(self.origin, Origin::Package { package: None, .. });
        match (name.package(), name.interface()) {
            (None, _) if !has_package => Err(DependencyNameError::NeedsPackage),
            (Some(_), None) if self.export.is_some() => Err(DependencyNameError::ExportOfPackage),
            _ => Ok(name),
        }
    }

    /// The dependency that is called `key`; `all` says whether every one inherits everything.
    fn named(self, key: Key, all: bool) -> Result<Dependency, Problem> {
        let name = DependencyName::try_from(key.value.clone()).and_then(|name| self.check(name));
        let name = name.map_err(|why| {
            Problem::new(format!("dependency `{}` cannot be used", key.value))
                .at(&key.location, why.to_string())
        })?;
        let inherited = self.inherit.or(all.then_some(Inherit::Everything));
        Ok(Dependency {
            name: Located::new(name, key.location),
            origin: self.origin,
            export: self.export,
            inherit: inherited.unwrap_or_default(),
        })
    }
}

impl FromValue for Body {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(version) = value.as_str() {
            let version = version.to_owned();
            let origin = Origin::Package {
                version,
                registry: None,
                package: None,
            };
            return Some(Self {
                origin,
                export: None,
                inherit: None,
            });
        }
        let mut table = value.into_table()?;
        let origin = origin(&mut table);
        let export = table.optional("export");
        let inherit = table.optional("inherit_configuration");
        table.finish();
        Some(Self {
            origin: origin?,
            export,
            inherit,
        })
    }
}

fn origin(table: &mut Table<'_>) -> Option<Origin> {
    if table.has("path") {
        table.optional("path").map(Origin::Path)
    } else if table.has("url") {
        let (url, digest) = (table.optional("url"), table.required("digest"));
        Some(Origin::Url {
            url: url?,
            digest: digest?,
        })
    } else if table.has("component") {
        table.optional("component").map(Origin::Component)
    } else if table.has("version") {
        let registry = table.optional("registry");
        let package = table.optional("package");
        Some(Origin::Package {
            version: table.optional("version")?,
            registry,
            package,
        })
    } else {
        let message = format!("{} does not say where it comes from", table.name());
        table.reject(message, "needs `path`, `component`, `version` or `url`")
    }
}

impl FromValue for Inherit {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value.as_bool() {
            Some(true) => Some(Self::Everything),
            Some(false) => Some(Self::Nothing),
            None if value.is_array() => Vec::from_value(value).map(Self::Only),
            None => value.expected("`true`, `false` or an array of keys"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Source;
    use crate::manifest::Manifest;

    #[test]
    fn what_the_host_provides_is_known_by_its_package() {
        let manifest = r#"
            spin_manifest_version = 2
            application.name = "app"
            trigger.http = [{ route = "/", component = "api" }]
            [component.api]
            source = "api.wasm"
            [component.api.dependencies]
            "weir:platform@0.1.0" = { path = "shim.wasm" }
            "weir:other" = { path = "other.wasm" }
            "acme:platform/metrics" = { path = "metrics.wasm" }
        "#;
        let manifest = Manifest::parse(&Source::new("spin.toml", manifest)).unwrap();
        let dependencies = &manifest.components["api"].dependencies;
        let provided: Vec<_> = dependencies
            .iter()
            .map(|one| one.is_provided_by_host())
            .collect();
        assert_eq!(provided, [true, false, false]);
    }
}
