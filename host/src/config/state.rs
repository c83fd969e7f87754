//! `[state]` and the folders that follow from it.

use super::Config;
use super::section::section;
use serde::Serialize;
use std::path::{Path, PathBuf};

section! {
    /// Where the host keeps files.
    pub struct State / StateLayer {
        /// The state directory: stores, logs and compiled components lie in it unless they have a
        /// place of their own. Without it `.weir` beside `spin.toml`.
        directory: PathBuf,
    }
}

/// The folders that the host writes to, each as set or where it is by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Directories {
    /// The state directory, in which the others lie unless they have a place of their own.
    pub state: PathBuf,
    /// Key-value stores that have no path of their own.
    pub key_value: PathBuf,
    /// The components' log directories, one folder each.
    pub log: PathBuf,
    /// Compiled components.
    pub cache: PathBuf,
    /// Components that were compiled ahead.
    pub precompiled: PathBuf,
    /// Components that were fetched.
    pub fetched: PathBuf,
    /// Copies of the files that components may read.
    pub files: PathBuf,
}

impl Directories {
    /// All of them.
    pub fn all(&self) -> [&Path; 7] {
        let Self {
            state,
            key_value,
            log,
            cache,
            precompiled,
            fetched,
            files,
        } = self;
        [state, key_value, log, cache, precompiled, fetched, files].map(PathBuf::as_path)
    }
}

impl Config {
    /// The folders that the host writes to; `app` is the folder of `spin.toml`.
    pub fn directories(&self, app: &Path) -> Directories {
        let state = self
            .state
            .directory
            .clone()
            .unwrap_or_else(|| app.join(".weir"));
        let or = |set: &Option<PathBuf>, name| set.clone().unwrap_or_else(|| state.join(name));
        Directories {
            key_value: state.join("key-value"),
            log: or(&self.log_root.root, "log"),
            cache: or(&self.engine.cache_directory, "cache"),
            precompiled: or(&self.engine.precompiled_directory, "precompiled"),
            fetched: state.join("fetched"),
            files: state.join("files"),
            state,
        }
    }
}
