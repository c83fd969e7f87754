//! The key-value stores that are open.

use super::{ResourceError, Resources, StoreFile, Unopened};
use crate::capability::key_value::redb::{Progress, RedbStore};
use crate::capability::key_value::redis::{Place, RedisStore};
use crate::capability::key_value::store::{Store, StoreError};
use crate::config::Config;
use crate::config::key_value::KeyValueStore;
use crate::telemetry::metrics::storage::StoreFigures;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// How long to wait for a store's file that another process has, as a process that is being
/// replaced has it until it has drained.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How long a start waits for a server that cannot be reached, as one that is being started too.
const SERVER_PATIENCE: Duration = Duration::from_secs(10);

/// A store that is open, and what the configuration said of it then.
pub(super) struct Opened {
    settings: KeyValueStore,
    store: Store,
}

impl Resources {
    /// The open stores by label.
    pub fn stores(&self) -> BTreeMap<String, Store> {
        let opened = self.opened();
        let stores = opened.iter();
        stores
            .map(|(label, opened)| (label.clone(), opened.store.clone()))
            .collect()
    }

    /// Whether `config` says of each open store what it said when the store was opened, or nothing;
    /// an open one is not moved.
    pub fn stores_stay(&self, config: &Config) -> bool {
        let stays = |(label, opened): (&String, &Opened)| {
            let now = config.key_value_stores.get(label);
            now.is_none_or(|now| *now == opened.settings)
        };
        self.opened().iter().all(stays)
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<String, Opened>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the stores with these labels that are not open yet; `waiting` is told what it waits
    /// for. Blocks.
    pub fn open_stores<'l>(
        &self,
        config: &Config,
        labels: impl IntoIterator<Item = &'l str>,
        waiting: impl Fn(String, Arc<Progress>),
    ) -> Result<(), ResourceError> {
        for label in labels {
            let Some(settings) = config.key_value_stores.get(label) else {
                continue;
            };
            if self.opened().contains_key(label) {
                continue;
            }
            let progress = Arc::<Progress>::default();
            waiting(label.to_owned(), Arc::clone(&progress));
            let store = self
                .open(label, settings, progress)
                .map_err(|source| Unopened {
                    label: label.to_owned(),
                    file: StoreFile::of(settings, &self.directories.key_value, label),
                    source,
                })?;
            let settings = settings.clone();
            self.opened()
                .insert(label.to_owned(), Opened { settings, store });
        }
        Ok(())
    }

    fn open(
        &self,
        label: &str,
        settings: &KeyValueStore,
        progress: Arc<Progress>,
    ) -> Result<Store, StoreError> {
        match settings {
            KeyValueStore::Redb { .. } => {
                let path = settings.file(&self.directories.key_value, label);
                let store = RedbStore::open(&path, LOCK_PATIENCE, progress)?;
                self.observe(label, &store);
                Ok(Store::Redb(store))
            }
            KeyValueStore::Redis { url, timeout } => {
                let place = Place {
                    url: url.expose(),
                    app: &self.app,
                    label,
                    timeout: timeout.get(),
                };
                let opening = RedisStore::open(place, SERVER_PATIENCE);
                self.runtime.block_on(opening).map(Store::Redis)
            }
        }
    }

    fn observe(&self, label: &str, store: &RedbStore) {
        let store = store.clone();
        self.metrics.storage.store(label, move || {
            let stats = store.stats();
            Some(StoreFigures {
                commits: stats.commits(),
                writes: stats.writes(),
                pending: stats.pending(),
            })
        });
    }
}
