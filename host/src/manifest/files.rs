//! `files`: what a component may read. The patterns are kept; who loads the component expands
//! them.

use crate::diagnostic::document::{FromValue, Value};
use serde::Serialize;

/// Files that a component may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Mount {
    /// Files that match a pattern, or a file, or all below a folder; under the same path.
    Pattern(String),
    /// A file, or all below a folder, under another path.
    Placement {
        /// The path in the folder of the manifest.
        source: String,
        /// The path that the component sees.
        destination: String,
    },
}

impl FromValue for Mount {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(pattern) = value.as_str() {
            return Some(Self::Pattern(pattern.to_owned()));
        }
        if !value.is_table() {
            return value.expected("a pattern or `{ source, destination }`");
        }
        let mut table = value.into_table()?;
        let source = table.required("source");
        let destination = table.required::<Destination>("destination");
        table.finish();
        Some(Self::Placement {
            source: source?,
            destination: destination?.0,
        })
    }
}

struct Destination(String);

impl FromValue for Destination {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.convert(
            |path: String| match path.split('/').any(|part| part == "..") {
                true => Err("must stay below `/`; `..` cannot be in it"),
                false => Ok(Self(path)),
            },
        )
    }
}
