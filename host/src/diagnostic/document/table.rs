//! A table from which keys are taken until none is left.

use super::{Context, FromValue, Value, join};
use crate::diagnostic::nearest::nearest;
use crate::diagnostic::{Located, Location, Problem};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A key of a table and where it stands.
pub type Key = Located<String>;

/// A table of a document.
#[derive(Debug)]
pub struct Table<'d> {
    context: Context<'d>,
    /// Its name with those of the tables around it; empty for the whole document.
    path: String,
    range: Range<usize>,
    left: DeTable<'d>,
    asked: Vec<&'static str>,
    /// Keys that are missing, unless one that is left turns out to be one of them misspelt.
    missing: Vec<(&'static str, Problem)>,
}

impl<'d> Table<'d> {
    pub(super) fn root(context: Context<'d>, content: DeTable<'d>) -> Self {
        Self::new(context, String::new(), 0..0, content)
    }

    pub(super) fn new(
        context: Context<'d>,
        path: String,
        range: Range<usize>,
        content: DeTable<'d>,
    ) -> Self {
        Self {
            context,
            path,
            range,
            left: content,
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Where its header or, for an inline table, its braces stand.
    pub fn location(&self) -> Location {
        self.context.location(self.range.clone())
    }

    /// What problems call it.
    pub fn name(&self) -> String {
        match self.path.as_str() {
            "" => self.context.source.name().to_owned(),
            path => format!("`{path}`"),
        }
    }

    /// Whether it has `key`.
    pub fn has(&self, key: &str) -> bool {
        self.left.contains_key(key)
    }

    /// Takes the value of `key` as it is.
    pub fn value(&mut self, key: &'static str) -> Option<Value<'d>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let value = self.left.remove(key)?;
        Some(self.child(key, value))
    }

    /// Takes `key` if it is there. A value that cannot be read is reported.
    pub fn optional<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        self.value(key).and_then(T::from_value)
    }

    /// Takes `key`; its absence is reported, like a value that cannot be read.
    pub fn required<T: FromValue>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            let problem = self.problem(format!("{} has no `{key}`", self.name()), "it is required");
            self.missing(key, problem);
        }
        self.optional(key)
    }

    /// Reports `problem` because `key` is missing, unless that turns out to be there misspelt: one
    /// mistake is one problem.
    pub fn missing(&mut self, key: &'static str, problem: Problem) {
        self.missing.push((key, problem));
    }

    /// Takes everything that is left, in the order in which it is written: for tables whose keys
    /// are names that the author chose.
    pub fn entries(&mut self) -> impl Iterator<Item = (Key, Value<'d>)> + use<'d> {
        let mut entries: Vec<_> = std::mem::take(&mut self.left)
            .into_iter()
            .map(|(key, value)| {
                let location = self.context.location(key.span());
                let key = key.into_inner().into_owned();
                let value = self.child(&key, value);
                (Key::new(key, location), value)
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.location.start());
        entries.into_iter()
    }

    /// Reports `message`, pointing at the table with `label`.
    pub fn reject<T>(&self, message: impl Into<String>, label: &str) -> Option<T> {
        self.report(self.problem(message, label));
        None
    }

    /// Reports a problem.
    pub fn report(&self, problem: Problem) {
        self.context.report(problem);
    }

    /// Reports what is left as unknown, and what is missing.
    pub fn finish(mut self) {
        for (key, _) in self.entries() {
            let meant = nearest(&key, self.asked.iter().copied());
            self.missing.retain(|(missing, _)| Some(*missing) != meant);
            let problem = Problem::new(format!("unknown key `{}` in {}", *key, self.name()))
                .at(&key.location, "not known here")
                .suggest(&key, self.asked.iter().copied());
            self.report(problem);
        }
        for (_, problem) in std::mem::take(&mut self.missing) {
            self.report(problem);
        }
    }

    /// A problem that points at the table with `label`.
    pub fn problem(&self, message: impl Into<String>, label: &str) -> Problem {
        let problem = Problem::new(message);
        // There is nothing to point at in a whole document.
        if self.path.is_empty() {
            problem
        } else {
            problem.at(&self.location(), label)
        }
    }

    fn child(&self, key: &str, value: toml::Spanned<DeValue<'d>>) -> Value<'d> {
        Value::new(self.context, join(&self.path, key), value)
    }
}
