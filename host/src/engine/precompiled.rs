//! Components that were compiled ahead by `weir compile`, as an image holds them.
//!
//! Unlike the compile cache, which a host fills for itself, this is made elsewhere, for a stated
//! processor, and is only read. A file is named by the digest of its component alone; what it was
//! compiled by and for stands in the file, and wasmtime checks it. A file of another engine, or for
//! a processor with more than this one has, is refused in one line, and the component is compiled.
//!
//! What lies here is run as native code, so nobody but this user and root may be able to write it.

use super::compile_cache::{CacheError, Digest};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Permission of the group and of others to write.
const WRITABLE: u32 = 0o022;
/// The user who may put code anywhere anyway.
const ROOT: u32 = 0;

/// A folder of components that were compiled ahead.
#[derive(Debug)]
pub struct Precompiled {
    folder: PathBuf,
}

impl Precompiled {
    /// Opens the folder; `None` if it is not there.
    pub fn open(folder: &Path) -> Result<Option<Self>, CacheError> {
        match fs::metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CacheError::Io {
                path: folder.to_owned(),
                source,
            }),
            Ok(metadata) if is_trusted(&metadata) => Ok(Some(Self {
                folder: folder.to_owned(),
            })),
            Ok(_) => Err(CacheError::Writable {
                path: folder.to_owned(),
            }),
        }
    }

    /// Writes what a component was compiled to into `folder`, which is made if it is not there.
    /// The file appears whole.
    pub fn write(folder: &Path, digest: &Digest, compiled: &[u8]) -> io::Result<PathBuf> {
        crate::capability::folder::create(folder, 0o755)?;
        let path = path(folder, digest);
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        fs::write(&partial, compiled)?;
        fs::rename(&partial, &path)?;
        Ok(path)
    }

    /// The compiled form of the component with this digest, if it is there and can be used.
    #[expect(
        unsafe_code,
        reason = "the only way to load code that was compiled before"
    )]
    pub(super) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = path(&self.folder, digest);
        let metadata = fs::metadata(&path).ok()?;
        if !is_trusted(&metadata) {
            let error = CacheError::Writable { path };
            tracing::warn!(%error, "compiled anew");
            return None;
        }
        // SAFETY: only this user and root can write the folder and the file (checked here and in
        // `open`), who could replace the host itself as well. wasmtime checks in the file's header
        // that this engine compiled it, with these settings, for a processor like this one.
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        loaded
            .inspect_err(|error| {
                tracing::warn!(path = %path.display(), error = %format_args!("{error:#}"),
                    "compiled ahead for another engine; compiled anew");
            })
            .ok()
    }
}

fn path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join(format!("{digest}.cwasm"))
}

fn is_trusted(metadata: &fs::Metadata) -> bool {
    let uid = rustix::process::getuid().as_raw();
    [uid, ROOT].contains(&metadata.uid()) && metadata.mode() & WRITABLE == 0
}
