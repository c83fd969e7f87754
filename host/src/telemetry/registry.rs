//! The metrics registry: an OpenTelemetry meter whose instruments are read as Prometheus text.
//!
//! The SDK folds label sets beyond a limit (2,000 by default) into one overflow series, silently.
//! Here each of our instruments has the limit that its closed label sets need, over all routes,
//! components and stores that the app has and a reload may add, so none of ours is folded.
//! Instruments that guests define have the limit that any component was given by then; components'
//! own limits lie below it and count what they fold. A limit costs an index of about one byte for
//! each series that it allows, touched or not, and address space for the rest.

use super::metrics::catalog::{self, Definition, Per};
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::{Instrument, SdkMeterProvider, Stream};
use prometheus::{Encoder as _, TextEncoder};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The media type of what [`Registry::render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The scope of the host's own instruments.
const HOST_SCOPE: &str = "weir";

/// The scope of instruments that guests define.
const GUEST_SCOPE: &str = "guest";

/// How many things the closed label sets are multiplied by.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Routes, with the one of what no route matches.
    pub routes: usize,
    /// Components, with the host itself.
    pub components: usize,
    /// Listeners.
    pub listeners: usize,
    /// Key-value stores.
    pub stores: usize,
}

impl Scale {
    /// Series that a metric can have.
    fn series(self, definition: &Definition) -> usize {
        let subjects = match definition.per {
            Per::Host => 1,
            Per::Listener => self.listeners,
            Per::Component => self.components,
            Per::Route => self.routes,
            Per::Store => self.stores,
            Per::ComponentAndStore => self.components.saturating_mul(self.stores),
        };
        definition.series.saturating_mul(subjects)
    }
}

/// The registry and the meters that feed it.
#[derive(Clone, Debug)]
pub struct Registry {
    prometheus: prometheus::Registry,
    provider: SdkMeterProvider,
    /// Series that a metric may have which a guest defines from now on.
    guest_series: Arc<AtomicUsize>,
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
        let guest_series = Arc::<AtomicUsize>::default();
        let guests = Arc::clone(&guest_series);
        let provider = SdkMeterProvider::builder()
            .with_resource(Resource::builder_empty().build())
            .with_reader(exporter)
            .with_view(move |instrument: &Instrument| limit(instrument, scale, &guests))
            .build();
        Ok(Self {
            prometheus,
            provider,
            guest_series,
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

    /// Makes room for so many series in each metric that a guest defines from now on.
    pub fn allow_guest_series(&self, series: usize) {
        self.guest_series.fetch_max(series, Relaxed);
    }

    /// Series that a metric has room for if a guest defines it now.
    pub fn guest_series(&self) -> usize {
        self.guest_series.load(Relaxed)
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
fn limit(instrument: &Instrument, scale: Scale, guest_series: &AtomicUsize) -> Option<Stream> {
    let own = catalog::ALL
        .iter()
        .find(|definition| definition.name == instrument.name());
    let limit = match own {
        Some(definition) => scale.series(definition),
        // One more for the overflow series that a component's own limit leads to.
        None => guest_series.load(Relaxed).saturating_add(1),
    };
    Stream::builder()
        .with_cardinality_limit(limit.max(1))
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::catalog::Kind;
    use opentelemetry::KeyValue;

    const SCALE: Scale = Scale {
        routes: 2,
        components: 3,
        listeners: 2,
        stores: 3,
    };

    /// Measures so many label sets of a metric.
    fn measure(registry: &Registry, definition: &Definition, sets: usize) {
        let labels = (0..sets).map(|set| [KeyValue::new("set", set.to_string())]);
        match definition.kind {
            Kind::Counter => {
                let counter = definition.counter(&registry.meter());
                labels.for_each(|labels| counter.add(1, &labels));
            }
            Kind::Histogram => {
                let histogram = definition.histogram(&registry.meter());
                labels.for_each(|labels| histogram.record(1.0, &labels));
            }
            Kind::Gauge => definition.observe_gauge(&registry.meter(), move |observer| {
                labels
                    .clone()
                    .for_each(|labels| observer.observe(1.0, &labels));
            }),
        }
    }

    /// The series of a metric, and whether some were folded.
    fn series(registry: &Registry, definition: &Definition) -> (usize, bool) {
        let families = registry.prometheus.gather();
        let name = definition.prometheus_name();
        let family = families.iter().find(|family| family.name() == name);
        let series = family.unwrap().get_metric();
        let labels = series.iter().flat_map(|one| one.get_label());
        let folded = labels.filter(|label| label.name() == "otel_metric_overflow");
        (series.len(), folded.count() > 0)
    }

    #[test]
    fn every_metric_of_ours_has_room_for_all_series_that_it_can_have() {
        for definition in catalog::ALL {
            let sets = SCALE.series(definition);
            let registry = Registry::new(SCALE).unwrap();
            measure(&registry, definition, sets);
            let name = definition.name;
            assert_eq!(series(&registry, definition), (sets, false), "{name}");
            let registry = Registry::new(SCALE).unwrap();
            measure(&registry, definition, sets + 1);
            assert!(series(&registry, definition).1, "{name} is not limited");
        }
    }

    #[test]
    fn stores_have_series_for_each_component_that_uses_them() {
        let each = catalog::KEY_VALUE_OPERATION_DURATION.series;
        let all = SCALE.series(&catalog::KEY_VALUE_OPERATION_DURATION);
        assert_eq!(all, each * SCALE.components * SCALE.stores);
    }
}
