//! The metrics of one component: their kinds, their series, and the limit on both.

use super::Shared;
use super::instrument::{Description, Instrument, Kind, Series, Value};
use super::names::{self, NameError, OVERFLOW};
use opentelemetry::KeyValue;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Longest value of an attribute, in bytes; longer ones are cut.
const MAX_VALUE: usize = 128;
/// Most attributes of a measurement.
const MAX_ATTRIBUTES: usize = 8;
/// Most edges of a histogram's buckets; each costs a number in each of its series.
const MAX_BOUNDARIES: usize = 64;
/// Longest help text, in bytes; a longer one is cut.
const MAX_HELP: usize = 1024;

/// How much a component may define.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Metrics of different names.
    pub metrics: usize,
    /// Series over all its metrics, overflow series not counted.
    pub series: usize,
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
    /// The value is not finite, or the boundaries do not rise or are too many.
    #[error(
        "the value is not finite, or the boundaries do not rise or are more than {MAX_BOUNDARIES}"
    )]
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
    shared: Shared,
    component: String,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    limits: Limits,
    metrics: HashMap<String, Metric>,
    series: usize,
}

#[derive(Debug)]
struct Metric {
    instrument: Instrument,
    /// Series that the registry has room for, which may be fewer than a later limit allows.
    room: usize,
    series: HashMap<Attributes, Series>,
    overflow: Option<Series>,
}

impl GuestSeries {
    pub(super) fn new(shared: Shared, component: &str) -> Self {
        Self {
            shared,
            component: component.to_owned(),
            table: Mutex::default(),
        }
    }

    /// Lets the component define so much from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.shared.registry.allow_guest_series(limits.series);
        self.table().limits = limits;
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
        let few = description.boundaries.len() <= MAX_BOUNDARIES;
        let described = match rising && finite && few {
            true => self
                .metric(&mut self.table(), name, kind, description)
                .map(drop),
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
        let may_have_more = table.series < table.limits.series;
        let metric = self.metric(&mut table, name, value.kind(), Description::default())?;
        if let Some(series) = metric.series.get(&attributes) {
            series.record(value);
        } else if may_have_more && metric.series.len() < metric.room {
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
        let bind = || {
            metric
                .instrument
                .bind(&[(OVERFLOW.to_owned(), "true".to_owned())])
        };
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
            if table.metrics.len() >= table.limits.metrics {
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
        mut description: Description,
    ) -> Result<Metric, MeasurementError> {
        let full = format!("{}{name}", names::prefix(&self.component));
        let suffix = description.keep_unit();
        self.shared
            .names
            .claim(&format!("{full}{suffix}"), kind, &self.component)?;
        cut(&mut description.help, MAX_HELP);
        if description.help.is_empty() {
            // Prometheus' own check wants a text for every metric.
            description.help = format!("Measured by the component {}.", self.component);
        }
        let room = self.shared.registry.guest_series();
        let instrument = Instrument::new(&self.shared.meter, full, kind, description);
        Ok(Metric {
            instrument,
            room,
            series: HashMap::new(),
            overflow: None,
        })
    }
}

/// Keeps the whole characters of the first bytes.
fn cut(text: &mut String, bytes: usize) {
    text.truncate(text.floor_char_boundary(bytes));
    text.shrink_to_fit();
}

/// Checks the attributes and brings them into the form in which they are looked up.
fn normalise(attributes: &mut Attributes) -> Result<(), MeasurementError> {
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(MeasurementError::TooManyAttributes);
    }
    for (key, value) in attributes.iter_mut() {
        names::check_key(key).map_err(MeasurementError::Attribute)?;
        cut(value, MAX_VALUE);
    }
    // The last value given for a key stands, as in a map.
    attributes.reverse();
    attributes.sort_by(|(one, _), (other, _)| one.cmp(other));
    attributes.dedup_by(|(one, _), (other, _)| one == other);
    Ok(())
}
