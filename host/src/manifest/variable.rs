//! `[variables]`: what a deployment can set about the app.

use crate::config::variable::VariableValue;
use crate::diagnostic::Location;
use crate::diagnostic::document::{FromTable, Table};
use serde::Serialize;

/// A variable of the application.
#[derive(Clone, Debug, Serialize)]
pub struct Variable {
    /// What it is for.
    pub description: Option<String>,
    /// Its value where none is given; `None` if one must be given.
    pub default: Option<VariableValue>,
    /// Whether its value may be shown to nobody.
    pub secret: bool,
    /// Where it is declared.
    #[serde(skip)]
    pub location: Location,
}

impl Variable {
    /// A value of this variable, hidden if the variable is a secret.
    pub fn value(&self, text: String) -> VariableValue {
        if self.secret {
            VariableValue::secret(text)
        } else {
            VariableValue::public(text)
        }
    }
}

impl FromTable for Variable {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let has_default = table.has("default");
        let required = table.optional("required").unwrap_or(false);
        let default: Option<String> = table.optional("default");
        let mut variable = Self {
            description: table.optional("description"),
            default: None,
            secret: table.optional("secret").unwrap_or(false),
            location: table.location(),
        };
        variable.default = default.map(|text| variable.value(text));
        match (required, has_default) {
            (true, true) => table.reject(
                format!("{} is required and has a default", table.name()),
                "a required variable has no default: leave out one of the two",
            ),
            (false, false) => table.reject(
                format!("{} has no default", table.name()),
                "give it a `default`, or set `required = true`",
            ),
            (true, false) | (false, true) => Some(variable),
        }
    }
}
