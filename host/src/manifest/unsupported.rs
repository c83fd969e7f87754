//! What Spin has and Weir does not: refused by name, never ignored.

use crate::diagnostic::document::{Table, Value};
use crate::diagnostic::{Location, Problem};

/// The problem that something at `location` is not in Weir. `what` is a phrase such as
/// `SQLite databases are`; `instead` says what to do.
pub(super) fn unsupported(what: &str, location: &Location, instead: &str) -> Problem {
    Problem::new(format!("{what} not in Weir yet"))
        .at(location, "Weir cannot provide this")
        .help(instead)
}

/// Takes the array or table `key`; refuses it unless it is empty.
pub(super) fn refuse_unless_empty(
    table: &mut Table<'_>,
    key: &'static str,
    what: &str,
    instead: &str,
) {
    let refuse = |value: Value<'_>| {
        if !value.is_empty() {
            value.report(unsupported(what, &value.location(), instead));
        }
    };
    table.value(key).into_iter().for_each(refuse);
}
