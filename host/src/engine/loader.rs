//! From a component's file to something that can be instantiated.
//!
//! Reads, compiles (or finds it compiled), tells which handler it exports, and links its imports.
//! Each step has an error that names the cause and, where there is one, the nearest fix.

use super::command::CommandPre;
use super::compile_cache::{CompileCache, Digest};
use super::precompiled::Precompiled;
use super::refusal;
use super::settings::TABLES_PER_INSTANCE;
use super::state::InstanceState;
use crate::capability::interfaces::{self, Contract};
use std::io;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime_wasi::p2::bindings as cli_p2;
use wasmtime_wasi::p3::bindings as cli_p3;
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::{p2, p3};

/// The exports by which Weir calls a component.
const HANDLER_P2: &str = "wasi:http/incoming-handler@0.2.";
const HANDLER_P3: &str = "wasi:http/handler@0.3.";
/// The exports by which Weir runs a command.
const RUN_P2: &str = "wasi:cli/run@0.2.";
const RUN_P3: &str = "wasi:cli/run@0.3.";

/// Why a component cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is WebAssembly, but a core module.
    #[error(
        "{path} is a core module, not a component; build it for the target wasm32-wasip2, or make \
         a component of it with `wasm-tools component new`"
    )]
    CoreModule {
        /// The file.
        path: PathBuf,
    },
    /// The file is not WebAssembly at all.
    #[error("{path} is not WebAssembly: it begins with {beginning:02x?} instead of \"\\0asm\"")]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        beginning: Vec<u8>,
    },
    /// wasmtime does not accept it.
    #[error("{path} does not compile: {reason}")]
    Compile {
        /// The file.
        path: PathBuf,
        /// wasmtime's words.
        reason: String,
    },
    /// It exports nothing that answers HTTP requests.
    #[error(
        "{path} exports no HTTP handler (wasi:http/incoming-handler@0.2 or wasi:http/handler@0.3); \
         it exports {exports}"
    )]
    NoHandler {
        /// The file.
        path: PathBuf,
        /// What it exports.
        exports: String,
    },
    /// It exports nothing that can be run.
    #[error(
        "{path} is no command: it exports neither wasi:cli/run@0.2 nor wasi:cli/run@0.3, but \
         {exports}"
    )]
    NoCommand {
        /// The file.
        path: PathBuf,
        /// What it exports.
        exports: String,
    },
    /// It exports a handler of both versions, and it is not clear which is meant.
    #[error("{path} exports two HTTP handlers, {one} and {other}; one is allowed")]
    TwoHandlers {
        /// The file.
        path: PathBuf,
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// It imports what is not there.
    #[error("{path} imports what {}:{}", contract.lacks(), list(imports))]
    MissingImports {
        /// The file.
        path: PathBuf,
        /// Whose interfaces it may import.
        contract: Contract,
        /// Each with who has it, or with the nearest that is offered.
        imports: Vec<String>,
    },
    /// Its imports are of the right names but of other types.
    #[error("{path} cannot be linked: {reason}")]
    Link {
        /// The file.
        path: PathBuf,
        /// wasmtime's words.
        reason: String,
    },
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("\n  {line}")).collect()
}

/// A component that is compiled.
#[derive(Clone)]
pub struct Loaded {
    path: PathBuf,
    component: Component,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its imports, in the order in which it has them.
    pub imports: Vec<String>,
    /// Its exports.
    pub exports: Vec<String>,
    /// Places of the instance pool that an instance takes.
    pub places: u32,
}

/// Where compiled code may already be.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// Compiled ahead, for a machine like this one.
    pub precompiled: Option<&'a Precompiled>,
    /// Compiled by a host on this machine.
    pub cache: Option<&'a CompileCache>,
}

/// Reads the component at `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    let read = |source| LoadError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = std::fs::read(path).map_err(read)?;
    check_header(path, &bytes)?;
    Ok(bytes)
}

/// Compiles the component `bytes`, unless that was done before. They were read from `path`, which
/// errors name; they may have been composed since, and are found by what they are now.
pub fn load(
    engine: &Engine,
    stored: Stored<'_>,
    path: &Path,
    bytes: &[u8],
) -> Result<Loaded, LoadError> {
    let digest = Digest::of(bytes);
    let Stored { precompiled, cache } = stored;
    let component = precompiled
        .and_then(|precompiled| precompiled.load(engine, &digest))
        .or_else(|| cache?.load(engine, &digest));
    let component = match component {
        Some(component) => component,
        None => compile(engine, cache, path, bytes, &digest)?,
    };
    let ty = component.component_type();
    let imports = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let exports = ty
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let places = places(&component);
    Ok(Loaded {
        path: path.to_owned(),
        component,
        digest,
        imports,
        exports,
        places,
    })
}

/// Compiles the component `bytes`, which were read from `path`, without loading it; gives its digest
/// and the code.
pub fn compile_ahead(
    engine: &Engine,
    path: &Path,
    bytes: &[u8],
) -> Result<(Digest, Vec<u8>), LoadError> {
    match engine.precompile_component(bytes) {
        Ok(code) => Ok((Digest::of(bytes), code)),
        Err(error) => Err(not_compiled(path, &error)),
    }
}

fn not_compiled(path: &Path, error: &wasmtime::Error) -> LoadError {
    LoadError::Compile {
        path: path.to_owned(),
        reason: format!("{error:#}"),
    }
}

