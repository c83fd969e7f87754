//! Reads a TOML document into a model and collects every error on the way.
//!
//! Problem: deserialisation through serde ends at the first error and drops positions inside
//! untagged values. Mechanism: the document is parsed into a tree with spans; a type takes its
//! keys out of a [`Table`] one by one ([`FromTable`]) or looks at a single [`Value`]
//! ([`FromValue`]). What cannot be read is reported and becomes `None`, and reading goes on with
//! the next key. What nobody took from a table is an unknown key.
//!
//! Limit: where the text is not TOML, only those errors are reported. What a parser recovers
//! behind one lacks keys and tables, and errors about them would mislead.
//!
//! What is said ends up in logs, so the values of `[variables]` and of a component's `environment`,
//! which may be secrets, are never shown, nor a line that is not TOML, of which nobody knows what it
//! holds.

mod scalar;
mod table;
mod value;

pub use table::{Key, Table};
pub use value::Value;

use super::{Location, Problem, Problems, Source, nearest};
use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A type that is written as one TOML value.
pub trait FromValue: Sized {
    /// Reads it. `None` if something is wrong, which has been reported.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

/// A type that is written as a TOML table.
pub trait FromTable: Sized {
    /// Takes its keys out of `table`. `None` if something is wrong, which has been reported.
    fn from_table(table: &mut Table<'_>) -> Option<Self>;
}

impl<T: FromTable> FromValue for T {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let mut table = value.into_table()?;
        let read = T::from_table(&mut table);
        table.finish();
        read
    }
}

/// Reads the document `source` with `read`, which gets its top-level table.
///
/// Paths that are read as [`PathBuf`](std::path::PathBuf) are taken to be relative to `folder`.
pub fn read<T>(
    source: &Source,
    folder: &Path,
    read: impl FnOnce(&mut Table<'_>) -> Option<T>,
) -> Result<T, Problems> {
    let (root, errors) = DeTable::parse_recoverable(source.text());
    if !errors.is_empty() {
        return Err(not_toml(source, errors));
    }
    let root = root.into_inner();
    let source = &source.hiding(&[secrets(&root), of_stores(&root)].concat());
    let problems = RefCell::default();
    let mut table = Table::root(
        Context {
            source,
            folder,
            problems: &problems,
        },
        root,
    );
    let value = read(&mut table);
    table.finish();
    let mut problems = problems.into_inner();
    problems.sort();
    match value {
        Some(value) => problems.none_or(value),
        None => Err(problems),
    }
}

fn not_toml(source: &Source, mut errors: Vec<toml::de::Error>) -> Problems {
    // One mistake can be noticed twice.
    errors.dedup_by(|a, b| a.span() == b.span());
    let problem = |error: toml::de::Error| {
        let at = source.location(error.span().unwrap_or_default());
        let cause = match error.message() {
            DUPLICATE => format!("{DUPLICATE} `{}`", at.text()),
            other => other.to_owned(),
        };
        let message = format!("{at}:{} is not valid TOML: {cause}", at.column());
        Problem::new(message).help("the line is not shown, because it may hold a secret")
    };
    errors.into_iter().map(problem).collect()
}

/// What the parser says of a key that is there twice, and points at the key, which is no secret.
const DUPLICATE: &str = "duplicate key";

/// The tables whose values may be secrets: one of the whole document, and one of each component.
const VARIABLES: &str = "variables";
const ENVIRONMENT: &str = "environment";
/// The table that has the components.
const COMPONENT: &str = "component";

/// Where the texts stand that may be secrets.
fn secrets(root: &DeTable<'_>) -> Vec<Range<usize>> {
    let components = called(root, COMPONENT).filter_map(table);
    let components = components.flat_map(DeTable::values).filter_map(table);
    let environments = components.flat_map(|component| called(component, ENVIRONMENT));
    let mut found = Vec::new();
    let mut left: Vec<_> = called(root, VARIABLES).chain(environments).collect();
    while let Some(value) = left.pop() {
        match value.get_ref() {
            DeValue::Table(table) => left.extend(table.values()),
            DeValue::Array(elements) => left.extend(elements.iter()),
            DeValue::Boolean(_) => {}
            // A number may be a text that somebody forgot to quote.
            _ => found.push(value.span()),
        }
    }
    found
}

fn table<'t, 'd>(value: &'t Spanned<DeValue<'d>>) -> Option<&'t DeTable<'d>> {
    value.get_ref().as_table()
}

/// The values of the keys that are `name` or a misspelling of it.
fn called<'t, 'd>(
    table: &'t DeTable<'d>,
    name: &'static str,
) -> impl Iterator<Item = &'t Spanned<DeValue<'d>>> {
    let is_meant = move |key: &str| nearest::nearest(key, [name]).is_some();
    let entries = table.iter();
    entries
        .filter(move |(key, _)| is_meant(key.get_ref()))
        .map(|(_, value)| value)
}

/// What every part of one document needs to report a problem.
#[derive(Clone, Copy, Debug)]
struct Context<'d> {
    source: &'d Source,
    folder: &'d Path,
    problems: &'d RefCell<Problems>,
}

impl Context<'_> {
    fn report(self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    fn location(self, range: Range<usize>) -> Location {
        self.source.location(range)
    }
}

/// The table of the stores: what is set there is for backends of which Weir need not know, so it may
/// be a secret,
const STORES: &str = "key_value_store";
/// except for these settings.
const HARMLESS: [&str; 3] = ["type", "path", "timeout"];

/// Where the settings of stores stand that may be secrets.
fn of_stores(root: &DeTable<'_>) -> Vec<Range<usize>> {
    let stores = root
        .get(STORES)
        .and_then(|stores| stores.get_ref().as_table());
    let mut found = Vec::new();
    for store in stores.into_iter().flat_map(|stores| stores.values()) {
        match store.get_ref() {
            DeValue::Table(settings) => {
                let settings = settings.iter();
                let secret = settings.filter(|(key, _)| !HARMLESS.contains(&&**key.get_ref()));
                found.extend(secret.flat_map(|(_, value)| leaves(value)));
            }
            _ => found.extend(leaves(store)),
        }
    }
    found
}

/// Where the values stand that hold no others.
fn leaves(value: &toml::Spanned<DeValue<'_>>) -> Vec<Range<usize>> {
    match value.get_ref() {
        DeValue::Table(table) => table.values().flat_map(leaves).collect(),
        DeValue::Array(elements) => elements.iter().flat_map(leaves).collect(),
        _ => vec![value.span()],
    }
}

/// A key with the tables around it, such as `component.api.source`.
fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Door {
        colour: String,
        height: Option<u16>,
    }

