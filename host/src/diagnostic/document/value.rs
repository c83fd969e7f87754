//! A value of a document.

use super::{Context, FromValue, Table};
use crate::diagnostic::{Location, Problem, nearest};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::DeValue;

/// A value with its place and the name of its key.
#[derive(Debug)]
pub struct Value<'d> {
    context: Context<'d>,
    path: String,
    range: Range<usize>,
    content: DeValue<'d>,
}

impl<'d> Value<'d> {
    pub(super) fn new(context: Context<'d>, path: String, value: Spanned<DeValue<'d>>) -> Self {
        Self {
            context,
            path,
            range: value.span(),
            content: value.into_inner(),
        }
    }

    /// Where it stands.
    pub fn location(&self) -> Location {
        self.context.location(self.range.clone())
    }

    /// Its key with those of the tables around it, such as `component.api.source`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        self.content.as_str()
    }

    /// The number, if it is an integer of 64 bits.
    pub fn as_integer(&self) -> Option<i64> {
        let integer = self.content.as_integer()?;
        i64::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// The truth value, if it is a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        self.content.as_bool()
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.content.is_table()
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.content.is_array()
    }

    /// Whether it is an array or a table without elements.
    pub fn is_empty(&self) -> bool {
        match &self.content {
            DeValue::Array(elements) => elements.is_empty(),
            DeValue::Table(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Its text; anything but a string is reported.
    pub fn into_text(self) -> Option<String> {
        match self.content {
            DeValue::String(text) => Some(text.into_owned()),
            _ => self.expected("a string"),
        }
    }

    /// Its keys; anything but a table is reported.
    pub fn into_table(self) -> Option<Table<'d>> {
        match self.content {
            DeValue::Table(content) => {
                Some(Table::new(self.context, self.path, self.range, content))
            }
            _ => self.expected("a table"),
        }
    }

    /// Its elements; anything but an array is reported.
    pub fn into_elements(self) -> Option<impl Iterator<Item = Self>> {
        if self.is_table() {
            let problem = Problem::new(format!("`{}` must be an array of tables", self.path))
                .at(&self.location(), "this is a single table")
                .help(format!("write `[[{}]]`, once for each of them", self.path));
            self.report(problem);
            return None;
        }
        if let Some(text) = self.as_str() {
            let problem = Problem::new(format!("`{}` must be an array, not a string", self.path))
                .at(&self.location(), "this is a string")
                .help(format!("write `[{text:?}]`"));
            self.report(problem);
            return None;
        }
        let DeValue::Array(elements) = self.content else {
            return self.expected("an array");
        };
        let (context, path) = (self.context, self.path);
        let element = move |value| Self::new(context, path.clone(), value);
        Some(elements.into_iter().map(element))
    }

    /// What its text stands for. `what`, such as `a duration`, is named if it is not a string or
    /// `parse` has none for it; `parse` says why.
    pub fn parse<T, E: ToString>(
        self,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let Some(text) = self.as_str() else {
            return self.expected(what);
        };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(why) => self.reject(format!("`{}` must be {what}", self.path), why.to_string()),
        }
    }

    /// Reads it as a `T` and makes something else of that. The reason why that cannot be, such as
    /// `must be longer than zero`, is reported.
    pub fn convert<T: FromValue, U, E: ToString>(
        self,
        convert: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        let (context, path, location) = (self.context, self.path.clone(), self.location());
        match convert(T::from_value(self)?) {
            Ok(converted) => Some(converted),
            Err(why) => {
                let message = format!("`{path}` {}", why.to_string());
                context.report(Problem::new(message).at(&location, ""));
                None
            }
        }
    }

    /// What its text stands for; `valid` has all that are allowed.
    pub fn one_of<T: Copy>(self, valid: &[(&str, T)]) -> Option<T> {
        let names = || valid.iter().map(|(name, _)| *name);
        let Some(text) = self.as_str() else {
            return self.expected(&nearest::list(names()));
        };
        if let Some((_, value)) = valid.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
        let message = format!("`{}` must be {}", self.path, nearest::list(names()));
        let problem = Problem::new(message).at(&self.location(), "none of them");
        self.report(match nearest::nearest(text, names()) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem,
        });
        None
    }

    /// Reports that it is not `what`, such as `a string`.
    pub fn expected<T>(&self, what: &str) -> Option<T> {
        let is = self.kind();
        self.reject(
            format!("`{}` must be {what}, not {is}", self.path),
            format!("this is {is}"),
        )
    }

    /// Reports `message`, pointing at the value with `label`.
    pub fn reject<T>(&self, message: impl Into<String>, label: impl Into<String>) -> Option<T> {
        self.report(Problem::new(message).at(&self.location(), label));
        None
    }

    /// Reports a problem.
    pub fn report(&self, problem: Problem) {
        self.context.report(problem);
    }

    pub(super) fn content(&self) -> &DeValue<'d> {
        &self.content
    }

    pub(super) fn folder(&self) -> &'d Path {
        self.context.folder
    }

    fn kind(&self) -> &'static str {
        match self.content {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        }
    }
}
