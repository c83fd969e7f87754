//! `source`: where the code of a component comes from.

use super::unsupported::unsupported;
use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromValue, Value};
use serde::Serialize;

/// The path of a component's code, relative to the folder of the manifest.
///
/// Spin also loads code from URLs and registries; Weir refuses those by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ComponentSource(String);

impl ComponentSource {
    /// The path as it is written.
    pub fn path(&self) -> &str {
        &self.0
    }
}

impl FromValue for ComponentSource {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if !value.is_table() {
            return value.parse("the path of a .wasm file", |path| match path {
                "" => Err("it is empty"),
                path => Ok(Self(path.to_owned())),
            });
        }
        let location = value.location();
        let table = value.into_table()?;
        let instead = "fetch the file when the app is built, and write its path here";
        let problem = if table.has("url") {
            unsupported("sources from a URL are", &location, instead)
        } else if table.has("package") {
            unsupported("sources from a registry are", &location, instead)
        } else {
            Problem::new(format!("{} must be the path of a .wasm file", table.name()))
                .at(&location, "this is something else")
        };
        table.report(problem);
        None
    }
}
