//! Key-value storage: the backends, and the interfaces through which components reach them.
//!
//! A component reaches the stores that its manifest names under `key_value_stores`; asking for
//! another gives `access-denied` where the host has such a store, else `no-such-store`.

mod link;
pub mod redb;
pub mod redis;
pub mod store;

pub(super) use link::link;

use crate::engine::state::ComponentContext;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;
use store::{Store, StoreError};

/// A store as a component has it.
#[derive(Clone, Debug)]
pub enum Granted {
    /// It may use the store.
    Yes(Store),
    /// The host has the store, but the component may not use it.
    No,
}

/// A store that a guest has opened.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    label: Arc<str>,
    store: Store,
    component: Arc<ComponentContext>,
}

/// Why a store cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    NoSuchStore,
    AccessDenied,
    /// The instance has as many stores open as it may.
    TableFull,
}

impl Open {
    fn of(component: &Arc<ComponentContext>, label: &str) -> Result<Self, Refused> {
        match component.grants.key_value.get(label) {
            Some(Granted::Yes(store)) => Ok(Self {
                label: label.into(),
                store: store.clone(),
                component: Arc::clone(component),
            }),
            Some(Granted::No) => Err(Refused::AccessDenied),
            None => Err(Refused::NoSuchStore),
        }
    }

    /// Runs an operation and records how long it took and how it ended.
    async fn run<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let done = work.await;
        let result = done.as_ref().map_or_else(StoreError::reason, |_| "ok");
        self.component
            .grants
            .series
            .key_value(&self.label, operation, result, began.elapsed());
        if let Err(
            error @ (StoreError::Io(_) | StoreError::NoSpace | StoreError::Unreachable { .. }),
        ) = &done
        {
            tracing::warn!(component = &*self.component.id, store = &*self.label, operation, %error,
                "key-value operation failed");
        }
        done
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.run("get", self.store.get(key)).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), StoreError> {
        self.run("set", self.store.set(key, value)).await
    }

    async fn delete(&self, key: String) -> Result<(), StoreError> {
        self.run("delete", self.store.delete(key)).await
    }

    async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        self.run("exists", self.store.exists(key)).await
    }

    /// Every key, for interfaces that cannot stream.
    async fn all_keys(&self) -> Result<Vec<String>, StoreError> {
        let all = async {
            // A scan may give a key twice.
            let mut all = BTreeSet::new();
            let mut next = None;
            loop {
                let page = self.store.keys(next).await?;
                all.extend(page.keys);
                next = page.next;
                if next.is_none() {
                    return Ok(all.into_iter().collect());
                }
            }
        };
        self.run("list", all).await
    }
}
