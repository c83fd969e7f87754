//! The engine with everything that compiles and links components.

use super::resources::ResourceError;
use crate::config::Config;
use crate::config::state::Directories;
use crate::engine::compile_cache::CompileCache;
use crate::engine::precompiled::Precompiled;
use crate::engine::settings::{self, Machine, Settings};
use crate::engine::state::InstanceState;
use std::path::PathBuf;
use tracing::warn;
use wasmtime::component::Linker;

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

/// How the configuration sizes the engine.
pub(super) fn sizes(config: &Config) -> Settings {
    Settings {
        instances: config.engine.instances.get(),
        copy_on_write: config.engine.copy_on_write,
        keep_resident: usize::try_from(config.engine.keep_resident.as_u64()).unwrap_or(usize::MAX),
    }
}
