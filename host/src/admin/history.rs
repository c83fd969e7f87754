//! What became of reloads, for `/status`.

use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The last attempt to load a component anew.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Whether it succeeded.
    pub success: bool,
    /// When it was, in seconds since 1970.
    pub timestamp: f64,
    /// The generation that it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Outcome {
    /// A generation was made in so much time.
    pub fn succeeded(generation: u64, took: Duration) -> Self {
        Self {
            success: true,
            timestamp: now(),
            generation: Some(generation),
            seconds: Some(took.as_secs_f64()),
            error: None,
        }
    }

    /// Something was wrong.
    pub fn failed(error: String) -> Self {
        Self {
            success: false,
            timestamp: now(),
            generation: None,
            seconds: None,
            error: Some(error),
        }
    }
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64()
}

/// A generation that takes no new request.
pub struct Retired {
    /// Its number.
    pub generation: u64,
    /// Counts its requests in flight.
    pub requests: Box<dyn Fn() -> usize + Send>,
}

/// A retired generation as it is shown.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Draining {
    /// Its number.
    pub generation: u64,
    /// Its requests in flight.
    pub requests: usize,
}

/// The last outcomes, and the generations that still have requests. Bounded: one outcome for each
/// component, and a generation is forgotten with its last request.
#[derive(Default)]
pub struct History {
    outcomes: Mutex<HashMap<String, Outcome>>,
    retired: Mutex<HashMap<String, Vec<Retired>>>,
}

impl History {
    /// Remembers an outcome.
    pub fn record(&self, component: &str, outcome: Outcome) {
        lock(&self.outcomes).insert(component.to_owned(), outcome);
    }

    /// Forgets a failure that is over.
    pub fn settled(&self, component: &str) {
        lock(&self.outcomes).remove(component);
    }

    /// The last outcome of a component.
    pub fn last(&self, component: &str) -> Option<Outcome> {
        lock(&self.outcomes).get(component).cloned()
    }

    /// Remembers a generation as long as it has requests.
    pub fn retire(&self, component: &str, retired: Retired) {
        let mut all = lock(&self.retired);
        let of_component = all.entry(component.to_owned()).or_default();
        of_component.retain(|known| (known.requests)() > 0);
        of_component.push(retired);
    }

    /// The generations of a component that still have requests.
    pub fn draining(&self, component: &str) -> Vec<Draining> {
        let all = lock(&self.retired);
        let of_component = all.get(component).into_iter().flatten();
        of_component
            .map(|retired| Draining {
                generation: retired.generation,
                requests: (retired.requests)(),
            })
            .filter(|draining| draining.requests > 0)
            .collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
