//! wasmtime's configuration.
//!
//! The pooling allocator reserves address space for all instances at the start and reuses it, so
//! an instance costs microseconds and memory has a ceiling. What it reserves is virtual: 4 GiB a
//! linear memory, so that guest accesses need no bounds check. Only what guests touch is resident.

use crate::telemetry::metrics::PoolSlots;
use clap::ValueEnum;
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
pub(super) const TABLES_PER_INSTANCE: u32 = 4;

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

/// The least processor that code is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Cpu {
    /// Any with 64 bits.
    #[value(name = "x86-64")]
    X86_64,
    /// From about 2009: SSE4.2 and POPCNT.
    #[value(name = "x86-64-v2")]
    X86_64V2,
    /// From about 2013: AVX2, BMI2 and FMA.
    #[value(name = "x86-64-v3")]
    X86_64V3,
    /// With AVX-512.
    #[value(name = "x86-64-v4")]
    X86_64V4,
}

impl Cpu {
    /// What the compiler calls it.
    fn flag(self) -> &'static str {
        match self {
            Self::X86_64 => "x86-64",
            Self::X86_64V2 => "x86-64-v2",
            Self::X86_64V3 => "x86-64-v3",
            Self::X86_64V4 => "x86-64-v4",
        }
    }
}

/// The machine that code is compiled for.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Its target; without it this machine's.
    pub target: Option<String>,
    /// Its processor; without it this machine's, or the least that the target has.
    pub cpu: Option<Cpu>,
}

/// An engine that only compiles, for `machine`. What it compiles can be used by an engine with the
/// same settings, on every machine that has what `machine` has.
#[expect(
    unsafe_code,
    reason = "the only way to name the processor that code is for"
)]
pub fn compiler(settings: Settings, machine: &Machine) -> Result<wasmtime::Engine> {
    let mut config = config(settings);
    // With a target the compiler uses nothing of this machine's processor but what is asked for.
    let target = machine.target.clone();
    let own = || format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    if let Some(target) = target.or_else(|| machine.cpu.map(|_| own())) {
        config.target(&target)?;
    }
    if let Some(cpu) = machine.cpu {
        // SAFETY: it is a preset of instructions that the processor has. Before code is run, the
        // engine that loads it checks that its processor has them.
        unsafe { config.cranelift_flag_enable(cpu.flag()) };
    }
    wasmtime::Engine::new(&config)
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
