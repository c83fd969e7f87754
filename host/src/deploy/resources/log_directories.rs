//! The log directories that are in use.
//!
//! A directory is opened while its component is prepared, and known here once that serves: what is
//! opened for a generation that never serves changes nothing. An old one stays known until its last
//! request has ended, so that the drain flushes it too.

use super::Resources;
use crate::capability::log_directory::{LogDirectory, Settings};
use crate::telemetry::metrics::storage::LogFigures;
use std::io;
use std::sync::{Arc, PoisonError, Weak};

/// A log directory and the component that it belongs to.
pub(super) struct Known {
    component: String,
    directory: Weak<LogDirectory>,
}

impl Resources {
    /// The log directories that are in use.
    pub fn log_directories(&self) -> Vec<Arc<LogDirectory>> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let open = logs.iter().filter_map(|known| known.directory.upgrade());
        open.collect()
    }

    /// The log directory of a component. Generations with the same settings share one, so that its
    /// quota is counted once.
    pub fn log_directory(&self, id: &str, settings: Settings) -> io::Result<Arc<LogDirectory>> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let own = logs.iter().filter(|known| known.component == id);
        let mut open = own.filter_map(|known| known.directory.upgrade());
        if let Some(open) = open.find(|open| *open.settings() == settings) {
            return Ok(open);
        }
        let root = &self.directories.log;
        LogDirectory::open(root, id, &self.host, settings).map(Arc::new)
    }

    /// Makes `directory` the one of a component that is measured and, at the end, flushed.
    pub(in crate::deploy) fn know_log_directory(&self, id: &str, directory: &Arc<LogDirectory>) {
        let directory = Arc::downgrade(directory);
        self.observe_log_directory(id, Weak::clone(&directory));
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        logs.retain(|known| known.directory.strong_count() > 0);
        if !logs.iter().any(|known| known.directory.ptr_eq(&directory)) {
            logs.push(Known {
                component: id.to_owned(),
                directory,
            });
        }
    }

    fn observe_log_directory(&self, id: &str, directory: Weak<LogDirectory>) {
        self.metrics.storage.log_directory(id, move || {
            let directory = directory.upgrade()?;
            let stats = directory.stats();
            Some(LogFigures {
                bytes: stats.bytes(),
                files: stats.files(),
                quota: directory.settings().quota.bytes,
                removed: stats.removed(),
            })
        });
    }
}