    impl FromTable for Door {
        fn from_table(table: &mut Table<'_>) -> Option<Self> {
            let colour = table.required("colour");
            let height = table.optional("height");
            Some(Self {
                colour: colour?,
                height,
            })
        }
    }

    fn doors(text: &str) -> Result<Vec<Door>, Problems> {
        read(&Source::new("house.toml", text), Path::new(""), |table| {
            table.required("door")
        })
    }

    fn messages(text: &str) -> Vec<String> {
        doors(text)
            .unwrap_err()
            .iter()
            .map(|problem| problem.message().to_owned())
            .collect()
    }

    #[test]
    fn reads_what_is_right() {
        let read = doors("[[door]]\ncolour = \"red\"\n[[door]]\ncolour = \"blue\"\nheight = 200\n");
        let door = |colour: &str, height| Door {
            colour: colour.to_owned(),
            height,
        };
        assert_eq!(read.unwrap(), [door("red", None), door("blue", Some(200))]);
    }

    #[test]
    fn reports_every_error_in_the_order_of_the_text() {
        let text = "[[door]]\ncolor = \"red\"\n[[door]]\ncolour = 5\nheight = 70_000\n[roof]\n";
        assert_eq!(
            messages(text),
            [
                "unknown key `color` in `door`",
                "`door.colour` must be a string, not an integer",
                "`door.height` must be a whole number from 0 to 65535",
                "unknown key `roof` in house.toml",
            ]
        );
    }

    #[test]
    fn a_missing_key_is_reported_unless_it_is_misspelt() {
        assert_eq!(
            messages("[[door]]\nheight = 5\n"),
            ["`door` has no `colour`"]
        );
        assert_eq!(
            messages("[[door]]\ncolor = \"red\"\n"),
            ["unknown key `color` in `door`"]
        );
        assert_eq!(messages(""), ["house.toml has no `door`"]);
    }

    #[test]
    fn reports_only_syntax_where_the_text_is_not_toml() {
        let problems = doors("[[door]]\ncolour = red\nheight = \n").unwrap_err();
        assert_eq!(problems.len(), 2, "{problems}");
        assert!(
            problems
                .iter()
                .all(|problem| problem.message().contains("not valid TOML"))
        );
    }
}
