//! How much a component's log directory may hold.
//!
//! What is there is counted by a listing at the start and kept up to date by what this process
//! does. Replicas that share the folder count each for itself: the quota is per process. Where the
//! policy is to remove, the oldest entries go first; named logs are bounded by their rotation and
//! are never removed for an entry's sake.

use super::volume::Listed;
use super::{LogError, name};
use std::collections::BTreeMap;

/// What is done when the quota is used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// The oldest entries are removed.
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

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Usage {
    bytes: u64,
    /// Entries by name, which is by age, with their sizes.
    entries: BTreeMap<String, u64>,
    /// Files of named logs with their sizes.
    logs: BTreeMap<String, u64>,
    /// Bytes and files of writes under way.
    reserved: (u64, u64),
}

impl Usage {
    /// What a listing shows.
    pub(super) fn of(files: impl IntoIterator<Item = Listed>) -> Self {
        let mut usage = Self::default();
        for Listed { name, bytes, .. } in files {
            usage.set(name, bytes);
        }
        usage
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn files(&self) -> u64 {
        (self.entries.len() + self.logs.len()) as u64
    }

    /// A file has this size now.
    pub(super) fn set(&mut self, file: String, bytes: u64) {
        let kind = if name::is_entry(&file) {
            &mut self.entries
        } else {
            &mut self.logs
        };
        let before = kind.insert(file, bytes).unwrap_or_default();
        self.bytes = (self.bytes + bytes).saturating_sub(before);
    }

    /// A file is gone.
    pub(super) fn remove(&mut self, file: &str) {
        let kind = if name::is_entry(file) {
            &mut self.entries
        } else {
            &mut self.logs
        };
        let bytes = kind.remove(file).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Reserves room for `bytes` more in `files` more files until [`Usage::release`]: names the
    /// entries that must go for it, which are no longer counted. Changes nothing if it fails.
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

    /// The oldest entries that have so many bytes and files together, if there are as many.
    fn oldest(&self, mut bytes: u64, mut files: u64) -> Option<Vec<String>> {
        let mut names = Vec::new();
        let mut entries = self.entries.iter();
        while bytes > 0 || files > 0 {
            let (name, size) = entries.next()?;
            bytes = bytes.saturating_sub(*size);
            files = files.saturating_sub(1);
            names.push(name.clone());
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
