//! wasmtime's configuration.
//!
//! The pooling allocator reserves address space for all instances at the start and reuses it, so
//! an instance costs microseconds and memory has a ceiling. What it reserves is virtual: 4 GiB a
//! linear memory, so that guest accesses need no bounds check. Only what guests touch is resident.

use crate::telemetry::metrics::PoolSlots;
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

/// The version of wasmtime, as the metrics tell it.
pub const WASMTIME: &str = "48.0.8";

/// How the engine is sized.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Instances that can live at once, over all components. A component whose modules have
    /// several memories or tables takes several places.
    pub instances: u32,
    /// Whether a fresh instance maps its initial memory copy-on-write instead of copying it.
    pub copy_on_write: bool,
    /// Bytes of each memory that stay resident between instances, to be cleared by writing zeros
    /// instead of by a system call.
    pub keep_resident: usize,
}

/// Tables that a place has room for; spin-sdk guests have one, languages with adapters up to four.
const TABLES_PER_INSTANCE: u32 = 4;

/// Core instances are only counted, not reserved, so their limit is one that never binds.
const CORE_INSTANCES_PER_INSTANCE: u32 = 64;

/// A blocked synchronous call holds a stack of its own besides its instance's.
const STACKS_PER_INSTANCE: u32 = 2;

/// Bytes of an instance's own bookkeeping; composed components need more than the default 1 MiB.
const MAX_INSTANCE_SIZE: usize = 8 << 20;

/// The engine that all components run on.
pub fn engine(settings: Settings) -> Result<wasmtime::Engine> {
    wasmtime::Engine::new(&config(settings))
}

/// What is in use of an engine's pool that was made with `settings`.
pub fn pool_slots(engine: &wasmtime::Engine, settings: Settings) -> [PoolSlots; 3] {
    let instances = u64::from(settings.instances);
    let used = engine.pooling_allocator_metrics();
    let slots = |resource, used: Option<usize>, each: u32| PoolSlots {
        resource,
        used: used.map_or(0, |used| used as u64),
        limit: instances * u64::from(each),
    };
    let of = used.as_ref();
    [
        slots("memories", of.map(|used| used.memories()), 1),
        slots("tables", of.map(|used| used.tables()), TABLES_PER_INSTANCE),
        slots("stacks", of.map(|used| used.stacks()), STACKS_PER_INSTANCE),
    ]
}

fn config(settings: Settings) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(settings)))
        .epoch_interruption(true)
        .memory_init_cow(settings.copy_on_write)
        .wasm_component_model_async(true)
        .wasm_component_model_more_async_builtins(true)
        .wasm_component_model_async_stackful(true)
        .wasm_component_model_error_context(true)
        .native_unwind_info(true);
    config
}

fn pool(settings: Settings) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::default();
    let instances = settings.instances;
    pool.total_component_instances(instances)
        .total_memories(instances)
        .total_tables(instances.saturating_mul(TABLES_PER_INSTANCE))
        .total_stacks(instances.saturating_mul(STACKS_PER_INSTANCE))
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES_PER_INSTANCE))
        .max_core_instances_per_component(CORE_INSTANCES_PER_INSTANCE)
        .max_component_instance_size(MAX_INSTANCE_SIZE)
        .max_core_instance_size(MAX_INSTANCE_SIZE)
        .linear_memory_keep_resident(settings.keep_resident)
        .table_keep_resident(settings.keep_resident)
        .pagemap_scan(Enabled::Auto);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_that_is_locked() {
        let lock = include_str!("../../../Cargo.lock");
        let locked = format!("name = \"wasmtime\"\nversion = \"{WASMTIME}\"");
        assert!(lock.contains(&locked));
    }
}
