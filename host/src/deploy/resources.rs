//! What all components of a host share: the engine, the stores, the clients, the instruments.

mod log_directories;
mod stores;
mod unopened;

pub use unopened::{StoreFile, Unopened};

use super::toolchain::{self, Toolchain};
use crate::capability::files::FilesError;
use crate::capability::files::scratch::{self, Scratch};
use crate::capability::outbound_http::chain::Chain;
use crate::capability::outbound_http::client::Client;
use crate::config::Config;
use crate::config::state::Directories;
use crate::engine::budget::InstanceBudget;
use crate::engine::epoch::EpochTicker;
use crate::engine::settings;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces::tracer::Tracer;
use log_directories::Known;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use stores::Opened;
use tokio::runtime::Handle;

/// Why the host cannot start, apart from its components.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// The engine does not accept its settings, usually because the address space is limited.
    #[error(
        "the WebAssembly engine cannot be set up: {0:#}\nwith less `engine.instances` in weir.toml it needs less address space"
    )]
    Engine(wasmtime::Error),
    /// The compiler knows no such machine.
    #[error("components cannot be compiled for that machine: {0:#}")]
    Compiler(wasmtime::Error),
    /// A thread cannot be started, or another resource of the system is not there.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A key-value store cannot be opened.
    #[error(transparent)]
    Store(#[from] Unopened),
}

/// What all components of a running host share.
pub struct Resources {
    /// Compiles and links components.
    pub toolchain: Toolchain,
    /// Moves the engine's epoch.
    pub ticker: EpochTicker,
    /// Places for instances.
    pub budget: Arc<InstanceBudget>,
    /// Where the host keeps files.
    pub directories: Directories,
    /// The instruments.
    pub metrics: Metrics,
    stores: Mutex<BTreeMap<String, Opened>>,
    /// Log directories that serve or still have requests.
    logs: Mutex<Vec<Known>>,
    /// Where copies of components' files lie, once there are any.
    scratch: Mutex<Option<Arc<Scratch>>>,
    /// Sends requests over the network.
    pub client: Client,
    /// Begins spans.
    pub tracer: Tracer,
    /// Leads requests between components; set once the app is complete.
    pub chain: Arc<OnceLock<Weak<dyn Chain>>>,
    /// The name of this machine, for the names of log entries.
    pub host: String,
    /// The name of the app.
    app: String,
    /// What connections to servers live on, whoever opens them.
    runtime: Handle,
}

impl Resources {
    /// Opens everything except the stores. Must be called in the runtime that serves.
    pub fn new(
        app: &str,
        config: &Config,
        directories: Directories,
        metrics: Metrics,
        tracer: Tracer,
    ) -> Result<Self, ResourceError> {
        let toolchain = Toolchain::new(config, &directories)?;
        let ticker =
            EpochTicker::start(&toolchain.engine).map_err(|source| ResourceError::System {
                what: "the epoch thread cannot be started",
                source,
            })?;
        let client = Client::new().map_err(|source| ResourceError::System {
            what: "the certificates for outbound requests cannot be read",
            source,
        })?;
        scratch::remove_dead(&directories.files);
        let uname = rustix::system::uname();
        let (engine, sizes) = (toolchain.engine.clone(), toolchain::sizes(config));
        metrics.observe_pool(move || settings::pool_slots(&engine, sizes));
        Ok(Self {
            toolchain,
            ticker,
            budget: InstanceBudget::new(config.engine.instances.get()),
            directories,
            metrics,
            stores: Mutex::default(),
            logs: Mutex::default(),
            scratch: Mutex::default(),
            client,
            tracer,
            chain: Arc::default(),
            host: uname.nodename().to_string_lossy().into_owned(),
            app: app.to_owned(),
            runtime: Handle::current(),
        })
    }

    /// Where copies of components' files lie.
    pub fn scratch(&self) -> Result<Arc<Scratch>, FilesError> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(scratch) = &*scratch {
            return Ok(Arc::clone(scratch));
        }
        let new = Arc::new(Scratch::new(&self.directories.files)?);
        Ok(Arc::clone(scratch.insert(new)))
    }
}
