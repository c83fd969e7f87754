//! What each component uses and how it fails.
//!
//! The numbers are plain atomics that the engine moves and Prometheus' scrape reads, so the
//! request path pays an atomic addition. They belong to the component, not to a generation of it:
//! totals go on over a reload.

use super::catalog;
use super::instrument::Observer;
use super::observed::Observed;
use crate::telemetry::logs::throttle::Throttle;
use crate::telemetry::registry::Registry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

type Table = Observed<ComponentSeries>;

/// The instruments of components; makes the series of each.
#[derive(Debug)]
pub struct Components {
    failures: Counter<u64>,
    rejected: Counter<u64>,
    table: Table,
}

/// The series of one component.
#[derive(Debug)]
pub struct ComponentSeries {
    label: KeyValue,
    failures: Counter<u64>,
    rejected: Counter<u64>,
    /// Nanoseconds spent running instances.
    cpu: AtomicU64,
    /// Bytes of linear memory over all live instances.
    memory: AtomicI64,
    busy: AtomicI64,
    idle: AtomicI64,
    created: AtomicU64,
    capacity: AtomicU64,
    generation: AtomicU64,
    queued: AtomicI64,
    /// Lines in the log about requests that were shed.
    pub shed_lines: Throttle,
    /// Lines about key-value operations that failed.
    pub key_value_lines: Throttle,
    /// Lines about entries and lines that were not written to the log directory.
    pub log_directory_lines: Throttle,
}

impl Components {
    /// Registers the instruments.
    pub fn new(registry: &Registry) -> Self {
        let meter = registry.meter();
        let table = Table::default();
        observe(&meter, &table);
        Self {
            failures: catalog::COMPONENT_FAILURES.counter(&meter),
            rejected: catalog::REQUESTS_REJECTED.counter(&meter),
            table,
        }
    }

    /// The series of the component `id`; call once per component.
    pub fn component(&self, id: &str) -> Arc<ComponentSeries> {
        let series = Arc::new(ComponentSeries {
            label: KeyValue::new("component", id.to_owned()),
            failures: self.failures.clone(),
            rejected: self.rejected.clone(),
            cpu: AtomicU64::default(),
            memory: AtomicI64::default(),
            busy: AtomicI64::default(),
            idle: AtomicI64::default(),
            created: AtomicU64::default(),
            capacity: AtomicU64::default(),
            generation: AtomicU64::default(),
            queued: AtomicI64::default(),
            shed_lines: Throttle::default(),
            key_value_lines: Throttle::default(),
            log_directory_lines: Throttle::default(),
        });
        self.table.insert(&series);
        series
    }
}

fn observe(meter: &Meter, table: &Table) {
    let gauge = |definition: &catalog::Definition, read: fn(&ComponentSeries) -> f64| {
        let table = table.clone();
        definition.observe_gauge(meter, move |observer| each(&table, &observer, read));
    };
    gauge(&catalog::COMPONENT_MEMORY, |series| {
        series.memory.load(Relaxed) as f64
    });
    gauge(&catalog::COMPONENT_CAPACITY, |series| {
        series.capacity.load(Relaxed) as f64
    });
    gauge(&catalog::COMPONENT_GENERATION, |series| {
        series.generation.load(Relaxed) as f64
    });
    gauge(&catalog::REQUESTS_QUEUED, |series| {
        series.queued.load(Relaxed) as f64
    });
    let counter = |definition: &catalog::Definition, read: fn(&ComponentSeries) -> f64| {
        let table = table.clone();
        definition.observe_counter(meter, move |observer| each(&table, &observer, read));
    };
    counter(&catalog::COMPONENT_CPU, |series| {
        Duration::from_nanos(series.cpu.load(Relaxed)).as_secs_f64()
    });
    counter(&catalog::COMPONENT_INSTANCES_CREATED, |series| {
        series.created.load(Relaxed) as f64
    });
    let instances = table.clone();
    catalog::COMPONENT_INSTANCES.observe_gauge(meter, move |observer| {
        for series in instances.live() {
            for (state, count) in [("busy", &series.busy), ("idle", &series.idle)] {
                let labels = [series.label.clone(), KeyValue::new("state", state)];
                observer.observe(count.load(Relaxed) as f64, &labels);
            }
        }
    });
}

fn each(table: &Table, observer: &Observer<'_>, read: fn(&ComponentSeries) -> f64) {
    for series in table.live() {
        observer.observe(read(&series), std::slice::from_ref(&series.label));
    }
}

impl ComponentSeries {
    /// Exports that nothing has failed yet for this reason. Prometheus sees no increase in a series
    /// that begins with its first event.
    pub fn may_fail(&self, reason: &'static str) {
        self.failures.add(0, &self.because(reason));
    }

    /// Exports that nothing has been rejected yet for this reason.
    pub fn may_be_rejected(&self, reason: &'static str) {
        self.rejected.add(0, &self.because(reason));
    }

    /// Counts a request that the component failed to answer.
    pub fn failed(&self, reason: &'static str) {
        self.failures.add(1, &self.because(reason));
    }

    /// Counts a request that the host answered in the component's place.
    pub fn rejected(&self, reason: &'static str) {
        self.rejected.add(1, &self.because(reason));
    }

    fn because(&self, reason: &'static str) -> [KeyValue; 2] {
        [self.label.clone(), KeyValue::new("reason", reason)]
    }

    /// Adds to the time spent running instances.
    pub fn ran(&self, time: Duration) {
        self.cpu
            .fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Adds to the linear memory of live instances; negative when one is dropped. In bytes.
    pub fn memory_changed(&self, bytes: i64) {
        self.memory.fetch_add(bytes, Relaxed);
    }

    /// Counts a new instance, which is busy at first.
    pub fn instance_created(&self) {
        self.created.fetch_add(1, Relaxed);
        self.busy.fetch_add(1, Relaxed);
    }

    /// An instance has nothing to do now.
    pub fn instance_idle(&self) {
        self.busy.fetch_sub(1, Relaxed);
        self.idle.fetch_add(1, Relaxed);
    }

    /// An idle instance has a request again.
    pub fn instance_busy(&self) {
        self.idle.fetch_sub(1, Relaxed);
        self.busy.fetch_add(1, Relaxed);
    }

    /// A busy instance is gone.
    pub fn instance_dropped(&self) {
        self.busy.fetch_sub(1, Relaxed);
    }

    /// Live instances: those that are busy and those that are idle.
    pub fn instances(&self) -> (i64, i64) {
        (self.busy.load(Relaxed), self.idle.load(Relaxed))
    }

    /// How many requests can be in flight.
    pub fn set_capacity(&self, requests: u64) {
        self.capacity.store(requests, Relaxed);
    }

    /// Which load of the component serves.
    pub fn set_generation(&self, generation: u64) {
        self.generation.store(generation, Relaxed);
    }

    /// A request waits for admission until the guard is dropped.
    pub fn queued(&self) -> Queued<'_> {
        self.queued.fetch_add(1, Relaxed);
        Queued(&self.queued)
    }
}

/// Counts one waiting request while it lives.
#[derive(Debug)]
pub struct Queued<'a>(&'a AtomicI64);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
