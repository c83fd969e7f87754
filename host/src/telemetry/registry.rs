//! The metrics registry: an OpenTelemetry meter whose instruments are read as Prometheus text.
//!
//! The SDK folds label sets beyond a limit (2,000 by default) into one overflow series, silently.
//! Here each of our instruments has the limit that its closed label sets need, so none of ours is
//! ever folded; instruments that guests define have the limit that their component was given.

use super::metrics::catalog;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::{Encoder as _, TextEncoder};

/// The media type of what [`Registry::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The scope of the host's own instruments.
const HOST_SCOPE: &str = "weir";

/// The scope of instruments that guests define.
const GUEST_SCOPE: &str = "guest";

/// How many things the closed label sets are multiplied by.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Routes, components, listeners and key-value stores together.
    pub subjects: usize,
    /// Series that one guest-defined metric may have.
    pub guest_series: usize,
}

/// The registry and the meters that feed it.
#[derive(Clone, Debug)]
pub struct Registry {
    prometheus: prometheus::Registry,
    provider: SdkMeterProvider,
}

/// Why metrics cannot be kept or rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The exporter could not be attached to the registry.
    #[error("the Prometheus exporter cannot be set up: {0}")]
    Exporter(String),
    /// The text could not be written.
    #[error("the metrics cannot be rendered: {0}")]
    Render(#[from] prometheus::Error),
}

impl Registry {
    /// An empty registry whose limits fit `scale`.
    pub fn new(scale: Scale) -> Result<Self, RegistryError> {
        let prometheus = prometheus::Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(prometheus.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build()
            .map_err(|error| RegistryError::Exporter(error.to_string()))?;
        let provider = SdkMeterProvider::builder()
            .with_resource(Resource::builder_empty().build())
            .with_reader(exporter)
            .with_view(move |instrument: &Instrument| limit(instrument, scale))
            .build();
        Ok(Self {
            prometheus,
            provider,
        })
    }

    /// The meter of the host's own instruments.
    pub fn meter(&self) -> Meter {
        self.provider.meter(HOST_SCOPE)
    }

    /// The meter of instruments that guests define.
    pub fn guest_meter(&self) -> Meter {
        self.provider.meter(GUEST_SCOPE)
    }

    /// How many values the histogram `name` has taken, over all its series.
    pub fn recorded(&self, name: &str) -> u64 {
        let families = self.prometheus.gather();
        let series = families
            .iter()
            .filter(|family| family.name() == name)
            .flat_map(|family| family.get_metric());
        series
            .map(|one| one.get_histogram().get_sample_count())
            .sum()
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> Result<Vec<u8>, RegistryError> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.prometheus.gather(), &mut text)?;
        Ok(text)
    }
}

/// The stream of an instrument, with the limit that its label sets need.
fn limit(instrument: &Instrument, scale: Scale) -> Option<Stream> {
    let own = catalog::ALL
        .iter()
        .find(|definition| definition.name == instrument.name());
    let limit = match own {
        Some(definition) => definition.series.checked_mul(scale.subjects)?,
        // One more for the overflow series that a component's own limit leads to.
        None => scale.guest_series.checked_add(1)?,
    };
    Stream::builder()
        .with_cardinality_limit(limit.max(1))
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::KeyValue;

    #[test]
    fn no_label_set_of_ours_is_folded() {
        let registry = Registry::new(Scale {
            subjects: 4,
            guest_series: 1,
        })
        .unwrap();
        let counter = catalog::COMPONENT_FAILURES.counter(&registry.meter());
        let sets = catalog::COMPONENT_FAILURES.series * 4;
        for set in 0..sets {
            counter.add(1, &[KeyValue::new("component", set.to_string())]);
        }
        let text = String::from_utf8(registry.render().unwrap()).unwrap();
        assert!(!text.contains("otel_metric_overflow"));
        assert_eq!(text.matches("weir_component_failures_total{").count(), sets);
    }
}
