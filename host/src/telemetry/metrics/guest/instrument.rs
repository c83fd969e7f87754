//! OpenTelemetry's instruments by kind, so that a table can hold any of them.

use crate::telemetry::metrics::catalog;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{
    BoundCounter, BoundGauge, BoundHistogram, BoundUpDownCounter, Counter, Gauge, Histogram, Meter,
    UpDownCounter,
};

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
    /// `s` and `By` become part of the exported name; of others nothing is kept.
    pub unit: String,
    /// Upper edges of a histogram's buckets, rising; empty for the default ones.
    pub boundaries: Vec<f64>,
}

/// The units that are kept, with what the exporter adds to a name for them.
const UNITS: [(&str, &str); 2] = [("s", "_seconds"), ("By", "_bytes")];

impl Description {
    /// Gives what the unit adds to the exported name; drops one that adds nothing.
    pub(super) fn keep_unit(&mut self) -> &'static str {
        let known = UNITS.iter().find(|(unit, _)| *unit == self.unit);
        let Some((_, suffix)) = known else {
            self.unit = String::new();
            return "";
        };
        suffix
    }
}

/// An instrument of any kind.
#[derive(Debug)]
pub(super) enum Instrument {
    Counter(Counter<u64>),
    UpDownCounter(UpDownCounter<i64>),
    Gauge(Gauge<f64>),
    Histogram(Histogram<f64>),
}

/// One series of an instrument.
#[derive(Debug)]
pub(super) enum Series {
    Counter(BoundCounter<u64>),
    UpDownCounter(BoundUpDownCounter<i64>),
    Gauge(BoundGauge<f64>),
    Histogram(BoundHistogram<f64>),
}

/// A value on its way to the instrument of its kind.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Add(u64),
    Adjust(i64),
    Set(f64),
    Observe(f64),
}

impl Value {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Add(_) => Kind::Counter,
            Self::Adjust(_) => Kind::UpDownCounter,
            Self::Set(_) => Kind::Gauge,
            Self::Observe(_) => Kind::Histogram,
        }
    }

    pub(super) fn is_finite(self) -> bool {
        match self {
            Self::Set(value) | Self::Observe(value) => value.is_finite(),
            Self::Add(_) | Self::Adjust(_) => true,
        }
    }
}

impl Instrument {
    pub(super) fn new(meter: &Meter, name: String, kind: Kind, description: Description) -> Self {
        let Description {
            help,
            unit,
            boundaries,
        } = description;
        match kind {
            Kind::Counter => Self::Counter(
                meter
                    .u64_counter(name)
                    .with_description(help)
                    .with_unit(unit)
                    .build(),
            ),
            Kind::UpDownCounter => Self::UpDownCounter(
                meter
                    .i64_up_down_counter(name)
                    .with_description(help)
                    .with_unit(unit)
                    .build(),
            ),
            Kind::Gauge => Self::Gauge(
                meter
                    .f64_gauge(name)
                    .with_description(help)
                    .with_unit(unit)
                    .build(),
            ),
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

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::UpDownCounter(_) => Kind::UpDownCounter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(_) => Kind::Histogram,
        }
    }

    pub(super) fn bind(&self, attributes: &[(String, String)]) -> Series {
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
    pub(super) fn record(&self, value: Value) {
        match (self, value) {
            (Self::Counter(series), Value::Add(value)) => series.add(value),
            (Self::UpDownCounter(series), Value::Adjust(value)) => series.add(value),
            (Self::Gauge(series), Value::Set(value)) => series.record(value),
            (Self::Histogram(series), Value::Observe(value)) => series.record(value),
            _ => {}
        }
    }
}
