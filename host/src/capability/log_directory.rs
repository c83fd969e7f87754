//! The log directory: a folder for each component, to which it can add and nothing else.
//!
//! *Entries* are files of their own, written whole. *Named logs* are files to which lines are
//! appended, rotated by size. Both are bounded by a quota. The work blocks on the disk, so it is
//! done on blocking threads, a bounded number at a time: several at once share the disk's syncs,
//! more would only wait for each other.
//!
//! With the policy `entry`, an acknowledged write survives a crash of the machine. With `batch` it
//! survives a crash of the process, and one of the machine after at most [`BATCH_INTERVAL`]. With
//! `none` the kernel decides. A crash of the process never leaves a part of an entry; one of the
//! machine can, with `batch` and `none`, leave the newest entries empty or cut short.

mod group_sync;
mod link;
mod name;
mod named_log;
pub mod quota;
pub mod reader;
#[cfg(test)]
mod tests;
mod volume;
mod writer;

pub(super) use link::link;

use quota::{Quota, Usage};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::warn;
use volume::{Folder, Volume};
use writer::Writer;

/// How soon `batch` makes a write durable.
pub const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Writes of one component at a time. Beyond this more threads do not make the disk faster.
const CONCURRENCY: usize = 32;

/// When writes are made durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before they are acknowledged.
    #[default]
    Entry,
    /// Together, within [`BATCH_INTERVAL`].
    Batch,
    /// When the kernel does.
    None,
}

/// How a component's directory is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// When writes are made durable.
    pub fsync: Fsync,
    /// What the directory may hold.
    pub quota: Quota,
    /// Bytes of an entry.
    pub max_entry: u64,
    /// Bytes of a line with its line feed.
    pub max_line: u64,
    /// Bytes from which on a named log is rotated.
    pub rotate_bytes: u64,
    /// Rotated files that are kept of each named log.
    pub rotate_keep: u32,
}

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The name of a log is not of the allowed form.
    #[error("{0}")]
    InvalidName(String),
    /// A line holds a line feed or carriage return.
    #[error("a line cannot hold a line feed or a carriage return")]
    InvalidLine,
    /// An entry or line is longer than allowed.
    #[error("more than the {0} bytes that are allowed")]
    TooLarge(u64),
    /// The quota is used up and nothing may be removed.
    #[error("the log directory's quota is used up")]
    QuotaExceeded,
    /// The disk is full.
    #[error("there is no space left for the log directory")]
    NoSpace,
    /// The host may not write there.
    #[error("the host has no permission to write to the log directory")]
    Permission,
    /// Another failure of the file system.
    #[error("the log directory failed: {0}")]
    Io(String),
}

impl LogError {
    /// The label under which it is counted; one of a closed set.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "invalid_name",
            Self::InvalidLine => "invalid_line",
            Self::TooLarge(_) => "too_large",
            Self::QuotaExceeded => "quota_exceeded",
            Self::NoSpace => "no_space",
            Self::Permission => "permission",
            Self::Io(_) => "io",
        }
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::NoSpace,
            PermissionDenied | ReadOnlyFilesystem => Self::Permission,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// What a directory holds and what was done with it.
#[derive(Debug, Default)]
pub struct Stats {
    bytes: AtomicU64,
    files: AtomicU64,
    entries: AtomicU64,
    lines: AtomicU64,
    removed: AtomicU64,
}

impl Stats {
    fn set_usage(&self, usage: &Usage) {
        self.bytes.store(usage.bytes(), Relaxed);
        self.files.store(usage.files(), Relaxed);
    }

    /// Bytes in the directory.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Files in the directory.
    pub fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// Entries written since the start.
    pub fn entries(&self) -> u64 {
        self.entries.load(Relaxed)
    }

    /// Lines appended since the start.
    pub fn lines(&self) -> u64 {
        self.lines.load(Relaxed)
    }

    /// Entries removed to make room since the start.
    pub fn removed(&self) -> u64 {
        self.removed.load(Relaxed)
    }
}

/// The log directory of one component.
#[derive(Debug)]
pub struct LogDirectory {
    writer: Arc<Writer>,
    places: Arc<Semaphore>,
    /// Set where `batch` has something to sync.
    unsynced: Option<Arc<AtomicBool>>,
    stats: Arc<Stats>,
    quota: Quota,
}

impl LogDirectory {
    /// Opens `<root>/<component>`, making it if it is not there. `host` stands in entries' names.
    /// Must be called in a tokio runtime where the policy is [`Fsync::Batch`].
    pub fn open(root: &Path, component: &str, host: &str, settings: Settings) -> io::Result<Self> {
        let folder = Folder::open(root.join(component))?;
        Self::on(Box::new(folder), host, settings)
    }

    fn on(volume: Box<dyn Volume>, host: &str, settings: Settings) -> io::Result<Self> {
        let stats = Arc::<Stats>::default();
        let writer = Arc::new(Writer::new(volume, host, settings, Arc::clone(&stats))?);
        let unsynced = (settings.fsync == Fsync::Batch).then(|| {
            let unsynced = Arc::<AtomicBool>::default();
            tokio::spawn(sync_in_batches(
                Arc::downgrade(&writer),
                Arc::clone(&unsynced),
            ));
            unsynced
        });
        let places = Arc::new(Semaphore::new(CONCURRENCY));
        Ok(Self {
            writer,
            places,
            unsynced,
            stats,
            quota: settings.quota,
        })
    }

    /// What it holds and what was done with it.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// What it may hold.
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// Writes an entry and returns its name. A caller that stops waiting may find the entry there
    /// or not, and never a part of it.
    pub async fn write_entry(&self, contents: Vec<u8>) -> Result<String, LogError> {
        self.run(move |writer| writer.write_entry(&contents)).await
    }

    /// Appends a line to the log called `log`.
    pub async fn append_line(&self, log: String, line: String) -> Result<(), LogError> {
        self.run(move |writer| writer.append_line(&log, &line))
            .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Writer) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let writer = Arc::clone(&self.writer);
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&writer);
            drop(place);
            done
        });
        let done = done
            .await
            .map_err(|error| LogError::Io(error.to_string()))?;
        if let Some(unsynced) = &self.unsynced {
            unsynced.store(true, Relaxed);
        }
        done
    }
}

async fn sync_in_batches(writer: std::sync::Weak<Writer>, unsynced: Arc<AtomicBool>) {
    let mut interval = tokio::time::interval(BATCH_INTERVAL);
    loop {
        interval.tick().await;
        let Some(writer) = writer.upgrade() else {
            return;
        };
        if !unsynced.swap(false, Relaxed) {
            continue;
        }
        match tokio::task::spawn_blocking(move || writer.sync_all()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "log directory not synced"),
            Err(error) => warn!(%error, "log directory not synced"),
        }
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
