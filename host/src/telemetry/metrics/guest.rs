//! Metrics that components define themselves.
//!
//! A guest says what happened; totals live here, so they outlast any instance. Names carry the
//! component's id in front. Two guards keep a guest from harming the registry: an exported name
//! belongs to the first component and kind that used it, and a component has a limit of series,
//! beyond which measurements are added to one series marked `otel_metric_overflow="true"`, so
//! that totals stay right. A measurement costs a lock of its component's table and one look-up.

mod names;
mod series;

pub use names::{NameError, is_reserved};
pub use series::{Description, GuestSeries, Kind, Limits, MeasurementError};

use super::catalog;
use crate::telemetry::registry::Registry;
use names::Names;
use opentelemetry::metrics::{Counter, Meter};
use std::sync::Arc;

/// What all components' own metrics share.
#[derive(Clone, Debug)]
pub struct GuestMetrics {
    meter: Meter,
    names: Arc<Names>,
    overflowed: Counter<u64>,
    refused: Counter<u64>,
}

impl GuestMetrics {
    /// Registers the instruments that watch over the guests'.
    pub fn new(registry: &Registry) -> Self {
        let own = registry.meter();
        Self {
            meter: registry.guest_meter(),
            names: Arc::default(),
            overflowed: catalog::GUEST_METRICS_OVERFLOWED.counter(&own),
            refused: catalog::GUEST_METRICS_REFUSED.counter(&own),
        }
    }

    /// The metrics of the component `id`.
    pub fn component(&self, id: &str, limits: Limits) -> GuestSeries {
        GuestSeries::new(self.clone(), id, limits)
    }
}
