//! From a component's file to something that can be instantiated.
//!
//! Reads and compiles it, or finds it compiled; [`link`] tells which handler it exports and links its
//! imports. Each step has an [error](LoadError) that names the cause and, where there is one, the
//! nearest fix.

mod error;
mod link;

pub use error::LoadError;

use super::compile_cache::{CompileCache, Digest};
use super::precompiled::Precompiled;
use super::settings::TABLES_PER_INSTANCE;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

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
