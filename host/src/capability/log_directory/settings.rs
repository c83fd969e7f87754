//! How a component's log directory is kept.

use super::LogError;
use super::quota::Quota;

/// When writes are made durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fsync {
    /// Before they are acknowledged.
    #[default]
    Entry,
    /// Together, within [`BATCH_INTERVAL`](super::BATCH_INTERVAL).
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
    pub(super) fn check_entry(&self, bytes: usize) -> Result<(), LogError> {
        match bytes as u64 > self.max_entry {
            true => Err(LogError::TooLarge(self.max_entry)),
            false => Ok(()),
        }
    }

    /// Whether this may be a line.
    pub(super) fn check_line(&self, line: &str) -> Result<(), LogError> {
        if line.len() as u64 >= self.max_line {
            return Err(LogError::TooLarge(self.max_line));
        }
        match line.contains(['\n', '\r']) {
            true => Err(LogError::InvalidLine),
            false => Ok(()),
        }
    }
}
