//! `weir:platform/metrics`: a component's own metrics.

use crate::engine::state::InstanceState;
use crate::telemetry::metrics::guest::{Description, GuestSeries, Kind, Limits, MeasurementError};
use std::sync::Arc;
use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};
use weir_bindings::weir::platform::metrics::{self as wit, Attributes};

pub(super) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    wit::add_to_linker::<_, HasSelf<InstanceState>>(linker, |state| state)
}

/// A component's metrics as one of its generations was granted them.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The component's series, which outlast the generation.
    pub series: Arc<GuestSeries>,
    /// How much it may define once the generation serves.
    pub limits: Limits,
}

type Measured = Result<std::result::Result<(), wit::Error>>;

impl InstanceState {
    fn measure(
        &self,
        measure: impl FnOnce(&GuestSeries) -> std::result::Result<(), MeasurementError>,
    ) -> Measured {
        let grants = &self.component().grants;
        Ok(match &grants.metrics {
            Some(granted) => measure(&granted.series).map_err(wit::Error::from),
            None => {
                grants.series.metrics_denied();
                Err(wit::Error::AccessDenied)
            }
        })
    }
}

impl wit::Host for InstanceState {
    fn describe(&mut self, name: String, kind: wit::Kind, about: wit::Description) -> Measured {
        let wit::Description {
            help,
            unit,
            boundaries,
        } = about;
        self.measure(|series| {
            series.describe(
                &name,
                kind.into(),
                Description {
                    help,
                    unit,
                    boundaries,
                },
            )
        })
    }

    fn add(&mut self, name: String, value: u64, attributes: Attributes) -> Measured {
        self.measure(|series| series.add(&name, value, attributes))
    }

    fn adjust(&mut self, name: String, value: i64, attributes: Attributes) -> Measured {
        self.measure(|series| series.adjust(&name, value, attributes))
    }

    fn set(&mut self, name: String, value: f64, attributes: Attributes) -> Measured {
        self.measure(|series| series.set(&name, value, attributes))
    }

    fn observe(&mut self, name: String, value: f64, attributes: Attributes) -> Measured {
        self.measure(|series| series.observe(&name, value, attributes))
    }
}

impl From<wit::Kind> for Kind {
    fn from(kind: wit::Kind) -> Self {
        match kind {
            wit::Kind::Counter => Self::Counter,
            wit::Kind::UpDownCounter => Self::UpDownCounter,
            wit::Kind::Gauge => Self::Gauge,
            wit::Kind::Histogram => Self::Histogram,
        }
    }
}

impl From<Kind> for wit::Kind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter,
            Kind::UpDownCounter => Self::UpDownCounter,
            Kind::Gauge => Self::Gauge,
            Kind::Histogram => Self::Histogram,
        }
    }
}

impl From<MeasurementError> for wit::Error {
    fn from(error: MeasurementError) -> Self {
        match &error {
            MeasurementError::KindConflict(kind) => Self::KindConflict((*kind).into()),
            MeasurementError::Name(_) => Self::InvalidName(error.to_string()),
            MeasurementError::Attribute(_) | MeasurementError::TooManyAttributes => {
                Self::InvalidAttribute(error.to_string())
            }
            MeasurementError::InvalidValue => Self::InvalidValue,
            MeasurementError::TooManyMetrics => Self::TooManyMetrics,
        }
    }
}
