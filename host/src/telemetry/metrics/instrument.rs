//! Builds OpenTelemetry instruments from catalogue definitions, so that a name, unit or help text
//! is written down only once.

use super::catalog::Definition;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};

impl Definition {
    /// A histogram with the definition's edges.
    pub fn histogram(&self, meter: &Meter) -> Histogram<f64> {
        meter
            .f64_histogram(self.name)
            .with_unit(self.unit)
            .with_description(self.help)
            .with_boundaries(self.boundaries.to_vec())
            .build()
    }

    /// A counter of whole things.
    pub fn counter(&self, meter: &Meter) -> Counter<u64> {
        meter
            .u64_counter(self.name)
            .with_unit(self.unit)
            .with_description(self.help)
            .build()
    }

    /// A counter whose value is read when it is collected.
    pub fn observe_counter(
        &self,
        meter: &Meter,
        read: impl Fn(Observer<'_>) + Send + Sync + 'static,
    ) {
        meter
            .f64_observable_counter(self.name)
            .with_unit(self.unit)
            .with_description(self.help)
            .with_callback(move |instrument| read(Observer(instrument)))
            .build();
    }

    /// A gauge whose value is read when it is collected. Label sets that `read` no longer gives
    /// are gone from the next collection on.
    pub fn observe_gauge(
        &self,
        meter: &Meter,
        read: impl Fn(Observer<'_>) + Send + Sync + 'static,
    ) {
        meter
            .f64_observable_gauge(self.name)
            .with_unit(self.unit)
            .with_description(self.help)
            .with_callback(move |instrument| read(Observer(instrument)))
            .build();
    }
}

/// Takes the values of one collection.
pub struct Observer<'a>(&'a dyn AsyncInstrument<f64>);

impl Observer<'_> {
    /// Gives the value of one label set.
    pub fn observe(&self, value: f64, labels: &[KeyValue]) {
        self.0.observe(value, labels);
    }
}
