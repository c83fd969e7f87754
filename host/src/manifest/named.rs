//! Tables whose keys are names that the author chose.

use super::name::Form;
use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromValue, Key, Table, Value};
use std::collections::BTreeMap;

/// The entries of such a table in their order. What could not be read is `None`, so that its name
/// is still known and nothing that refers to it is taken for a mistake.
pub(super) type Entries<T> = Vec<(Key, Option<T>)>;

/// Takes the table `key` out of `table`. Names that are not of the form are reported.
pub(super) fn read<T: FromValue>(
    table: &mut Table<'_>,
    key: &'static str,
    form: Form,
) -> Entries<T> {
    let inner = table.value(key).and_then(Value::into_table);
    let entries = inner.into_iter().flat_map(|mut inner| inner.entries());
    let read = entries.map(|(name, value)| {
        if let Err(why) = form.check(&name) {
            let problem = Problem::new(format!("`{}` must be in {}", *name, form.description()))
                .at(&name.location, why.to_string());
            table.report(match form.fix(&name) {
                Some(fixed) => problem.help(format!("did you mean `{fixed}`?")),
                None => problem,
            });
        }
        (name, T::from_value(value))
    });
    read.collect()
}

/// What could be read, by name.
pub(super) fn readable<T>(entries: Entries<T>) -> BTreeMap<String, T> {
    entries
        .into_iter()
        .filter_map(|(name, value)| Some((name.value, value?)))
        .collect()
}
