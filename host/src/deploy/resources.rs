//! What all components of a host share: the engine, the stores, the clients, the instruments.

mod unopened;

pub use unopened::{StoreFile, Unopened};

use crate::capability::files::FilesError;
use crate::capability::files::scratch::{self, Scratch};
use crate::capability::key_value::redb::{Progress, RedbStore};
use crate::capability::key_value::redis::{Place, RedisStore};
use crate::capability::key_value::store::{Store, StoreError};
use crate::capability::log_directory::{self, LogDirectory};
use crate::capability::outbound_http::chain::Chain;
use crate::capability::outbound_http::client::Client;
use crate::config::Config;
use crate::config::key_value::KeyValueStore;
use crate::config::state::Directories;
use crate::engine::budget::InstanceBudget;
use crate::engine::compile_cache::CompileCache;
use crate::engine::epoch::EpochTicker;
use crate::engine::precompiled::Precompiled;
use crate::engine::settings::{self, Machine, Settings};
use crate::engine::state::InstanceState;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::storage::StoreFigures;
use crate::telemetry::traces::tracer::Tracer;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::warn;
use wasmtime::component::Linker;

/// How long to wait for a store's file that another process has, as a process that is being
/// replaced has it until it has drained.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
/// How long a start waits for a server that cannot be reached, as one that is being started too.
const SERVER_PATIENCE: Duration = Duration::from_secs(10);

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

/// The engine with everything that compiles and links components.
pub struct Toolchain {
    /// The engine.
    pub engine: wasmtime::Engine,
    /// Every interface that Weir offers.
    pub linker: Linker<InstanceState>,
    /// Compiled components on disk, if the folder can be trusted.
    pub cache: Option<CompileCache>,
    /// Components that were compiled ahead, if there are any that can be trusted.
    pub precompiled: Option<Precompiled>,
    /// Where components are kept that were fetched.
    pub fetched: PathBuf,
    /// How many places its instance pool has.
    pub places: u32,
}

impl Toolchain {
    /// Sets up the engine.
    pub fn new(config: &Config, directories: &Directories) -> Result<Self, ResourceError> {
        let engine = settings::engine(sizes(config)).map_err(ResourceError::Engine)?;
        let linker = crate::capability::linker(&engine).map_err(ResourceError::Engine)?;
        let cache = CompileCache::open(&directories.cache, &engine)
            .inspect_err(|error| warn!(%error, "components are compiled at every start"))
            .ok();
        let precompiled = Precompiled::open(&directories.precompiled)
            .inspect_err(|error| warn!(%error, "no component that was compiled ahead is used"))
            .unwrap_or_default();
        Ok(Self {
            engine,
            linker,
            cache,
            precompiled,
            fetched: directories.fetched.clone(),
            places: config.engine.instances.get(),
        })
    }

    /// An engine that compiles ahead for `machine`.
    pub fn compiler(config: &Config, machine: &Machine) -> Result<wasmtime::Engine, ResourceError> {
        settings::compiler(sizes(config), machine).map_err(ResourceError::Compiler)
    }
}

fn sizes(config: &Config) -> Settings {
    Settings {
        instances: config.engine.instances.get(),
        copy_on_write: config.engine.copy_on_write,
        keep_resident: usize::try_from(config.engine.keep_resident.as_u64()).unwrap_or(usize::MAX),
    }
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
    /// Log directories that are in use, by component, with the settings they were opened with.
    logs: Mutex<HashMap<String, (log_directory::Settings, Weak<LogDirectory>)>>,
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

/// A store that is open, and what the configuration said of it then.
struct Opened {
    settings: KeyValueStore,
    store: Store,
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
        let (engine, sizes) = (toolchain.engine.clone(), sizes(config));
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

    fn observe(&self, label: &str, store: &RedbStore) {
        let store = store.clone();
        self.metrics.storage.store(label, move || {
            let stats = store.stats();
            Some(StoreFigures {
                commits: stats.commits(),
                writes: stats.writes(),
                pending: stats.pending(),
            })
        });
    }

    /// The open stores by label.
    pub fn stores(&self) -> BTreeMap<String, Store> {
        let opened = self.opened();
        let stores = opened.iter();
        stores
            .map(|(label, opened)| (label.clone(), opened.store.clone()))
            .collect()
    }

    /// Whether `config` says of each open store what it said when the store was opened, or nothing;
    /// an open one is not moved.
    pub fn stores_stay(&self, config: &Config) -> bool {
        let stays = |(label, opened): (&String, &Opened)| {
            let now = config.key_value_stores.get(label);
            now.is_none_or(|now| *now == opened.settings)
        };
        self.opened().iter().all(stays)
    }

    fn opened(&self) -> MutexGuard<'_, BTreeMap<String, Opened>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The log directories that are in use.
    pub fn log_directories(&self) -> Vec<Arc<LogDirectory>> {
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let open = logs.values().filter_map(|(_, open)| open.upgrade());
        open.collect()
    }

    /// The log directory of a component. Generations with the same settings share one, so that its
    /// quota is counted once.
    pub fn log_directory(
        &self,
        id: &str,
        settings: log_directory::Settings,
    ) -> io::Result<Arc<LogDirectory>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let open = logs.get(id).filter(|(known, _)| *known == settings);
        if let Some(open) = open.and_then(|(_, open)| open.upgrade()) {
            return Ok(open);
        }
        let root = &self.directories.log;
        let opened = Arc::new(LogDirectory::open(root, id, &self.host, settings)?);
        logs.insert(id.to_owned(), (settings, Arc::downgrade(&opened)));
        Ok(opened)
    }

    /// Opens the stores with these labels that are not open yet; `waiting` is told what it waits
    /// for. Blocks.
    pub fn open_stores<'l>(
        &self,
        config: &Config,
        labels: impl IntoIterator<Item = &'l str>,
        waiting: impl Fn(String, Arc<Progress>),
    ) -> Result<(), ResourceError> {
        for label in labels {
            let Some(settings) = config.key_value_stores.get(label) else {
                continue;
            };
            if self.opened().contains_key(label) {
                continue;
            }
            let progress = Arc::<Progress>::default();
            waiting(label.to_owned(), Arc::clone(&progress));
            let store = self
                .open(label, settings, progress)
                .map_err(|source| Unopened {
                    label: label.to_owned(),
                    file: StoreFile::of(settings, &self.directories.key_value, label),
                    source,
                })?;
            let settings = settings.clone();
            self.opened()
                .insert(label.to_owned(), Opened { settings, store });
        }
        Ok(())
    }

    fn open(
        &self,
        label: &str,
        settings: &KeyValueStore,
        progress: Arc<Progress>,
    ) -> Result<Store, StoreError> {
        match settings {
            KeyValueStore::Redb { .. } => {
                let path = settings.file(&self.directories.key_value, label);
                let store = RedbStore::open(&path, LOCK_PATIENCE, progress)?;
                self.observe(label, &store);
                Ok(Store::Redb(store))
            }
            KeyValueStore::Redis { url, timeout } => {
                let place = Place {
                    url: url.expose(),
                    app: &self.app,
                    label,
                    timeout: timeout.get(),
                };
                let opening = RedisStore::open(place, SERVER_PATIENCE);
                self.runtime.block_on(opening).map(Store::Redis)
            }
        }
    }
}
