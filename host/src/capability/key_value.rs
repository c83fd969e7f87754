//! Key-value storage: the backends, and the interfaces through which components reach them.
//!
//! A component reaches the stores that its manifest names under `key_value_stores`; asking for
//! another gives `access-denied`, whether the host has such a store or not, as under Spin. One that
//! is named is open, because a start without it fails.

mod link;
pub mod redb;
pub mod redis;
pub mod store;

pub(super) use link::link;

use crate::engine::exchange::Exchange;
use crate::engine::state::ComponentContext;
use crate::telemetry::logs::trace_id;
use crate::telemetry::metrics::capability::call::{CANCELLED, Call};
use crate::telemetry::metrics::capability::key_value::{KeyValueSeries, Operation, UNKNOWN};
use crate::telemetry::metrics::capability::{DENIED, OK};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use store::{MAX_ANSWER, Store, StoreError};

/// A store as a component has it.
#[derive(Clone, Debug)]
pub enum Granted {
    /// It may use the store; with where its use is recorded.
    Yes(Store, Arc<KeyValueSeries>),
    /// The host has the store, but the component may not use it.
    No,
}

/// How operations can end, as their `result` says.
pub fn results() -> impl Iterator<Item = &'static str> {
    let refused = Refused::ALL.into_iter().map(Refused::reason);
    let failed = StoreError::REASONS.into_iter().chain([CANCELLED]);
    [OK].into_iter().chain(failed).chain(refused)
}

/// A store that a guest has opened.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    label: Arc<str>,
    store: Store,
    series: Arc<KeyValueSeries>,
    component: Arc<ComponentContext>,
    /// On whose behalf it is used; none while it lies in the instance's table.
    caller: Option<Arc<Exchange>>,
}

/// Why a store cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    AccessDenied,
    /// The instance has as many stores open as it may.
    TableFull,
}

impl Refused {
    /// All of them.
    const ALL: [Self; Self::TableFull as usize + 1] = [Self::AccessDenied, Self::TableFull];

    /// The label under which it is counted; one of a closed set.
    fn reason(self) -> &'static str {
        match self {
            Self::AccessDenied => DENIED,
            Self::TableFull => "too_many_open",
        }
    }
}

impl Open {
    /// Opens a store if there is `room` for one more; a refusal is recorded.
    fn of(component: &Arc<ComponentContext>, label: &str, room: bool) -> Result<Self, Refused> {
        let granted = component.grants.key_value.get(label);
        let opened = match granted {
            _ if !room => Err(Refused::TableFull),
            Some(Granted::Yes(store, series)) => Ok(Self {
                label: label.into(),
                store: store.clone(),
                series: Arc::clone(series),
                component: Arc::clone(component),
                caller: None,
            }),
            Some(Granted::No) | None => Err(Refused::AccessDenied),
        };
        opened.inspect_err(|refused| {
            let known = granted.map_or(UNKNOWN, |_| label);
            let series = component.grants.series.key_value(known);
            series.record(Operation::Open, refused.reason(), Duration::ZERO);
        })
    }

    /// The same store, used on behalf of this request.
    fn called_by(self, caller: Option<Arc<Exchange>>) -> Self {
        Self { caller, ..self }
    }

    /// Runs an operation and records how long it took and how it ended.
    async fn run<T>(
        &self,
        operation: Operation,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let call = Call::begin(CANCELLED, |result, elapsed| {
            self.series.record(operation, result, elapsed);
        });
        let done = work.await;
        call.end(done.as_ref().map_or_else(StoreError::reason, |_| OK));
        done.inspect_err(|error| {
            if !error.is_guests_own() {
                self.tell(operation, error);
            }
        })
    }

    /// Logs a failure, of many one a second: a store that is away fails every call.
    fn tell(&self, operation: Operation, error: &StoreError) {
        let Some(suppressed) = self.component.series.key_value_lines.admit() else {
            return;
        };
        let origin = self.caller.as_deref().map(Exchange::origin);
        tracing::warn!(
            component = &*self.component.id,
            route = origin.map(|origin| &*origin.route),
            trace_id = origin.and_then(|origin| origin.trace).map(trace_id),
            store = &*self.label,
            operation = operation.name(),
            suppressed,
            %error,
            "key-value operation failed"
        );
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(Operation::Get, self.store.get(key)).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), StoreError> {
        self.run(Operation::Set, self.store.set(key, value)).await
    }

    async fn delete(&self, key: String) -> Result<(), StoreError> {
        self.run(Operation::Delete, self.store.delete(key)).await
    }

    async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        self.run(Operation::Exists, self.store.exists(key)).await
    }

    /// Every key, for interfaces that cannot stream.
    async fn all_keys(&self) -> Result<Vec<String>, StoreError> {
        let all = async {
            // A scan may give a key twice.
            let mut all = BTreeSet::new();
            let (mut next, mut room) = (None, MAX_ANSWER);
            loop {
                let page = self.store.keys(next).await?;
                let bytes = page.keys.iter().map(|key| key.len() + size_of::<String>());
                let left = room.checked_sub(bytes.sum());
                room = left.ok_or(StoreError::AnswerTooLarge)?;
                all.extend(page.keys);
                next = page.next;
                if next.is_none() {
                    return Ok(all.into_iter().collect());
                }
            }
        };
        self.run(Operation::List, all).await
    }
}
