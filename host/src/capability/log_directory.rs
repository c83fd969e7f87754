//! The log directory: a folder for each component, to which it can add and nothing else.
//!
//! *Entries* are files of their own, written whole. *Named logs* are files to which lines are
//! appended, rotated by size. Both are bounded by a quota. The work blocks on the disk, so it is
//! done on blocking threads, a bounded number at a time: several at once share the disk's syncs,
//! more would only wait for each other.
//!
//! With the policy `entry`, an acknowledged write survives a crash of the machine. With `batch` it
//! survives a crash of the process, and one of the machine after at most [`BATCH_INTERVAL`]; what
//! is left is synced when the host stops or the directory is opened with other settings. With
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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::Semaphore;
use tracing::warn;
use volume::{Folder, Volume};
use writer::Writer;

/// How soon `batch` makes a write durable.
pub const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Writes of one component at a time. Beyond this more threads do not make the disk faster.
const CONCURRENCY: usize = 32;

/// Bytes of entries and lines that are held until they are written. A write that finds no room is
/// refused, because to wait is to hold its bytes all the same.
const MAX_HELD: u32 = 64 << 20;

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

impl Settings {
    /// Whether an entry may have so many bytes.
    fn check_entry(&self, bytes: usize) -> Result<(), LogError> {
        match bytes as u64 > self.max_entry {
            true => Err(LogError::TooLarge(self.max_entry)),
            false => Ok(()),
        }
    }

    /// Whether this may be a line.
    fn check_line(&self, line: &str) -> Result<(), LogError> {
        if line.len() as u64 >= self.max_line {
            return Err(LogError::TooLarge(self.max_line));
        }
        match line.contains(['\n', '\r']) {
            true => Err(LogError::InvalidLine),
            false => Ok(()),
        }
    }
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
    /// Too much is being written at once.
    #[error("too many bytes are being written at once; write less at a time")]
    Busy,
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
            Self::Busy => "busy",
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
    /// Room for what is on its way, in bytes.
    room: Arc<Semaphore>,
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
            let batches = sync_in_batches(Arc::clone(&writer), Arc::downgrade(&unsynced));
            tokio::spawn(batches);
            unsynced
        });
        let places = Arc::new(Semaphore::new(CONCURRENCY));
        Ok(Self {
            writer,
            places,
            room: Arc::new(Semaphore::new(MAX_HELD as usize)),
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
        let bytes = contents.len();
        self.writer.settings.check_entry(bytes)?;
        self.run(bytes, move |writer| writer.write_entry(&contents))
            .await
    }

    /// Appends a line to the log called `log`.
    pub async fn append_line(&self, log: String, line: String) -> Result<(), LogError> {
        self.writer.settings.check_line(&line)?;
        let bytes = log.len() + line.len();
        self.run(bytes, move |writer| writer.append_line(&log, &line))
            .await
    }

    /// Makes durable what `batch` has not yet. Failing to is logged.
    pub async fn flush(&self) {
        let unsynced = self.unsynced.as_ref();
        if unsynced.is_some_and(|unsynced| unsynced.swap(false, Relaxed)) {
            sync(Arc::clone(&self.writer)).await;
        }
    }

    /// Runs work that holds so many bytes, which it does to its end, also if nobody waits for it.
    async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&Writer) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let bytes = u32::try_from(bytes).map_err(|_| LogError::Busy)?;
        let held = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        let held = held.map_err(|_| LogError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await;
        let (writer, unsynced) = (Arc::clone(&self.writer), self.unsynced.clone());
        let done = tokio::task::spawn_blocking(move || {
            let done = work(&writer);
            if let Some(unsynced) = unsynced {
                unsynced.store(true, Relaxed);
            }
            drop((place, held));
            done
        });
        done.await
            .map_err(|error| LogError::Io(error.to_string()))?
    }
}

/// Syncs what was written, and a last time when the directory and the writes to it are gone.
async fn sync_in_batches(writer: Arc<Writer>, unsynced: Weak<AtomicBool>) {
    let mut interval = tokio::time::interval(BATCH_INTERVAL);
    while let Some(unsynced) = unsynced.upgrade() {
        if unsynced.swap(false, Relaxed) {
            sync(Arc::clone(&writer)).await;
        }
        drop(unsynced);
        interval.tick().await;
    }
    sync(writer).await;
}

async fn sync(writer: Arc<Writer>) {
    match tokio::task::spawn_blocking(move || writer.sync_all()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "log directory not synced"),
        Err(error) => warn!(%error, "log directory not synced"),
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
