//! Compiled components on disk, so that a second start does not compile.
//!
//! What is stored is native code that will be run with the host's rights: whoever can write it
//! owns the host. So the folder must belong to this user and be closed to others (0700), else
//! nothing is read from it and nothing written. A file is named by the digest of its component and
//! by a hash of the engine's version and settings: another engine finds nothing, and never wrong
//! code. Files appear whole, by a rename after a sync. A start removes what is of no use any more:
//! files that were never finished, and those that another engine left some time ago.

use sha2::{Digest as _, Sha256};
use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wasmtime::Engine;
use wasmtime::component::Component;

/// Ends the names of files that are not finished, and of those that are.
const PARTIAL: &str = "partial";
const COMPILED: &str = "cwasm";
/// Age from which a file that is not finished never will be.
const ABANDONED: Duration = Duration::from_secs(3600);
/// Age from which code of another engine is removed. Until then who goes back to it finds it.
const OUTDATED: Duration = Duration::from_secs(24 * 3600);

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
        let cache = Self {
            folder: folder.to_owned(),
            engine: hasher.finish(),
        };
        cache.tidy().map_err(io)?;
        Ok(cache)
    }

    /// Removes what is of no use any more.
    fn tidy(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if self.is_useless(&path)
                && let Err(error) = fs::remove_file(&path)
            {
                // Another host may have been faster.
                tracing::debug!(path = %path.display(), %error, "old code not removed");
            }
        }
        Ok(())
    }

    fn is_useless(&self, path: &Path) -> bool {
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        let is_older = |than| age.is_some_and(|age| age > than);
        match path.extension().and_then(|extension| extension.to_str()) {
            Some(PARTIAL) => is_older(ABANDONED),
            Some(COMPILED) => {
                let own = format!("-{:016x}", self.engine);
                let name = path.file_stem().and_then(|name| name.to_str());
                !name.is_some_and(|name| name.ends_with(&own)) && is_older(OUTDATED)
            }
            _ => false,
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.{COMPILED}", self.engine))
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
        let partial = path.with_extension(format!("{}.{PARTIAL}", std::process::id()));
        let written = write(&partial, compiled).and_then(|()| fs::rename(&partial, &path));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "compiled code not cached");
        }
    }
}

/// Writes a file whose contents are on the disk when it returns.
fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn only_what_is_old_and_of_no_use_is_removed_when_the_cache_is_opened() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("cache");
        let engine = Engine::default();
        let cache = CompileCache::open(&folder, &engine).unwrap();
        cache.store(&Digest::of(b"own"), b"code");
        let own = cache.path(&Digest::of(b"own"));
        let other = |name: &str| folder.join(format!("{}-{name}", Digest::of(b"other")));
        let files = [
            (own, true),
            (other("0.cwasm"), false),
            (other("1.7.partial"), false),
            (folder.join("notes.txt"), true),
        ];
        for (path, _) in &files {
            let file = fs::File::create(path).unwrap();
            file.set_modified(SystemTime::now() - 2 * OUTDATED).unwrap();
        }
        let young = [other("2.cwasm"), other("3.7.partial")];
        young.iter().for_each(|path| fs::write(path, "").unwrap());
        CompileCache::open(&folder, &engine).unwrap();
        for (path, stays) in &files {
            assert_eq!(path.exists(), *stays, "{path:?}");
        }
        assert!(young.iter().all(|path| path.exists()));
    }
}
