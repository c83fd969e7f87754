//! How much a component's log directory may hold.
//!
//! What is there is counted by a listing at the start and kept up to date by what this process
//! does. Replicas that share the folder count each for itself: the quota is per process.
//!
//! Where the policy is to remove, the oldest files go first, entries and rotated files alike: an
//! entry is as old as its name says, a rotated file as its last line. The newest file of each named
//! log stays, and so does what others put into the folder.

use super::volume::Listed;
use super::{LogError, name};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

/// What is done when the quota is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// The oldest entries and rotated files are removed.
    #[default]
    RemoveOldest,
    /// The write is refused.
    Refuse,
}

/// What a directory may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes over all files.
    pub bytes: u64,
    /// Files.
    pub files: u64,
    /// What is done beyond that.
    pub retention: Retention,
}

/// A file that may be removed. The oldest is the least.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Removable {
    /// When it was written, since 1970.
    written: Duration,
    /// Of files that were written at the same time, the one that was rotated more often is older.
    rotations: Reverse<u32>,
    name: String,
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Usage {
    bytes: u64,
    /// Entries and rotated files with their sizes.
    removable: BTreeMap<Removable, u64>,
    /// When rotated files were written, by name; of entries the name says it.
    rotated: HashMap<String, Duration>,
    /// Other files with their sizes.
    kept: BTreeMap<String, u64>,
    /// Bytes and files of writes under way.
    reserved: (u64, u64),
}

