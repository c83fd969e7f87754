//! `[key_value_store.<label>]`: what lies behind the label of a key-value store.

mod server;

pub use server::ServerUrl;

use super::bounded::Timeout;
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
        path: Option<Located<PathBuf>>,
    },
    /// A Redis, which other hosts may share.
    Redis {
        /// The server.
        url: ServerUrl,
        /// How long an operation may take.
        timeout: Timeout,
    },
}

/// How long an operation on a server may take unless it is set.
const TIMEOUT: Timeout = Timeout::seconds(5);

impl KeyValueStore {
    /// The settings as the reference shows them.
    pub const SETTINGS: &'static [Setting] = &[
        Setting {
            key: "type",
            kind: "`redb`, or `spin` for the same, or `redis`",
            default: || None,
            text: "The backend. Required.",
        },
        Setting {
            key: "path",
            kind: PathBuf::KIND,
            default: || None,
            text: "For `redb`: the store's file, which no other process can have open. Without \
                   it `key-value/<label>.redb` in the state directory.",
        },
        Setting {
            key: "url",
            kind: String::KIND,
            default: || None,
            text: "For `redis`, where it is required: the server, \
                   `redis://[user]:[password]@host:6379/[database]`, or `rediss://` for TLS. It \
                   is never shown. Several hosts may share it; keys begin with \
                   `weir:{<app>/<label>}:`. A start waits 10 seconds for the server; later, calls \
                   fail while it is away.",
        },
        Setting {
            key: "timeout",
            kind: Timeout::KIND,
            default: || None,
            text: "For `redis`: how long an operation may take. Without it 5 seconds.",
        },
    ];

    /// The file of an embedded store behind `label`; `folder` is where it lies by default.
    pub fn file(&self, folder: &Path, label: &str) -> PathBuf {
        match self {
            Self::Redb { path: Some(path) } => path.value.clone(),
            _ => folder.join(format!("{label}.redb")),
        }
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
    for Located { value, location } in stores.values() {
        let KeyValueStore::Redb { path: Some(path) } = value else {
            continue;
        };
        if let Some(first) = taken.insert(&path.value, location) {
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
        let Some(backend) = table.required::<Located<String>>("type") else {
            forget(table);
            return None;
        };
        match backend.as_str() {
            // `spin` is what Spin calls its embedded store.
            "redb" | "spin" => Some(Self::Redb {
                path: table.optional("path"),
            }),
            "redis" => {
                let timeout = table.optional("timeout").unwrap_or(TIMEOUT);
                let url = table.required("url")?;
                Some(Self::Redis { url, timeout })
            }
            unknown => {
                let problem = Problem::new(format!("there is no key-value backend `{unknown}`"))
                    .at(&backend.location, "not known here")
                    .suggest(unknown, ["redb", "redis", "spin"]);
                table.report(problem);
                // Its keys are those of a backend that is not known here.
                table.entries().for_each(drop);
                None
            }
        }
    }
}

/// Lets keys of any backend pass where it is not known which one is meant.
fn forget(table: &mut Table<'_>) {
    for setting in KeyValueStore::SETTINGS {
        table.value(setting.key);
    }
}
