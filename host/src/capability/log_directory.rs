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

mod batch;
mod error;
mod group_sync;
mod link;
mod name;
mod named_log;
pub mod quota;
pub mod reader;
mod settings;
mod stats;
#[cfg(test)]
mod tests;
mod volume;
mod writer;

pub use batch::BATCH_INTERVAL;
pub use error::LogError;
pub(super) use link::link;
pub use settings::{Fsync, Settings};
pub use stats::Stats;

use super::held::Held;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use tokio::sync::Semaphore;
use volume::{Folder, Volume};
use writer::Writer;

/// Writes of one component at a time. Beyond this more threads do not make the disk faster.
const CONCURRENCY: usize = 32;

/// Bytes of entries and lines that a component's directory holds until they are written.
pub const MAX_HELD: u32 = 64 << 20;

/// The log directory of one component.
#[derive(Debug)]
pub struct LogDirectory {
    writer: Arc<Writer>,
    places: Arc<Semaphore>,
    /// What is on its way.
    held: Held,
    /// Set where `batch` has something to sync.
    unsynced: Option<Arc<AtomicBool>>,
    stats: Arc<Stats>,
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
            let batches = batch::sync_in_batches(Arc::clone(&writer), Arc::downgrade(&unsynced));
            tokio::spawn(batches);
            unsynced
        });
        let places = Arc::new(Semaphore::new(CONCURRENCY));
        Ok(Self {
            writer,
            places,
            held: Held::new(MAX_HELD),
            unsynced,
            stats,
        })
    }

    /// What it holds and what was done with it.
    pub fn stats(&self) -> &Arc<Stats> {
        &self.stats
    }

    /// How it is kept.
    pub fn settings(&self) -> &Settings {
        &self.writer.settings
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
            batch::sync(Arc::clone(&self.writer)).await;
        }
    }

    /// Runs work that holds so many bytes, which it does to its end, also if nobody waits for it.
    async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce(&Writer) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let held = self.held.hold(bytes).ok_or(LogError::Busy)?;
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
