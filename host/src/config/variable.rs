//! Values of variables, which may be secrets.

use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromValue, Value};
use serde::{Serialize, Serializer};
use std::fmt;

/// What stands for a secret wherever values are shown.
const HIDDEN: &str = "[secret]";

/// The value of a variable. Only [`expose`](Self::expose) gives a secret away; shown or serialised
/// it is hidden.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct VariableValue {
    text: String,
    secret: bool,
}

impl VariableValue {
    /// A value that anybody may see.
    pub fn public(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            secret: false,
        }
    }

    /// A value that nobody may see.
    pub fn secret(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            secret: true,
        }
    }

    /// The value, secret or not.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Whether it is a secret.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The value as it may be shown.
    pub fn shown(&self) -> &str {
        if self.secret { HIDDEN } else { &self.text }
    }

    /// Adds a value at the end. The whole is a secret if a part of it is.
    pub fn append(&mut self, part: &Self) {
        self.text.push_str(&part.text);
        self.secret |= part.secret;
    }
}

impl fmt::Debug for VariableValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.secret {
            true => f.write_str(HIDDEN),
            false => self.text.fmt(f),
        }
    }
}

impl Serialize for VariableValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

impl FromValue for VariableValue {
    /// A secret: which variables are is not known where values are given.
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let Some(text) = value.as_str() {
            return Some(Self::secret(text));
        }
        // Its line is not shown, because it may be a secret all the same.
        let (path, location) = (value.path(), value.location());
        value.report(Problem::new(format!(
            "`{path}` ({location}) must be a string"
        )));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown_and_spreads() {
        let mut value = VariableValue::public("user:");
        assert_eq!(format!("{value:?}"), "\"user:\"");
        value.append(&VariableValue::secret("hush"));
        assert_eq!(format!("{value:?}"), "[secret]");
        assert_eq!(serde_json::to_string(&value).unwrap(), "\"[secret]\"");
        assert_eq!(value.expose(), "user:hush");
    }
}
