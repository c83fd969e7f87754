//! Why a key-value store cannot be opened, with the file and where the file is named.

use crate::capability::key_value::store::StoreError;
use crate::config::key_value::KeyValueStore;
use crate::diagnostic::{Location, Problem};
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What begins every file of an embedded store.
const MAGIC: &[u8; 4] = b"redb";

/// A key-value store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("key-value store `{label}` cannot be opened: {}{source}{}", shown(.file), hint(.file))]
pub struct Unopened {
    /// Its label.
    pub label: String,
    /// The file of an embedded store.
    pub file: Option<StoreFile>,
    /// Why.
    pub source: StoreError,
}

/// The file of an embedded store.
#[derive(Debug)]
pub struct StoreFile {
    path: PathBuf,
    /// Where it is named, unless it is where such files are by default.
    named: Option<Location>,
}

impl StoreFile {
    /// The file behind `label`, if the store is embedded; `folder` is where it lies by default.
    pub(super) fn of(store: &KeyValueStore, folder: &Path, label: &str) -> Option<Self> {
        match store {
            KeyValueStore::Redb { path } => Some(Self {
                path: store.file(folder, label),
                named: path.as_ref().map(|path| path.location.clone()),
            }),
            KeyValueStore::Redis { .. } => None,
        }
    }
}

impl Unopened {
    /// The same as a problem of a reload, which `/status` tells too, without the file.
    pub fn problem(&self) -> Problem {
        let Self { label, source, .. } = self;
        let problem = Problem::new(format!(
            "key-value store `{label}` cannot be opened: {source}"
        ));
        match &self.file {
            Some(file) => problem.help(format!("its file is {file}{}", hint(&self.file))),
            None => problem,
        }
    }

    /// Whether another file has to be named. One that another process has will be free again, as a
    /// server will be there again.
    pub fn is_misconfigured(&self) -> bool {
        self.file.is_some() && !matches!(self.source, StoreError::Locked(_))
    }
}

impl fmt::Display for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.named {
            Some(place) => write!(f, "{path} ({place})"),
            None => path.fmt(f),
        }
    }
}

fn shown(file: &Option<StoreFile>) -> String {
    let file = file.as_ref().map(|file| format!("{file}: "));
    file.unwrap_or_default()
}

fn hint(file: &Option<StoreFile>) -> &'static str {
    match file.as_ref().and_then(|file| beginning(&file.path)) {
        Some(bytes) if bytes != *MAGIC => {
            "; it is not a store of Weir's, which does not read the SQLite files of Spin either: name \
             another file"
        }
        _ => "",
    }
}

fn beginning(file: &Path) -> Option<[u8; 4]> {
    let mut bytes = [0; 4];
    File::open(file).ok()?.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
