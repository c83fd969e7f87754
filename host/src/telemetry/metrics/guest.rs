//! Metrics that components define themselves.
//!
//! A guest says what happened; totals live here, so they outlast any instance. Names carry the
//! component's id in front. Two guards keep a guest from harming the registry: an exported name
//! belongs to the first component and kind that used it, and a component has a limit of series,
//! beyond which measurements are added to one series marked `otel_metric_overflow="true"`, so
//! that totals stay right. A measurement costs a lock of its component's table and one look-up.

mod instrument;
mod names;
mod series;

pub use instrument::{Description, Kind};
pub use names::{NameError, is_reserved};
pub use series::{GuestSeries, Limits, MeasurementError};

use super::catalog;
use crate::telemetry::registry::Registry;
use names::Names;
use opentelemetry::metrics::{Counter, Meter};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The metrics of all components.
#[derive(Debug)]
pub struct GuestMetrics {
    shared: Shared,
    components: Mutex<HashMap<String, Arc<GuestSeries>>>,
}

/// What all components' own metrics share.
#[derive(Clone, Debug)]
struct Shared {
    registry: Registry,
    meter: Meter,
    names: Arc<Names>,
    overflowed: Counter<u64>,
    refused: Counter<u64>,
}

impl GuestMetrics {
    /// Registers the instruments that watch over the guests'.
    pub fn new(registry: &Registry) -> Self {
        let own = registry.meter();
        let shared = Shared {
            registry: registry.clone(),
            meter: registry.guest_meter(),
            names: Arc::default(),
            overflowed: catalog::GUEST_METRICS_OVERFLOWED.counter(&own),
            refused: catalog::GUEST_METRICS_REFUSED.counter(&own),
        };
        Self {
            shared,
            components: Mutex::default(),
        }
    }

    /// The metrics of the component `id`, with those it has had so far. New ones can define nothing
    /// before they are given limits.
    pub fn component(&self, id: &str) -> Arc<GuestSeries> {
        let mut components = self
            .components
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(GuestSeries::new(self.shared.clone(), id));
        Arc::clone(components.entry(id.to_owned()).or_insert_with(new))
    }
}