/// A component begins with `\0asm` and the version `0d 00 01 00`; a core module has `01 00 00 00`.
fn check_header(path: &Path, bytes: &[u8]) -> Result<(), LoadError> {
    match bytes {
        [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', ..] => Err(LoadError::CoreModule {
            path: path.to_owned(),
        }),
        _ => Err(LoadError::NotWasm {
            path: path.to_owned(),
            beginning: bytes.iter().take(4).copied().collect(),
        }),
    }
}

fn compile(
    engine: &Engine,
    cache: Option<&CompileCache>,
    path: &Path,
    bytes: &[u8],
    digest: &Digest,
) -> Result<Component, LoadError> {
    let failed = |error| not_compiled(path, &error);
    let Some(cache) = cache else {
        return Component::new(engine, bytes).map_err(failed);
    };
    let compiled = engine.precompile_component(bytes).map_err(failed)?;
    cache.store(digest, &compiled);
    match cache.load(engine, digest) {
        Some(component) => Ok(component),
        // It could not be written, which has been told.
        None => just_compiled(engine, &compiled).map_err(failed),
    }
}

/// Loads what `engine` has compiled itself. Unlike what is loaded from a file it takes memory of its
/// own.
#[expect(unsafe_code, reason = "the only way to load code without a file")]
fn just_compiled(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what this engine has returned, and have been nowhere since.
    unsafe { Component::deserialize(engine, compiled) }
}

/// The pool has a memory for each place, and several tables.
fn places(component: &Component) -> u32 {
    match component.resources_required() {
        Some(needed) => needed
            .num_memories
            .max(needed.num_tables.div_ceil(TABLES_PER_INSTANCE))
            .max(1),
        // It instantiates modules that are imported; Weir offers none, so linking fails later.
        None => 1,
    }
}

impl Loaded {
    /// Links its imports, as far as `contract` has them, and finds its handler.
    pub fn link(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<ProxyPre<InstanceState>, LoadError> {
        let handler = self.handler()?;
        let pre = self.link_imports(linker, contract)?;
        match handler {
            Handler::P2 => p2::bindings::ProxyPre::new(pre).map(ProxyPre::P2),
            Handler::P3 => p3::bindings::ServicePre::new(pre).map(ProxyPre::P3),
        }
        .map_err(|error| self.not_linked(&error))
    }

    /// Links its imports and finds how it is run as a command.
    pub fn link_command(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<CommandPre, LoadError> {
        let exports = |run: &str| self.exports.iter().any(|name| name.starts_with(run));
        let (newer, older) = (exports(RUN_P3), exports(RUN_P2));
        if !newer && !older {
            return Err(LoadError::NoCommand {
                path: self.path.clone(),
                exports: self.exported(),
            });
        }
        let pre = self.link_imports(linker, contract)?;
        match newer {
            true => cli_p3::CommandPre::new(pre).map(CommandPre::P3),
            false => cli_p2::CommandPre::new(pre).map(CommandPre::P2),
        }
        .map_err(|error| self.not_linked(&error))
    }

    fn link_imports(
        &self,
        linker: &Linker<InstanceState>,
        contract: Contract,
    ) -> Result<InstancePre<InstanceState>, LoadError> {
        self.check_imports(contract)?;
        let refusing = refusal::link(linker, &self.component);
        refusing
            .and_then(|refusing| {
                let linker = refusing.as_ref().unwrap_or(linker);
                linker.instantiate_pre(&self.component)
            })
            .map_err(|error| self.not_linked(&error))
    }

    fn not_linked(&self, error: &wasmtime::Error) -> LoadError {
        LoadError::Link {
            path: self.path.clone(),
            reason: format!("{error:#}"),
        }
    }

    /// What it exports, for a person.
    fn exported(&self) -> String {
        match self.exports.is_empty() {
            true => "nothing".into(),
            false => self.exports.join(", "),
        }
    }

    fn check_imports(&self, contract: Contract) -> Result<(), LoadError> {
        let imports = self.imports.iter().map(|name| refusal::original(name));
        let missing: Vec<_> = imports
            .filter_map(|name| interfaces::missing(name, contract))
            .collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(LoadError::MissingImports {
                path: self.path.clone(),
                contract,
                imports: missing,
            }),
        }
    }

    fn handler(&self) -> Result<Handler, LoadError> {
        let mut handlers = self.exports.iter().filter_map(|name| {
            let handler = match name {
                name if name.starts_with(HANDLER_P2) => Handler::P2,
                name if name.starts_with(HANDLER_P3) => Handler::P3,
                _ => return None,
            };
            Some((handler, name))
        });
        match (handlers.next(), handlers.next()) {
            (Some((handler, _)), None) => Ok(handler),
            (Some((_, one)), Some((_, other))) => Err(LoadError::TwoHandlers {
                path: self.path.clone(),
                one: one.clone(),
                other: other.clone(),
            }),
            (None, _) => Err(LoadError::NoHandler {
                path: self.path.clone(),
                exports: self.exported(),
            }),
        }
    }
}

enum Handler {
    P2,
    P3,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("path", &self.path)
            .field("digest", &self.digest)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with nothing in it.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn code_that_cannot_be_kept_is_used_as_it_was_compiled() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cache");
        let engine = Engine::default();
        let cache = CompileCache::open(&folder, &engine).unwrap();
        std::fs::remove_dir(&folder).unwrap();
        let stored = Stored {
            precompiled: None,
            cache: Some(&cache),
        };
        let loaded = load(&engine, stored, Path::new("empty.wasm"), EMPTY).unwrap();
        assert_eq!(loaded.imports, Vec::<String>::new());
        assert!(!folder.exists());
    }
}
