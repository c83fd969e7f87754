//! Compiled components on disk, so that a second start does not compile.
//!
//! What is stored is native code that will be run with the host's rights: whoever can write it
//! owns the host. So the folder must belong to this user and be closed to others (0700), else
//! nothing is read from it and nothing written. A file is named by the digest of its component and
//! by a hash of the engine's version and settings: another engine finds nothing, and never wrong
//! code. Files appear whole, by rename.

use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// The SHA-256 of a component's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut digest = [0; 32];
        for (byte, number) in digest.iter_mut().zip(0..) {
            *byte = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
        }
        Some(Self(digest))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "sha256:{self}")
    }
}

/// Why the cache cannot be used. The host works without it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder cannot be made or looked at.
    #[error("the compile cache {path} cannot be used: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could put code there.
    #[error(
        "the compile cache {path} is not used: it must belong to user {uid} and be closed to \
         others (chmod 700)"
    )]
    Untrusted {
        /// The folder.
        path: PathBuf,
        /// The user this process runs as.
        uid: u32,
    },
    /// Others could put code there that was compiled ahead.
    #[error("{path} is not used: only root and the user that Weir runs as may be able to write it")]
    Writable {
        /// The folder or the file.
        path: PathBuf,
    },
}

/// A folder of compiled components for one engine.
#[derive(Debug)]
pub struct CompileCache {
    folder: PathBuf,
    engine: u64,
}

impl CompileCache {
    /// Opens the folder, making it if it is not there.
    pub fn open(folder: &Path, engine: &Engine) -> Result<Self, CacheError> {
        let io = |source| CacheError::Io {
            path: folder.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(io)?;
        let metadata = fs::metadata(folder).map_err(io)?;
        let uid = rustix::process::getuid().as_raw();
        if metadata.uid() != uid || metadata.mode() & 0o077 != 0 {
            return Err(CacheError::Untrusted {
                path: folder.to_owned(),
                uid,
            });
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            engine: hasher.finish(),
        })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.cwasm", self.engine))
    }

    /// The compiled form of the component with this digest, if it is there and whole.
    #[expect(
        unsafe_code,
        reason = "the only way to load code that was compiled before"
    )]
    pub(super) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.path(digest);
        if !path.exists() {
            return None;
        }
        // SAFETY: the file was written by `store` from what this engine compiled: nobody else
        // can write to the folder (checked in `open`), its name carries the engine's hash, and
        // it was renamed into place whole. wasmtime checks its own header beside that.
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        loaded
            .inspect_err(
                |error| tracing::warn!(path = %path.display(), %error, "cached code unusable"),
            )
            .ok()
    }

    /// Keeps the compiled form of a component. Failing to is no failure of the load.
    pub(super) fn store(&self, digest: &Digest, compiled: &[u8]) {
        let path = self.path(digest);
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let written = fs::write(&partial, compiled).and_then(|()| fs::rename(&partial, &path));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "compiled code not cached");
        }
    }
}
