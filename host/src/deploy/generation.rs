//! Puts a prepared component into service.

use super::prepare::Prepared;
use super::resources::Resources;
use crate::capability::Grants;
use crate::config::component::Execution;
use crate::config::limits::Limits;
use crate::engine::pool::{InstancePool, Reuse};
use crate::engine::state::ComponentContext;
use crate::server::admission::Admission;
use crate::server::route::{Component, Generation};
use crate::server::trouble;
use crate::telemetry::metrics::component::ComponentSeries;
use arc_swap::ArcSwap;
use std::sync::Arc;
use wasmtime_wasi_http::handler::ProxyPre;

/// The number of a component's first generation.
pub const FIRST: u64 = 1;

/// A component that is new to the app, in its first generation.
pub fn first(prepared: Prepared, limits: &Limits, resources: &Resources) -> Component {
    let id = Arc::clone(&prepared.id);
    let series = resources.metrics.components.component(&id);
    trouble::nothing_yet(&series);
    resources.metrics.reloads.may_be_attempted(&id);
    let generation = make(FIRST, prepared, limits, &series, resources);
    Component {
        capabilities: resources.metrics.capabilities.component(&id),
        generation: ArcSwap::from_pointee(generation),
        series,
        id,
    }
}

/// Makes what a component was granted known to the host as a whole: from here on its log directory
/// is the one that is measured, and its metrics have their new limits. Whatever failed before this
/// has changed nothing for the generation that serves.
pub fn begin(id: &str, grants: &Grants, resources: &Resources) {
    if let Some(logs) = &grants.log_directory {
        resources.know_log_directory(id, logs);
    }
    if let Some(metrics) = &grants.metrics {
        metrics.series.set_limits(metrics.limits);
    }
}

/// Makes a generation, which is to serve at once. Blocks for nothing; instances are made when
/// requests come.
pub fn make(
    number: u64,
    prepared: Prepared,
    limits: &Limits,
    series: &Arc<ComponentSeries>,
    resources: &Resources,
) -> Generation {
    let Prepared {
        id,
        code,
        grants,
        execution,
    } = prepared;
    begin(&id, &grants, resources);
    grants.nothing_yet();
    let execution = &execution;
    let reuse = reuse(execution, &code.pre);
    let places = code.loaded.places;
    let instances = resources.budget.total() / places.max(1);
    let in_flight = in_flight(execution, limits, &reuse, instances);
    series.set_generation(number);
    series.set_capacity(in_flight as u64);
    let context = context(id, grants, Arc::clone(series), execution);
    let engine = &resources.toolchain.engine;
    let budget = Arc::clone(&resources.budget);
    let wait = limits.queue_timeout;
    Generation {
        number,
        digest: code.loaded.digest.to_string(),
        pool: InstancePool::new(engine, context, code.pre, reuse, budget, places, wait),
        admission: Arc::new(Admission::new(
            in_flight,
            limits.queue_length as usize,
            limits.queue_timeout,
        )),
        max_request_body: execution.max_request_body.as_u64(),
    }
}

/// What all instances of a component share that was granted this.
pub fn context(
    id: Arc<str>,
    grants: Grants,
    series: Arc<ComponentSeries>,
    execution: &Execution,
) -> Arc<ComponentContext> {
    Arc::new(ComponentContext {
        id,
        grants,
        series,
        timeout: execution.timeout.get(),
        memory: usize::try_from(execution.memory.get().as_u64()).unwrap_or(usize::MAX),
    })
}

/// A guest of WASI 0.2 has one request at a time.
pub fn reuse(execution: &Execution, pre: &ProxyPre<crate::engine::state::InstanceState>) -> Reuse {
    let concurrent = matches!(pre, ProxyPre::P3(_));
    Reuse {
        requests: execution.requests_per_instance(concurrent).get() as usize,
        concurrency: match concurrent {
            true => execution.instance_concurrency.get() as usize,
            false => 1,
        },
        idle_timeout: execution.instance_idle_timeout,
    }
}

/// How many requests can be in flight: what `instances` can work on, and not more than is set for
/// the component or for the host.
pub fn in_flight(execution: &Execution, limits: &Limits, reuse: &Reuse, instances: u32) -> usize {
    let held = (instances as usize).saturating_mul(reuse.concurrency);
    let set = [execution.max_in_flight, Some(limits.max_in_flight)];
    let set = set.into_iter().flatten().map(|set| set.get() as usize);
    set.fold(held, usize::min)
}
