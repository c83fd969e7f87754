//! Puts a prepared component into service.

use super::prepare::Prepared;
use super::resources::Resources;
use crate::config::component::Execution;
use crate::config::limits::Limits;
use crate::engine::pool::{InstancePool, Reuse};
use crate::engine::state::ComponentContext;
use crate::server::admission::Admission;
use crate::server::route::{Component, Generation};
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
    let generation = make(FIRST, prepared, limits, &series, resources);
    Component {
        capabilities: resources.metrics.capabilities.component(&id),
        generation: ArcSwap::from_pointee(generation),
        series,
        id,
    }
}

/// Makes a generation. Blocks for nothing; instances are made when requests come.
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
    let execution = &execution;
    let reuse = reuse(execution, &code.pre);
    let places = code.loaded.places;
    let in_flight = in_flight(execution, &reuse, resources.budget.total() / places.max(1));
    series.set_generation(number);
    series.set_capacity(in_flight as u64);
    let context = Arc::new(ComponentContext {
        id,
        grants,
        series: Arc::clone(series),
        timeout: execution.timeout.get(),
        memory: usize::try_from(execution.memory.get().as_u64()).unwrap_or(usize::MAX),
    });
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

/// How many requests can be in flight: what `instances` can work on, and not more than is set.
pub fn in_flight(execution: &Execution, reuse: &Reuse, instances: u32) -> usize {
    let held = (instances as usize).saturating_mul(reuse.concurrency);
    execution
        .max_in_flight
        .map_or(held, |set| held.min(set.get() as usize))
}
