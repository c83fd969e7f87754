//! `[key_value_store.<label>]`: what lies behind the label of a key-value store.

use super::section::Setting;
use super::setting::SettingValue as _;
use crate::diagnostic::document::{FromTable, Table};
use crate::diagnostic::{Located, Location, Problem};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// The label of the store that is there without being configured.
pub const DEFAULT_LABEL: &str = "default";

/// A backend and its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum KeyValueStore {
    /// Embedded in this process, one file.
    Redb {
        /// The file. Without it `<label>.redb` in the state directory's `key-value`.
        path: Option<PathBuf>,
    },
}

impl KeyValueStore {
    /// The settings as the reference shows them.
    pub const SETTINGS: &'static [Setting] = &[
        Setting {
            key: "type",
            kind: "`redb`, or `spin` for the same",
            default: || None,
            text: "The backend. Required.",
        },
        Setting {
            key: "path",
            kind: PathBuf::KIND,
            default: || None,
            text: "The store's file, which no other process can have open. Without it \
                   `key-value/<label>.redb` in the state directory.",
        },
    ];

    /// The file of the embedded store behind `label`; `folder` is where it lies by default.
    pub fn file(&self, folder: &Path, label: &str) -> PathBuf {
        let Self::Redb { path } = self;
        path.clone()
            .unwrap_or_else(|| folder.join(format!("{label}.redb")))
    }
}

impl Default for KeyValueStore {
    fn default() -> Self {
        Self::Redb { path: None }
    }
}

/// Takes the stores out of the document.
pub(super) fn read(document: &mut Table<'_>) -> BTreeMap<String, KeyValueStore> {
    let stores: BTreeMap<String, Located<KeyValueStore>> =
        document.optional("key_value_store").unwrap_or_default();
    let mut taken: HashMap<&Path, &Location> = HashMap::new();
    for Located {
        value: KeyValueStore::Redb { path },
        location,
    } in stores.values()
    {
        let Some(path) = path else { continue };
        if let Some(first) = taken.insert(path, location) {
            let problem = Problem::new(format!("two stores have the file {}", path.display()))
                .at(location, "the second cannot open it")
                .at(first, "the first one");
            document.report(problem);
        }
    }
    stores
        .into_iter()
        .map(|(label, store)| (label, store.value))
        .collect()
}

impl FromTable for KeyValueStore {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let path = table.optional("path");
        let backend = table.required::<Located<String>>("type")?;
        match backend.as_str() {
            // `spin` is what Spin calls its embedded store.
            "redb" | "spin" => Some(Self::Redb { path }),
            "redis" => {
                table.value("url");
                let problem = Problem::new("the key-value backend `redis` is not in Weir yet")
                    .at(&backend.location, "")
                    .help("use `type = \"redb\"`, which is embedded in the host");
                table.report(problem);
                None
            }
            unknown => {
                let problem = Problem::new(format!("there is no key-value backend `{unknown}`"))
                    .at(&backend.location, "not known here")
                    .suggest(unknown, ["redb", "spin"]);
                table.report(problem);
                None
            }
        }
    }
}
