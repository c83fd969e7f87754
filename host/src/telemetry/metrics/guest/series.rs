//! The metrics of one component: their kinds, their series, and the limit on both.

use super::names::{self, NameError};
use super::{GuestMetrics, catalog};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter};
use opentelemetry::metrics::{Counter, Gauge, Histogram, UpDownCounter};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Longest value of an attribute, in bytes; longer ones are cut.
const MAX_VALUE: usize = 128;
/// Most attributes of a measurement.
const MAX_ATTRIBUTES: usize = 8;
/// The attribute of the series that takes what the limit leaves no room for.
const OVERFLOW: &str = "otel_metric_overflow";

/// How much a component may define.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Metrics of different names.
    pub metrics: usize,
    /// Series over all its metrics, overflow series not counted.
    pub series: usize,
}

/// What an instrument does with its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sum that only grows.
    Counter,
    /// A sum that grows and shrinks.
    UpDownCounter,
    /// The value last given.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Optional facts about a metric.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// For a person who reads `/metrics`.
    pub help: String,
    /// `s` and `By` become part of the exported name; others do not.
    pub unit: String,
    /// Upper edges of a histogram's buckets, rising; empty for the default ones.
    pub boundaries: Vec<f64>,
}

/// Why a measurement was not taken.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MeasurementError {
    /// The metric's name cannot be used.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An attribute's key cannot be used.
    #[error("attribute key {0}")]
    Attribute(NameError),
    /// More than 8 attributes.
    #[error("more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// The metric is of the kind given already.
    #[error("the metric is a {0:?} already")]
    KindConflict(Kind),
    /// The value is not finite, or the boundaries do not rise.
    #[error("the value is not finite or the boundaries do not rise")]
    InvalidValue,
    /// The component has as many metrics as it may.
    #[error("the component has as many metrics as it may")]
    TooManyMetrics,
}

impl MeasurementError {
    /// The label under which refusals are counted.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Attribute(_) | Self::TooManyAttributes => "attribute",
            Self::KindConflict(_) => "kind",
            Self::InvalidValue => "value",
            Self::TooManyMetrics => "too_many_metrics",
        }
    }
}

type Attributes = Vec<(String, String)>;

/// One component's metrics.
#[derive(Debug)]
pub struct GuestSeries {
    shared: GuestMetrics,
    component: String,
    limits: Limits,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    metrics: HashMap<String, Metric>,
    series: usize,
}

#[derive(Debug)]
struct Metric {
    instrument: Instrument,
    series: HashMap<Attributes, Series>,
    overflow: Option<Series>,
}

