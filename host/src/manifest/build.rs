//! `build`: how a component's code is made.

use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use serde::Serialize;

/// How a component's code is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Build {
    /// The commands, one after the other, each for the shell.
    pub command: Vec<String>,
    /// The folder in which they run, relative to that of the manifest. Without it that one.
    pub workdir: Option<String>,
    /// Patterns of the files whose change makes a new build necessary, relative to `workdir`.
    pub watch: Vec<String>,
}

/// How it is made in a named profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BuildOverride {
    /// The commands instead.
    pub command: Vec<String>,
}

impl FromTable for Build {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let command = table.required::<Commands>("command");
        let workdir = table.optional("workdir");
        let watch = table.optional("watch").unwrap_or_default();
        Some(Self {
            command: command?.0,
            workdir,
            watch,
        })
    }
}

impl FromTable for BuildOverride {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        table.required::<Commands>("command").map(|commands| Self {
            command: commands.0,
        })
    }
}

/// One command or several.
struct Commands(Vec<String>);

impl FromValue for Commands {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(command) = value.as_str() {
            return Some(Self(vec![command.to_owned()]));
        }
        match value.is_array() {
            true => Vec::from_value(value).map(Self),
            false => value.expected("a command or an array of commands"),
        }
    }
}
