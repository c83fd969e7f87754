//! The metrics, a module for each of their subjects.
//!
//! A synchronous instrument never forgets a label set, so it is used only where the sets are
//! closed; what comes and goes (instances, generations, sizes) is observed when Prometheus asks.

pub mod capability;
pub mod catalog;
pub mod component;
pub mod guest;
pub mod host;
pub mod http_server;
pub mod instrument;
mod observed;
pub mod reload;
pub mod storage;

use super::registry::{Registry, RegistryError, Scale};

use opentelemetry::KeyValue;

/// Slots of one resource of the instance pool.
#[derive(Clone, Copy, Debug)]
pub struct PoolSlots {
    /// The resource, from a closed set.
    pub resource: &'static str,
    /// Slots in use.
    pub used: u64,
    /// Slots that there are.
    pub limit: u64,
}

/// Every instrument of the host, over one registry.
#[derive(Debug)]
pub struct Metrics {
    /// What they are read from.
    pub registry: Registry,
    /// Requests.
    pub http_server: http_server::HttpServer,
    /// Components.
    pub components: component::Components,
    /// What components do through their capabilities.
    pub capabilities: capability::Capabilities,
    /// Attempts to load components anew.
    pub reloads: reload::Reloads,
    /// What stores and log directories hold.
    pub storage: storage::Storage,
    /// Metrics that components define.
    pub guest: guest::GuestMetrics,
    /// The process.
    pub host: host::Host,
}

impl Metrics {
    /// Registers all instruments. `version` is Weir's, `engine` wasmtime's.
    pub fn new(
        scale: Scale,
        version: &'static str,
        engine: &'static str,
    ) -> Result<Self, RegistryError> {
        let registry = Registry::new(scale)?;
        Ok(Self {
            http_server: http_server::HttpServer::new(&registry),
            components: component::Components::new(&registry),
            capabilities: capability::Capabilities::new(&registry),
            reloads: reload::Reloads::new(&registry),
            storage: storage::Storage::new(&registry),
            guest: guest::GuestMetrics::new(&registry),
            host: host::Host::new(&registry, version, engine),
            registry,
        })
    }

    /// Reads the instance pool's slots at each scrape.
    pub fn observe_pool<const N: usize>(
        &self,
        read: impl Fn() -> [PoolSlots; N] + Clone + Send + Sync + 'static,
    ) {
        let meter = self.registry.meter();
        let used = read.clone();
        let label = |slots: &PoolSlots| [KeyValue::new("resource", slots.resource)];
        catalog::POOL_USED.observe_gauge(&meter, move |observer| {
            used()
                .iter()
                .for_each(|slots| observer.observe(slots.used as f64, &label(slots)));
        });
        catalog::POOL_LIMIT.observe_gauge(&meter, move |observer| {
            read()
                .iter()
                .for_each(|slots| observer.observe(slots.limit as f64, &label(slots)));
        });
    }
}