#[derive(Debug)]
enum Instrument {
    Counter(Counter<u64>),
    UpDownCounter(UpDownCounter<i64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

#[derive(Debug)]
enum Series {
    Counter(BoundCounter<u64>),
    UpDownCounter(BoundUpDownCounter<i64>),
    Gauge(BoundGauge<f64>),
    Histogram(BoundHistogram<f64>),
}

/// A value on its way to the instrument of its kind.
#[derive(Clone, Copy, Debug)]
enum Value {
    Add(u64),
    Adjust(i64),
    Set(f64),
    Observe(f64),
}

impl Value {
    fn kind(self) -> Kind {
        match self {
            Self::Add(_) => Kind::Counter,
            Self::Adjust(_) => Kind::UpDownCounter,
            Self::Set(_) => Kind::Gauge,
            Self::Observe(_) => Kind::Histogram,
        }
    }

    fn is_finite(self) -> bool {
        match self {
            Self::Set(value) | Self::Observe(value) => value.is_finite(),
            Self::Add(_) | Self::Adjust(_) => true,
        }
    }
}

impl GuestSeries {
    pub(super) fn new(shared: GuestMetrics, component: &str, limits: Limits) -> Self {
        Self { shared, component: component.to_owned(), limits, table: Mutex::default() }
    }

    /// Adds to a counter.
    pub fn add(&self, name: &str, value: u64, by: Attributes) -> Result<(), MeasurementError> {
        self.counted(self.measure(name, Value::Add(value), by))
    }

    /// Adds to, or takes from, an up-down counter.
    pub fn adjust(&self, name: &str, value: i64, by: Attributes) -> Result<(), MeasurementError> {
        self.counted(self.measure(name, Value::Adjust(value), by))
    }

    /// Sets a gauge.
    pub fn set(&self, name: &str, value: f64, by: Attributes) -> Result<(), MeasurementError> {
        self.counted(self.measure(name, Value::Set(value), by))
    }

    /// Records a value in a histogram.
    pub fn observe(&self, name: &str, value: f64, by: Attributes) -> Result<(), MeasurementError> {
        self.counted(self.measure(name, Value::Observe(value), by))
    }

    /// Describes a metric; one that is in use already stays as it is, if the kind is the same.
    pub fn describe(
        &self,
        name: &str,
        kind: Kind,
        description: Description,
    ) -> Result<(), MeasurementError> {
        let rising = description.boundaries.windows(2).all(|pair| match pair {
            [low, high] => low < high,
            _ => true,
        });
        let finite = description.boundaries.iter().all(|edge| edge.is_finite());
        let described = match rising && finite {
            true => self.metric(&mut self.table(), name, kind, description).map(drop),
            false => Err(MeasurementError::InvalidValue),
        };
        self.counted(described)
    }

    fn counted(&self, result: Result<(), MeasurementError>) -> Result<(), MeasurementError> {
        result.inspect_err(|error| {
            let labels = [self.label(), KeyValue::new("reason", error.reason())];
            self.shared.refused.add(1, &labels);
        })
    }

    fn label(&self) -> KeyValue {
        KeyValue::new("component", self.component.clone())
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(
        &self,
        name: &str,
        value: Value,
        mut attributes: Attributes,
    ) -> Result<(), MeasurementError> {
        if !value.is_finite() {
            return Err(MeasurementError::InvalidValue);
        }
        normalise(&mut attributes)?;
        let mut table = self.table();
        let has_room = table.series < self.limits.series;
        let metric = self.metric(&mut table, name, value.kind(), Description::default())?;
        if let Some(series) = metric.series.get(&attributes) {
            series.record(value);
        } else if has_room {
            let series = metric.instrument.bind(&attributes);
            series.record(value);
            metric.series.insert(attributes, series);
            table.series += 1;
        } else {
            self.overflow(metric, value);
        }
        Ok(())
    }

    fn overflow(&self, metric: &mut Metric, value: Value) {
        let bind = || metric.instrument.bind(&[(OVERFLOW.to_owned(), "true".to_owned())]);
        metric.overflow.get_or_insert_with(bind).record(value);
        self.shared.overflowed.add(1, &[self.label()]);
    }

    /// The metric called `name`, made by this call if it is new.
    fn metric<'t>(
        &self,
        table: &'t mut Table,
        name: &str,
        kind: Kind,
        description: Description,
    ) -> Result<&'t mut Metric, MeasurementError> {
        if !table.metrics.contains_key(name) {
            names::check(name)?;
            if table.metrics.len() >= self.limits.metrics {
                return Err(MeasurementError::TooManyMetrics);
            }
            let metric = self.define(name, kind, description)?;
            table.metrics.insert(name.to_owned(), metric);
        }
        match table.metrics.get_mut(name) {
            Some(metric) if metric.instrument.kind() == kind => Ok(metric),
            Some(metric) => Err(MeasurementError::KindConflict(metric.instrument.kind())),
            None => Err(MeasurementError::TooManyMetrics),
        }
    }

    fn define(
        &self,
        name: &str,
        kind: Kind,
        description: Description,
    ) -> Result<Metric, MeasurementError> {
        let full = format!("{}{name}", names::prefix(&self.component));
        let suffix = match description.unit.as_str() {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        self.shared.names.claim(&format!("{full}{suffix}"), kind, &self.component)?;
        let instrument = Instrument::new(&self.shared.meter, full, kind, description);
        Ok(Metric { instrument, series: HashMap::new(), overflow: None })
    }
}

/// Checks the attributes and brings them into the form in which they are looked up.
fn normalise(attributes: &mut Attributes) -> Result<(), MeasurementError> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(MeasurementError::TooManyAttributes);
    }
    for (key, value) in attributes.iter_mut() {
        names::check(key).map_err(MeasurementError::Attribute)?;
        value.truncate(value.floor_char_boundary(MAX_VALUE));
    }
    // The last value given for a key stands, as in a map.
    attributes.reverse();
    attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
    attributes.dedup_by(|(one, _), (other, _)| one == other);
    Ok(())
}

impl Instrument {
    fn new(
        meter: &opentelemetry::metrics::Meter,
        name: String,
        kind: Kind,
        description: Description,
    ) -> Self {
        let Description { help, unit, boundaries } = description;
        let unit = match unit.as_str() {
            "s" | "By" => unit,
            _ => String::new(),
        };
        match kind {
            Kind::Counter => Self::Counter(
                meter.u64_counter(name).with_description(help).with_unit(unit).build(),
            ),
            Kind::UpDownCounter => Self::UpDownCounter(
                meter.i64_up_down_counter(name).with_description(help).with_unit(unit).build(),
            ),
            Kind::Gauge => {
                Self::Gauge(meter.f64_gauge(name).with_description(help).with_unit(unit).build())
            }
            Kind::Histogram => Self::Histogram(
                meter
                    .f64_histogram(name)
                    .with_description(help)
                    .with_unit(unit)
                    .with_boundaries(match boundaries.is_empty() {
                        true => catalog::DURATION_EDGES.to_vec(),
                        false => boundaries,
                    })
                    .build(),
            ),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::UpDownCounter(_) => Kind::UpDownCounter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(_) => Kind::Histogram,
        }
    }

    fn bind(&self, attributes: &[(String, String)]) -> Series {
        let labels: Vec<_> = attributes
            .iter()
            .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
            .collect();
        match self {
            Self::Counter(counter) => Series::Counter(counter.bind(&labels)),
            Self::UpDownCounter(counter) => Series::UpDownCounter(counter.bind(&labels)),
            Self::Gauge(gauge) => Series::Gauge(gauge.bind(&labels)),
            Self::Histogram(histogram) => Series::Histogram(histogram.bind(&labels)),
        }
    }
}

impl Series {
    /// Takes a value; the metric's kind was compared with the value's before.
    fn record(&self, value: Value) {
        match (self, value) {
            (Self::Counter(series), Value::Add(value)) => series.add(value),
            (Self::UpDownCounter(series), Value::Adjust(value)) => series.add(value),
            (Self::Gauge(series), Value::Set(value)) => series.record(value),
            (Self::Histogram(series), Value::Observe(value)) => series.record(value),
            _ => {}
        }
    }
}
