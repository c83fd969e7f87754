//! Where copies of files lie: a folder for each host, and in it one for each copy.
//!
//! Problem: hosts may share a state directory, a host may load a component anew while an old copy
//! is still in use, and a host that is killed removes nothing. Mechanism: a host makes a folder
//! with a name of its own and holds a lock on a file beside it as long as it lives; a copy gets the
//! next number in there. Each start removes the folders of which nobody holds the lock. Limit: on
//! a file system without locks nothing is removed but by its own host.

use super::FilesError;
use crate::capability::folder;
use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tracing::{debug, warn};

/// Ends the name of the file that says whether a folder is in use.
const LOCK: &str = "lock";

/// A host's folder of copies, which is removed with it.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    next: AtomicU64,
    /// Locked as long as it is open.
    _lock: File,
}

impl Scratch {
    /// Makes a folder in `root`, which is made if it is not there.
    pub fn new(root: &Path) -> Result<Self, FilesError> {
        let failed = |source| FilesError::Copy {
            path: root.to_owned(),
            source,
        };
        folder::create(root, 0o700).map_err(failed)?;
        loop {
            if let Some(scratch) = Self::try_new(root).map_err(failed)? {
                return Ok(scratch);
            }
        }
    }

    /// None if another start took the lock before this one did, for one that is left over.
    fn try_new(root: &Path) -> io::Result<Option<Self>> {
        let suffix = format!(".{LOCK}");
        let mut lock = tempfile::Builder::new();
        let lock = lock.prefix("").suffix(&suffix).tempfile_in(root)?;
        let (lock, path) = lock.keep()?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => debug!(%error, "copies of files are not locked"),
            Ok(()) => {}
        }
        if lock.metadata()?.nlink() == 0 {
            return Ok(None);
        }
        let folder = path.with_extension("");
        fs::create_dir(&folder)?;
        Ok(Some(Self {
            folder,
            next: AtomicU64::new(0),
            _lock: lock,
        }))
    }

    /// A new folder for a copy of the files of `component`.
    pub(super) fn folder(&self, component: &str) -> Result<PathBuf, FilesError> {
        let number = self.next.fetch_add(1, Relaxed);
        let folder = self.folder.join(format!("{component}-{number}"));
        match fs::create_dir_all(&folder) {
            Ok(()) => Ok(folder),
            Err(source) => Err(FilesError::Copy {
                path: folder,
                source,
            }),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

/// Removes what is left in `root` of hosts that have ended. Failing to is logged.
pub fn remove_dead(root: &Path) {
    // There is none before the first copy.
    let Ok(entries) = fs::read_dir(root) else {
        return;
    };
    for entry in entries.flatten() {
        remove_if_dead(&entry.path().with_extension(""));
    }
}

fn remove_if_dead(folder: &Path) {
    let lock = match File::open(lock_of(folder)) {
        Ok(lock) if lock.try_lock().is_ok() => Some(lock),
        // A folder is made after its lock and removed before it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        _ => return,
    };
    remove(folder);
    // Not before: whoever has just made it then sees that it is gone.
    drop(lock);
}

fn lock_of(folder: &Path) -> PathBuf {
    folder.with_extension(LOCK)
}

/// Removes the folder, and then its lock.
fn remove(folder: &Path) {
    for removed in [fs::remove_dir_all(folder), fs::remove_file(lock_of(folder))] {
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                warn!(folder = %folder.display(), %error, "copies of files not removed");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::files::{copy, selection::Selection};
    use std::sync::Arc;

    fn entries(root: &Path) -> usize {
        fs::read_dir(root).unwrap().count()
    }

    #[test]
    fn copies_of_one_component_never_share_a_folder() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Arc::new(Scratch::new(root.path()).unwrap());
        let selection = Selection::default();
        let old = copy(&selection, "app", &scratch).unwrap();
        let new = copy(&selection, "app", &scratch).unwrap();
        drop(old);
        assert!(new.folder().is_dir());
        drop((new, scratch));
        assert_eq!(entries(root.path()), 0, "all is removed with the host");
    }

    #[test]
    fn only_what_nobody_uses_any_more_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let one = Scratch::new(root.path()).unwrap();
        let other = Scratch::new(root.path()).unwrap();
        assert_ne!(one.folder, other.folder);
        // Left over by a host that was killed, and by one from before there were locks.
        fs::write(root.path().join("killed.lock"), "").unwrap();
        fs::create_dir_all(root.path().join("killed/app-0")).unwrap();
        fs::create_dir_all(root.path().join("app/1")).unwrap();
        remove_dead(root.path());
        assert!(one.folder.is_dir() && other.folder.is_dir());
        assert_eq!(entries(root.path()), 4, "two folders and their locks");
    }
}
