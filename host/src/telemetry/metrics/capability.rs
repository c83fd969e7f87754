//! What components do through their capabilities: key-value, outbound requests, chained requests,
//! log directory, and what of it is refused.

pub mod call;
pub mod key_value;

use super::catalog;
use super::http_server::{method_attribute, status_label};
use crate::telemetry::registry::Registry;
use http::{Method, StatusCode};
use key_value::KeyValueSeries;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use std::time::Duration;

/// How a call ended that was not granted.
pub const DENIED: &str = "access_denied";

/// How a call ended that did what it was asked for.
pub const OK: &str = "ok";

/// The instruments that capabilities record with.
#[derive(Clone, Debug)]
pub struct Capabilities {
    key_value: Histogram<f64>,
    key_value_errors: Counter<u64>,
    outbound: Histogram<f64>,
    outbound_denied: Counter<u64>,
    chained: Histogram<f64>,
    log_directory: Histogram<f64>,
    log_directory_errors: Counter<u64>,
    metrics_refused: Counter<u64>,
}

impl Capabilities {
    /// Registers the instruments.
    pub fn new(registry: &Registry) -> Self {
        let meter = registry.meter();
        Self {
            key_value: catalog::KEY_VALUE_OPERATION_DURATION.histogram(&meter),
            key_value_errors: catalog::KEY_VALUE_ERRORS.counter(&meter),
            outbound: catalog::HTTP_CLIENT_REQUEST_DURATION.histogram(&meter),
            outbound_denied: catalog::OUTBOUND_DENIED.counter(&meter),
            chained: catalog::CHAINED_REQUEST_DURATION.histogram(&meter),
            log_directory: catalog::LOG_DIRECTORY_WRITE_DURATION.histogram(&meter),
            log_directory_errors: catalog::LOG_DIRECTORY_ERRORS.counter(&meter),
            metrics_refused: catalog::GUEST_METRICS_REFUSED.counter(&meter),
        }
    }

    /// The instruments with the labels of one component.
    pub fn component(&self, id: &str) -> CapabilitySeries {
        CapabilitySeries {
            component: KeyValue::new("component", id.to_owned()),
            instruments: self.clone(),
        }
    }
}

/// The instruments of one component's capabilities. Every `&'static str` is of a closed set.
#[derive(Clone, Debug)]
pub struct CapabilitySeries {
    component: KeyValue,
    instruments: Capabilities,
}

impl CapabilitySeries {
    /// The series of the component's operations on a store, which is one that the host has or
    /// [`key_value::UNKNOWN`].
    pub fn key_value(&self, store: &str) -> KeyValueSeries {
        let duration = self.instruments.key_value.clone();
        let errors = self.instruments.key_value_errors.clone();
        KeyValueSeries::new(self.component.clone(), store, duration, errors)
    }

    /// An outbound request was answered, or failed for a reason.
    pub fn outbound(
        &self,
        method: &Method,
        outcome: Result<StatusCode, &'static str>,
        elapsed: Duration,
    ) {
        let outcome = match outcome {
            Ok(status) => status_label(status),
            Err(reason) => KeyValue::new("error.type", reason),
        };
        let labels = [self.component.clone(), method_attribute(method), outcome];
        self.instruments
            .outbound
            .record(elapsed.as_secs_f64(), &labels);
    }

    /// Exports that no outbound request has been refused for want of a grant yet.
    pub fn may_be_denied(&self) {
        self.instruments
            .outbound_denied
            .add(0, std::slice::from_ref(&self.component));
    }

    /// An outbound request was refused for want of a grant.
    pub fn outbound_denied(&self) {
        self.instruments
            .outbound_denied
            .add(1, std::slice::from_ref(&self.component));
    }

    /// A measurement was refused for want of a grant.
    pub fn metrics_denied(&self) {
        let labels = [self.component.clone(), KeyValue::new("reason", DENIED)];
        self.instruments.metrics_refused.add(1, &labels);
    }

    /// This component answered a request of another component, or was left by it before it had.
    pub fn chained(&self, status: Option<StatusCode>, elapsed: Duration) {
        let mut labels = vec![self.component.clone()];
        labels.extend(status.map(status_label));
        self.instruments
            .chained
            .record(elapsed.as_secs_f64(), &labels);
    }

    /// An entry or line was written; `result` is `ok` or the reason of its error.
    pub fn log_directory(&self, operation: &'static str, result: &'static str, elapsed: Duration) {
        let labels = [
            self.component.clone(),
            KeyValue::new("operation", operation),
            KeyValue::new("result", result),
        ];
        self.instruments
            .log_directory
            .record(elapsed.as_secs_f64(), &labels);
        if result != OK {
            self.count_log_error(1, result);
        }
    }

    /// Exports that no write to the log directory has ended with this error yet.
    pub fn may_fail_to_log(&self, result: &'static str) {
        self.count_log_error(0, result);
    }

    fn count_log_error(&self, times: u64, result: &'static str) {
        let labels = [self.component.clone(), KeyValue::new("result", result)];
        self.instruments.log_directory_errors.add(times, &labels);
    }
}
