//! Writes entries and lines; blocks, so it is called on threads made for that.
//!
//! An entry is written under a temporary name, synced, and then *linked* to its own name: it
//! appears whole or not at all, and never in the place of another replica's. A line is appended by
//! one write under a lock of its log. Both are acknowledged after the syncs that the policy asks
//! for; syncs of the folder, and of one log, are shared by all that want one at the same time.

use super::group_sync::GroupSync;
use super::name::{self, EntryNames};
use super::quota::Usage;
use super::volume::Volume;
use super::{Fsync, LogError, Settings, Stats};
use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Writes into one component's folder.
pub(super) struct Writer {
    volume: Box<dyn Volume>,
    settings: Settings,
    names: EntryNames,
    usage: Mutex<Usage>,
    folder_sync: GroupSync,
    logs: Mutex<HashMap<String, Arc<NamedLog>>>,
    stats: Arc<Stats>,
}

/// A log that lines are appended to.
#[derive(Debug, Default)]
struct NamedLog {
    /// Held while a line is appended or the log is rotated.
    appending: Mutex<()>,
    sync: GroupSync,
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
            let age = SystemTime::now().duration_since(file.modified).unwrap_or_default();
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

    /// Writes an entry and returns its name.
    pub(super) fn write_entry(&self, contents: &[u8]) -> Result<String, LogError> {
        let bytes = contents.len() as u64;
        if bytes > self.settings.max_entry {
            return Err(LogError::TooLarge(self.settings.max_entry));
        }
        self.make_room(bytes, 1)?;
        let published = self.publish(contents);
        let published = published.and_then(|name| {
            self.stats.entries.fetch_add(1, Relaxed);
            self.count(|usage| usage.set(name.clone(), bytes));
            self.sync_folder().map(|()| name)
        });
        published.map_err(|error| LogError::from_io(&error))
    }

    fn publish(&self, contents: &[u8]) -> io::Result<String> {
        let mut name = self.names.next();
        // The process is in it, so that no other removes or takes it.
        let temporary =
            format!("{TEMPORARY}{}_{}_{name}", self.names.host(), std::process::id());
        let synced = self.settings.fsync == Fsync::Entry;
        let written = self.volume.create(&temporary, contents, synced);
        let linked = written.and_then(|()| self.link(&temporary, &mut name));
        let removed = self.volume.remove(&temporary);
        linked.and(removed).map(|()| name)
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

    /// Appends a line to the log called `log`.
    pub(super) fn append_line(&self, log: &str, line: &str) -> Result<(), LogError> {
        let file = name::log_file(log)?;
        if line.contains(['\n', '\r']) {
            return Err(LogError::InvalidLine);
        }
        if line.len() as u64 >= self.settings.max_line {
            return Err(LogError::TooLarge(self.settings.max_line));
        }
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        let log = self.log(&file).map_err(|error| LogError::from_io(&error))?;
        self.append(&log, &file, &bytes)?;
        self.stats.lines.fetch_add(1, Relaxed);
        self.sync_log(&log, &file).map_err(|error| LogError::from_io(&error))
    }

    fn append(&self, log: &NamedLog, file: &str, bytes: &[u8]) -> Result<(), LogError> {
        let appending = log.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let io = |error: io::Error| LogError::from_io(&error);
        let size = self.volume.size(file).map_err(io)?;
        if size > 0 && size + bytes.len() as u64 > self.settings.rotate_bytes {
            self.rotate(file).map_err(io)?;
        }
        self.make_room(bytes.len() as u64, u64::from(size == 0))?;
        let size = self.volume.append(file, bytes).map_err(io)?;
        self.count(|usage| usage.set(file.to_owned(), size));
        drop(appending);
        Ok(())
    }

    /// The log of a file; one seen for the first time may end in a line that a crash cut short.
    fn log(&self, file: &str) -> io::Result<Arc<NamedLog>> {
        let mut logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(log) = logs.get(file) {
            return Ok(Arc::clone(log));
        }
        if self.volume.is_torn(file)? {
            // It was never acknowledged; the next line must not become a part of it.
            let size = self.volume.append(file, b"\n")?;
            self.count(|usage| usage.set(file.to_owned(), size));
        }
        let log = Arc::<NamedLog>::default();
        logs.insert(file.to_owned(), Arc::clone(&log));
        Ok(log)
    }

    /// Moves `x.log` to `x.log.1`, that to `x.log.2`, and so on; the last one goes.
    fn rotate(&self, file: &str) -> io::Result<()> {
        if self.settings.fsync != Fsync::None {
            // Lines in it may wait for a sync, which will look for them in the new file.
            self.volume.sync_file(file)?;
        }
        let numbered = |n: u32| match n {
            0 => file.to_owned(),
            n => format!("{file}.{n}"),
        };
        for n in (0..self.settings.rotate_keep.max(1)).rev() {
            let (from, to) = (numbered(n), numbered(n + 1));
            match self.volume.rename(&from, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                renamed => renamed?,
            }
            let size = self.volume.size(&to)?;
            self.count(|usage| {
                usage.remove(&from);
                usage.set(to, size);
            });
        }
        Ok(())
    }

    fn make_room(&self, bytes: u64, files: u64) -> Result<(), LogError> {
        let removed = self.usage().make_room(&self.settings.quota, bytes, files)?;
        for name in removed {
            self.stats.removed.fetch_add(1, Relaxed);
            match self.volume.remove(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    warn!(entry = name, %error, "old entry not removed");
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Usage)) {
        let mut usage = self.usage();
        change(&mut usage);
        self.stats.set_usage(&usage);
    }

    fn sync_folder(&self) -> io::Result<()> {
        match self.settings.fsync {
            Fsync::Entry => self.folder_sync.sync(|| self.volume.sync_folder()),
            Fsync::Batch | Fsync::None => Ok(()),
        }
    }

    fn sync_log(&self, log: &NamedLog, file: &str) -> io::Result<()> {
        match self.settings.fsync {
            Fsync::Entry => {
                log.sync.sync(|| self.volume.sync_file(file))?;
                self.sync_folder()
            }
            Fsync::Batch | Fsync::None => Ok(()),
        }
    }

    /// Makes everything durable that was written so far.
    pub(super) fn sync_all(&self) -> io::Result<()> {
        self.volume.sync_all()
    }
}
