//! Named logs: files to which whole lines are appended, rotated by size, and before they reach it
//! where the directory is full and nothing but the newest file is left to make room.
//!
//! Others may append to and rotate the same log: a replica that shares the folder, or this
//! process's next generation. So a line is appended under a lock of the file itself, after a look
//! whether the file still has the log's name, and what is synced is the file that the line went
//! to, whatever it is called by then. Only who has the lock of the file that has the log's name
//! rotates, so each rotation happens once.
//!
//! A line that a crash or a full disk cut short was never acknowledged. It stays, as a line of its
//! own: the next one begins after a line feed.

use super::group_sync::GroupSync;
use super::volume::{LogFile, Volume};
use super::writer::Writer;
use super::{Fsync, LogError};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

/// A log that lines are appended to.
#[derive(Default)]
pub(super) struct NamedLog {
    /// Also keeps this process's callers in line. Empty before the first one.
    open: Mutex<Option<Arc<Open>>>,
}

/// A file that has or had the log's name.
struct Open {
    file: Box<dyn LogFile>,
    sync: GroupSync,
    /// Whether the folder was synced since the file was opened, so that its name is durable.
    is_named: AtomicBool,
}

/// Ends the lock when dropped.
struct Locked<'f>(&'f dyn LogFile);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

impl Open {
    fn new(volume: &dyn Volume, name: &str) -> io::Result<Self> {
        let file = volume.open_log(name)?;
        Ok(Self {
            file,
            sync: GroupSync::default(),
            is_named: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> io::Result<Locked<'_>> {
        self.file.lock()?;
        Ok(Locked(&*self.file))
    }

    /// Whether the line was appended; if not, the log has another file now.
    fn append(&self, writer: &Writer, name: &str, line: &[u8]) -> Result<bool, LogError> {
        let locked = self.lock()?;
        if !self.file.is_current()? {
            return Ok(false);
        }
        let size = self.file.size()?;
        if size > 0 && size + line.len() as u64 > writer.settings.rotate_bytes {
            Self::rotate(writer, name)?;
            return Ok(false);
        }
        let line = match self.file.is_torn()? {
            true => [b"\n", line].concat(),
            false => line.to_vec(),
        };
        let bytes = line.len() as u64;
        let written = writer.within_quota(size, bytes, || {
            self.file.append(&line)?;
            Ok(name.to_owned())
        });
        if size > 0 && written == Err(LogError::QuotaExceeded) && writer.may_remove_for(bytes) {
            // What stands in the way is this file, which only a rotated one may make room for.
            Self::rotate(writer, name)?;
            return Ok(false);
        }
        if written.is_err() && size == 0 {
            // A name that a guest made up must not cost a file.
            writer.remove(name);
        }
        drop(locked);
        written.map(|_| true)
    }

    /// Moves `x.log` to `x.log.1`, that to `x.log.2`, and so on; the last one goes. Lines in it
    /// that wait for a sync keep the file itself, so they need no other name for that. Where none
    /// is kept, `x.log` goes itself.
    fn rotate(writer: &Writer, name: &str) -> io::Result<()> {
        let keep = writer.settings.rotate_keep;
        if keep == 0 {
            return writer.discard(name);
        }
        let numbered = |n: u32| match n {
            0 => name.to_owned(),
            n => format!("{name}.{n}"),
        };
        for n in (0..keep).rev() {
            writer.rename(&numbered(n), &numbered(n + 1))?;
        }
        Ok(())
    }

    /// Makes what was appended durable, as the policy asks for.
    fn sync(&self, writer: &Writer) -> io::Result<()> {
        if writer.settings.fsync != Fsync::Entry {
            return Ok(());
        }
        self.sync.sync(|| self.file.sync())?;
        if !self.is_named.load(SeqCst) {
            writer.sync_folder()?;
            self.is_named.store(true, SeqCst);
        }
        Ok(())
    }
}

impl NamedLog {
    /// Appends `line`, which ends in a line feed, to the file called `name`.
    pub(super) fn append(&self, writer: &Writer, name: &str, line: &[u8]) -> Result<(), LogError> {
        let mut current = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let open = match &*current {
                Some(open) => Arc::clone(open),
                None => Arc::clone(current.insert(Arc::new(Open::new(writer.volume(), name)?))),
            };
            if open.append(writer, name, line)? {
                drop(current);
                return Ok(open.sync(writer)?);
            }
            *current = None;
        }
    }
}
