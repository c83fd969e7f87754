//! Writes entries and lines; blocks, so it is called on threads made for that.
//!
//! An entry is written under a temporary name, synced, and then *linked* to its own name: it
//! appears whole or not at all, and never in the place of another replica's. Lines are the matter
//! of [`NamedLog`]. Both are acknowledged after the syncs that the policy asks for; syncs of the
//! folder, and of one log, are shared by all that want one at the same time.

use super::group_sync::GroupSync;
use super::name::{self, EntryNames};
use super::named_log::NamedLog;
use super::quota::{Retention, Usage};
use super::volume::Volume;
use super::{Fsync, LogError, Settings, Stats};
use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tracing::warn;

/// Begins the names of files that are not entries yet.
const TEMPORARY: &str = ".tmp_";
/// Age from which a temporary file of this host is left over from an earlier process.
const OWN_LEFTOVER: Duration = Duration::from_secs(10);
/// Age from which any temporary file is left over.
const LEFTOVER: Duration = Duration::from_secs(3600);
/// How often a name that is taken is followed by the next.
const MAX_NAMES: usize = 1000;
/// Named logs that are kept open; each has a file descriptor.
const MAX_OPEN: usize = 64;

/// Writes into one component's folder.
pub(super) struct Writer {
    volume: Box<dyn Volume>,
    pub(super) settings: Settings,
    names: EntryNames,
    usage: Mutex<Usage>,
    folder_sync: GroupSync,
    logs: Mutex<HashMap<String, Arc<NamedLog>>>,
    stats: Arc<Stats>,
}

impl Writer {
    /// Counts what is there and removes what an earlier process left unfinished.
    pub(super) fn new(
        volume: Box<dyn Volume>,
        host: &str,
        settings: Settings,
        stats: Arc<Stats>,
    ) -> io::Result<Self> {
        let names = EntryNames::new(host);
        let mut files = volume.list()?;
        let own = format!("{TEMPORARY}{}_", names.host());
        files.retain(|file| {
            let age = SystemTime::now()
                .duration_since(file.modified)
                .unwrap_or_default();
            let old = age > LEFTOVER || age > OWN_LEFTOVER && file.name.starts_with(&own);
            if file.name.starts_with(TEMPORARY) && old {
                // Whoever removed it before did the same.
                let _ = volume.remove(&file.name);
            }
            !file.name.starts_with(TEMPORARY)
        });
        let usage = Usage::of(files);
        stats.set_usage(&usage);
        Ok(Self {
            volume,
            settings,
            names,
            usage: Mutex::new(usage),
            folder_sync: GroupSync::default(),
            logs: Mutex::default(),
            stats,
        })
    }

    /// Writes an entry, whose size was checked, and returns its name.
    pub(super) fn write_entry(&self, contents: &[u8]) -> Result<String, LogError> {
        let name = self.within_quota(0, contents.len() as u64, || self.publish(contents))?;
        self.stats.entries.fetch_add(1, Relaxed);
        if self.settings.fsync == Fsync::Entry {
            self.sync_folder()?;
        }
        Ok(name)
    }

    fn publish(&self, contents: &[u8]) -> io::Result<String> {
        let mut name = self.names.next();
        // The process is in it, so that no other removes or takes it.
        let temporary = format!(
            "{TEMPORARY}{}_{}_{name}",
            self.names.host(),
            std::process::id()
        );
        let synced = self.settings.fsync == Fsync::Entry;
        let written = self.volume.create(&temporary, contents, synced);
        let linked = written.and_then(|()| self.link(&temporary, &mut name));
        if let Err(error) = self.volume.remove(&temporary)
            && linked.is_ok()
        {
            // The entry is there. A later start removes its other name.
            warn!(temporary, %error, "temporary file not removed");
        }
        linked.map(|()| name)
    }

    /// Links to `name`, or to the next that is free.
    fn link(&self, temporary: &str, name: &mut String) -> io::Result<()> {
        for _ in 0..MAX_NAMES {
            match self.volume.link(temporary, name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    *name = self.names.next();
                }
                linked => return linked,
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Appends a line, which was checked, to the log called `log`.
    pub(super) fn append_line(&self, log: &str, line: &str) -> Result<(), LogError> {
        let file = name::log_file(log)?;
        let line = format!("{line}\n");
        self.log(&file).append(self, &file, line.as_bytes())?;
        self.stats.lines.fetch_add(1, Relaxed);
        Ok(())
    }

    fn log(&self, file: &str) -> Arc<NamedLog> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = logs.get(file) {
            return Arc::clone(log);
        }
        if logs.len() >= MAX_OPEN {
            logs.retain(|_, log| Arc::strong_count(log) > 1);
        }
        Arc::clone(logs.entry(file.to_owned()).or_default())
    }

    pub(super) fn volume(&self) -> &dyn Volume {
        &*self.volume
    }

    /// Runs `write`, which adds `bytes` to a file of `size` bytes and returns its name, if there
    /// is room for them or room can be made.
    pub(super) fn within_quota(
        &self,
        size: u64,
        bytes: u64,
        write: impl FnOnce() -> io::Result<String>,
    ) -> Result<String, LogError> {
        let files = u64::from(size == 0);
        self.make_room(bytes, files)?;
        let written = write();
        self.count(|usage| {
            usage.release(bytes, files);
            if let Ok(name) = &written {
                usage.set(name.clone(), size + bytes);
            }
        });
        Ok(written?)
    }

    /// Reserves room and removes what must go for it. What is counted stays locked meanwhile, so
    /// that no log is rotated and each name is that of the file that was meant.
    fn make_room(&self, bytes: u64, files: u64) -> Result<(), LogError> {
        self.count(|usage| {
            let oldest = usage.reserve(&self.settings.quota, bytes, files)?;
            oldest.iter().for_each(|name| self.remove_old(name));
            Ok(())
        })
    }

    /// Whether so many bytes may ever find room by the removal of what is older.
    pub(super) fn may_remove_for(&self, bytes: u64) -> bool {
        let quota = &self.settings.quota;
        quota.retention == Retention::RemoveOldest && bytes <= quota.bytes
    }

    /// Gives a file of a log another name and counts it under that.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.count(|usage| {
            match self.volume.rename(from, to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                renamed => renamed?,
            }
            usage.remove(from);
            if let Some(renamed) = self.volume.look(to)? {
                usage.found(renamed);
            }
            Ok(())
        })
    }

    /// Removes a file that is not to be kept and counts it no longer.
    pub(super) fn discard(&self, name: &str) -> io::Result<()> {
        self.count(|usage| {
            match self.volume.remove(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed?,
            }
            usage.remove(name);
            Ok(())
        })
    }

    /// Removes a file that must make room; it is no longer counted.
    fn remove_old(&self, name: &str) {
        match self.volume.remove(name) {
            Ok(()) => _ = self.stats.removed.fetch_add(1, Relaxed),
            // Another replica was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => warn!(file = name, %error, "old file not removed"),
        }
    }

    /// Removes a file that came to nothing.
    pub(super) fn remove(&self, name: &str) {
        if let Err(error) = self.volume.remove(name) {
            warn!(file = name, %error, "empty log not removed");
        }
    }

    fn count<T>(&self, change: impl FnOnce(&mut Usage) -> T) -> T {
        let mut usage = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut usage);
        self.stats.set_usage(&usage);
        changed
    }

    /// Makes the names durable; shared by all who want that at the same time.
    pub(super) fn sync_folder(&self) -> io::Result<()> {
        self.folder_sync.sync(|| self.volume.sync_folder())
    }

    /// Makes everything durable that was written so far.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        self.volume.sync_all()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}
