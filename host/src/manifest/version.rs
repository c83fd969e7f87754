//! `spin_manifest_version`: whether the file is a manifest that can be read at all.

use crate::diagnostic::Problem;
use crate::diagnostic::document::Table;

/// The version that is read.
const VERSION: i64 = 2;

/// Checks the version. With another one nothing else is read, since the keys mean other things.
pub(super) fn check(table: &mut Table<'_>) -> Option<()> {
    let upgrade = "run `spin doctor` to upgrade it to version 2";
    let problem = match table.value("spin_manifest_version") {
        Some(version) if version.as_integer() == Some(VERSION) => return Some(()),
        Some(version) if version.as_str() == Some("1") || version.as_integer() == Some(1) => {
            Problem::new("version 1 of Spin's manifest is not supported")
                .at(&version.location(), "must be 2")
                .help(upgrade)
        }
        Some(version) => Problem::new("this version of Spin's manifest is not known")
            .at(&version.location(), "must be 2")
            .help("write `spin_manifest_version = 2`"),
        None if table.has("spin_version") => {
            let message = format!("{} is of version 1, which is not supported", table.name());
            Problem::new(message).help(upgrade)
        }
        None => {
            let message = format!("{} has no `spin_manifest_version`", table.name());
            Problem::new(message).help("write `spin_manifest_version = 2` in its first line")
        }
    };
    table.report(problem);
    table.entries().for_each(drop);
    None
}
