//! What lies in stores and log directories, read from them when Prometheus asks.

use super::catalog::{self, Definition};
use crate::telemetry::registry::Registry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use std::sync::{Arc, Mutex, PoisonError};

/// The figures of a key-value store.
#[derive(Clone, Copy, Debug)]
pub struct StoreFigures {
    /// Transactions committed.
    pub commits: u64,
    /// Writes in them.
    pub writes: u64,
    /// Writes that wait for their commit.
    pub pending: u64,
}

/// The figures of a component's log directory.
#[derive(Clone, Copy, Debug)]
pub struct LogFigures {
    /// Bytes in it.
    pub bytes: u64,
    /// Files in it.
    pub files: u64,
    /// Bytes that it may hold.
    pub quota: u64,
    /// Files removed to stay within that.
    pub removed: u64,
}

/// The instruments of stores and log directories.
#[derive(Debug)]
pub struct Storage {
    stores: Sources<StoreFigures>,
    logs: Sources<LogFigures>,
}

impl Storage {
    /// Registers the instruments.
    pub fn new(registry: &Registry) -> Self {
        let meter = registry.meter();
        let (stores, logs) = (Sources::default(), Sources::default());
        let figure = |definition, read| observe(&meter, &stores, definition, read);
        figure(&catalog::KEY_VALUE_COMMITS, |figures: StoreFigures| {
            figures.commits
        });
        figure(&catalog::KEY_VALUE_COMMITTED_WRITES, |figures| {
            figures.writes
        });
        figure(&catalog::KEY_VALUE_PENDING_WRITES, |figures| {
            figures.pending
        });
        let figure = |definition, read| observe(&meter, &logs, definition, read);
        figure(&catalog::LOG_DIRECTORY_SIZE, |figures: LogFigures| {
            figures.bytes
        });
        figure(&catalog::LOG_DIRECTORY_FILES, |figures| figures.files);
        figure(&catalog::LOG_DIRECTORY_QUOTA, |figures| figures.quota);
        figure(&catalog::LOG_DIRECTORY_REMOVED, |figures| figures.removed);
        Self { stores, logs }
    }

    /// Reads the figures of the store `label` as long as `read` gives any.
    pub fn store(
        &self,
        label: &str,
        read: impl Fn() -> Option<StoreFigures> + Send + Sync + 'static,
    ) {
        self.stores
            .insert(KeyValue::new("store", label.to_owned()), read);
    }

    /// Reads the figures of a component's log directory as long as `read` gives any.
    pub fn log_directory(
        &self,
        component: &str,
        read: impl Fn() -> Option<LogFigures> + Send + Sync + 'static,
    ) {
        self.logs
            .insert(KeyValue::new("component", component.to_owned()), read);
    }
}

type Read<F> = Box<dyn Fn() -> Option<F> + Send + Sync>;

/// A label and where its figures are read.
type Source<F> = (KeyValue, Read<F>);

/// Where figures are read, with the label of each. A later source with the same label replaces an
/// earlier one.
struct Sources<F>(Arc<Mutex<Vec<Source<F>>>>);

impl<F> Sources<F> {
    fn insert(&self, label: KeyValue, read: impl Fn() -> Option<F> + Send + Sync + 'static) {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|(known, _)| *known != label);
        sources.push((label, Box::new(read)));
    }

    fn read(&self) -> Vec<(KeyValue, F)> {
        let sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sources
            .iter()
            .filter_map(|(label, read)| Some((label.clone(), read()?)))
            .collect()
    }
}

impl<F> Clone for Sources<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> Default for Sources<F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<F> std::fmt::Debug for Sources<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

fn observe<F: 'static>(
    meter: &Meter,
    sources: &Sources<F>,
    definition: &Definition,
    figure: fn(F) -> u64,
) {
    let sources = sources.clone();
    let read = move |observer: super::instrument::Observer<'_>| {
        for (label, figures) in sources.read() {
            observer.observe(figure(figures) as f64, std::slice::from_ref(&label));
        }
    };
    match definition.kind {
        catalog::Kind::Counter => definition.observe_counter(meter, read),
        catalog::Kind::Gauge | catalog::Kind::Histogram => definition.observe_gauge(meter, read),
    }
}
