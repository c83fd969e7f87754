//! The operations of one component on one store.
//!
//! The series of operations that succeed, which are nearly all, are bound at their first use, so
//! that recording one neither builds labels nor looks them up.

use super::OK;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Counter, Histogram};
use std::sync::OnceLock;
use std::time::Duration;

/// The store of an opening that asked for one that is not there. What a guest calls it is no label.
pub const UNKNOWN: &str = "_unknown";

/// What is done to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A store is opened; counted only where that is refused.
    Open,
    /// A value is read.
    Get,
    /// A value is set.
    Set,
    /// A key is removed.
    Delete,
    /// A key is looked for.
    Exists,
    /// Keys are listed.
    List,
    /// Several values are read.
    GetMany,
    /// Several values are set.
    SetMany,
    /// Several keys are removed.
    DeleteMany,
    /// A number is added to.
    Increment,
    /// A value is set in the place of one that was seen.
    Swap,
}

impl Operation {
    /// How many there are.
    pub(in crate::telemetry::metrics) const COUNT: usize = Self::Swap as usize + 1;

    /// The label under which it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Get => "get",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Exists => "exists",
            Self::List => "list",
            Self::GetMany => "get_many",
            Self::SetMany => "set_many",
            Self::DeleteMany => "delete_many",
            Self::Increment => "increment",
            Self::Swap => "swap",
        }
    }
}

/// The series of one component and one store.
#[derive(Debug)]
pub struct KeyValueSeries {
    labels: [KeyValue; 2],
    duration: Histogram<f64>,
    errors: Counter<u64>,
    succeeded: [OnceLock<BoundHistogram<f64>>; Operation::COUNT],
}

impl KeyValueSeries {
    pub(super) fn new(
        component: KeyValue,
        store: &str,
        duration: Histogram<f64>,
        errors: Counter<u64>,
    ) -> Self {
        Self {
            labels: [component, KeyValue::new("store", store.to_owned())],
            duration,
            errors,
            succeeded: Default::default(),
        }
    }

    /// Exports that no operation has ended with this error yet.
    pub fn may_fail(&self, result: &'static str) {
        self.errors.add(0, &self.error(result));
    }

    /// An operation ended; `result` is [`OK`] or a reason, of a closed set.
    pub fn record(&self, operation: Operation, result: &'static str, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let bound = self.succeeded.get(operation as usize);
        match bound.filter(|_| result == OK) {
            Some(bound) => bound
                .get_or_init(|| self.duration.bind(&self.labels(operation, result)))
                .record(seconds),
            None => {
                self.duration
                    .record(seconds, &self.labels(operation, result));
                self.errors.add(1, &self.error(result));
            }
        }
    }

    fn error(&self, result: &'static str) -> Vec<KeyValue> {
        let mut labels = self.labels.to_vec();
        labels.push(KeyValue::new("result", result));
        labels
    }

    fn labels(&self, operation: Operation, result: &'static str) -> Vec<KeyValue> {
        let mut labels = self.labels.to_vec();
        labels.push(KeyValue::new("operation", operation.name()));
        labels.push(KeyValue::new("result", result));
        labels
    }
}