impl Usage {
    /// What a listing shows.
    pub(super) fn of(files: impl IntoIterator<Item = Listed>) -> Self {
        let mut usage = Self::default();
        files.into_iter().for_each(|file| usage.found(file));
        usage
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn files(&self) -> u64 {
        (self.removable.len() + self.kept.len()) as u64
    }

    /// A file is there, as a listing shows it.
    pub(super) fn found(&mut self, file: Listed) {
        if name::rotations(&file.name).is_some() {
            self.remove(&file.name);
            let written = file.modified.duration_since(UNIX_EPOCH);
            let written = written.unwrap_or_default();
            self.rotated.insert(file.name.clone(), written);
        }
        self.set(file.name, file.bytes);
    }

    /// An entry or a named log has this size now.
    pub(super) fn set(&mut self, file: String, bytes: u64) {
        let before = match self.removable(&file) {
            Some(removable) => self.removable.insert(removable, bytes),
            None => self.kept.insert(file, bytes),
        };
        self.bytes = (self.bytes + bytes).saturating_sub(before.unwrap_or_default());
    }

    /// A file is gone.
    pub(super) fn remove(&mut self, file: &str) {
        let bytes = match self.removable(file) {
            Some(removable) => self.removable.remove(&removable),
            None => self.kept.remove(file),
        };
        self.rotated.remove(file);
        self.bytes = self.bytes.saturating_sub(bytes.unwrap_or_default());
    }

    /// The file as one that may be removed, if it may.
    fn removable(&self, file: &str) -> Option<Removable> {
        let (written, rotations) = match name::written(file) {
            Some(written) => (written, 0),
            None => (*self.rotated.get(file)?, name::rotations(file)?),
        };
        Some(Removable {
            written,
            rotations: Reverse(rotations),
            name: file.to_owned(),
        })
    }

    /// Reserves room for `bytes` more in `files` more files until [`Usage::release`]: names the
    /// files that must go for it, which are no longer counted. Changes nothing if it fails.
    pub(super) fn reserve(
        &mut self,
        quota: &Quota,
        bytes: u64,
        files: u64,
    ) -> Result<Vec<String>, LogError> {
        let over_bytes = (self.bytes + self.reserved.0 + bytes).saturating_sub(quota.bytes);
        let over_files = (self.files() + self.reserved.1 + files).saturating_sub(quota.files);
        if quota.retention == Retention::Refuse && over_bytes + over_files > 0 {
            return Err(LogError::QuotaExceeded);
        }
        let oldest = self
            .oldest(over_bytes, over_files)
            .ok_or(LogError::QuotaExceeded)?;
        oldest.iter().for_each(|name| self.remove(name));
        self.reserved = (self.reserved.0 + bytes, self.reserved.1 + files);
        Ok(oldest)
    }

    /// Ends a reservation, whether it was used or not.
    pub(super) fn release(&mut self, bytes: u64, files: u64) {
        let (reserved_bytes, reserved_files) = self.reserved;
        self.reserved = (
            reserved_bytes.saturating_sub(bytes),
            reserved_files.saturating_sub(files),
        );
    }

    /// The oldest files that have so many bytes and files together, if there are as many.
    fn oldest(&self, mut bytes: u64, mut files: u64) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut removable = self.removable.iter();
        while bytes > 0 || files > 0 {
            let (oldest, size) = removable.next()?;
            bytes = bytes.saturating_sub(*size);
            files = files.saturating_sub(1);
            names.push(oldest.name.clone());
        }
        Some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage() -> Usage {
        let mut usage = Usage::default();
        for n in 1..=3 {
            usage.set(format!("log_{n}.000000000_h-1.txt"), 10);
        }
        usage.set("a.log".into(), 10);
        usage
    }

    fn quota(bytes: u64, files: u64, retention: Retention) -> Quota {
        Quota {
            bytes,
            files,
            retention,
        }
    }

    #[test]
    fn the_oldest_entries_go_first_and_named_logs_stay() {
        let mut usage = usage();
        let removed = usage
            .reserve(&quota(45, 100, Retention::RemoveOldest), 20, 1)
            .unwrap();
        assert_eq!(
            removed,
            ["log_1.000000000_h-1.txt", "log_2.000000000_h-1.txt"]
        );
        assert_eq!((usage.bytes(), usage.files()), (20, 2));
        usage.release(20, 1);
        let removed = usage
            .reserve(&quota(100, 2, Retention::RemoveOldest), 1, 1)
            .unwrap();
        assert_eq!(removed, ["log_3.000000000_h-1.txt"]);
    }

    #[test]
    fn rotated_files_go_by_their_age_as_entries_do() {
        let mut usage = usage();
        for (name, second) in [
            ("a.log.1", 2),
            ("a.log.2", 2),
            ("b.log.10", 1),
            ("b.log", 0),
        ] {
            usage.found(Listed {
                name: name.into(),
                bytes: 10,
                modified: UNIX_EPOCH + Duration::from_millis(second * 1000 + 500),
            });
        }
        assert_eq!((usage.bytes(), usage.files()), (80, 8));
        let quota = quota(80, 100, Retention::RemoveOldest);
        let removed = usage.reserve(&quota, 60, 1).unwrap();
        let [first, second, third] = [1, 2, 3].map(|n| format!("log_{n}.000000000_h-1.txt"));
        let oldest = [&first, "b.log.10", &second, "a.log.2", "a.log.1", &third];
        assert_eq!(removed, oldest);
        assert_eq!((usage.bytes(), usage.files()), (20, 2));
        assert!(usage.reserve(&quota, 1, 0).is_err(), "named logs stay");
    }

    #[test]
    fn what_cannot_be_had_removes_nothing() {
        let mut usage = usage();
        let full = usage.reserve(&quota(45, 100, Retention::RemoveOldest), 40, 1);
        assert!(matches!(full, Err(LogError::QuotaExceeded)));
        assert_eq!((usage.bytes(), usage.files()), (40, 4));
    }

    #[test]
    fn what_is_reserved_is_taken_until_it_is_released() {
        let mut usage = usage();
        let quota = quota(60, 100, Retention::Refuse);
        assert!(usage.reserve(&quota, 20, 1).is_ok());
        assert!(usage.reserve(&quota, 20, 1).is_err());
        usage.release(20, 1);
        assert!(usage.reserve(&quota, 20, 1).is_ok());
    }

    #[test]
    fn the_refusing_policy_removes_nothing() {
        let mut usage = usage();
        let full = usage.reserve(&quota(45, 100, Retention::Refuse), 10, 1);
        assert!(matches!(full, Err(LogError::QuotaExceeded)));
        assert_eq!((usage.bytes(), usage.files()), (40, 4));
        assert!(
            usage
                .reserve(&quota(50, 100, Retention::Refuse), 10, 1)
                .unwrap()
                .is_empty()
        );
    }
}
