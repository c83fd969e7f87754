//! Attempts to load components anew: how many, and when the last one of each result was.
//!
//! Success and failure have a time each, so that an alert can see that the last failure is newer.

use super::catalog;
use crate::telemetry::registry::Registry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// The label of what concerns the manifest and the configuration.
pub const APP: &str = "_app";

const SUCCESS: &str = "success";
const FAILURE: &str = "failure";

type Times = Arc<Mutex<HashMap<(String, &'static str), f64>>>;

/// The instruments of reloads.
#[derive(Debug)]
pub struct Reloads {
    attempts: Counter<u64>,
    last: Times,
}

impl Reloads {
    /// Registers the instruments.
    pub fn new(registry: &Registry) -> Self {
        let meter = registry.meter();
        let last = Times::default();
        let read = Arc::clone(&last);
        catalog::LAST_RELOAD.observe_gauge(&meter, move |observer| {
            let last = read.lock().unwrap_or_else(PoisonError::into_inner);
            for ((component, result), time) in last.iter() {
                observer.observe(*time, &labels(component, result));
            }
        });
        Self {
            attempts: catalog::RELOADS.counter(&meter),
            last,
        }
    }

    /// Exports that there has been no attempt yet for a component, or for [`APP`].
    pub fn may_be_attempted(&self, component: &str) {
        for result in [SUCCESS, FAILURE] {
            self.attempts.add(0, &labels(component, result));
        }
    }

    /// Counts an attempt for a component, or for [`APP`].
    pub fn attempted(&self, component: &str, success: bool) {
        let result = match success {
            true => SUCCESS,
            false => FAILURE,
        };
        self.attempts.add(1, &labels(component, result));
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.insert(
            (component.to_owned(), result),
            now.unwrap_or_default().as_secs_f64(),
        );
    }
}

fn labels(component: &str, result: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("component", component.to_owned()),
        KeyValue::new("result", result),
    ]
}
