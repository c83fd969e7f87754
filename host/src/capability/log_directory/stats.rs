//! What a log directory holds and what was done with it, for metrics.

use super::quota::Usage;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a directory holds and what was done with it.
#[derive(Debug, Default)]
pub struct Stats {
    bytes: AtomicU64,
    files: AtomicU64,
    pub(super) entries: AtomicU64,
    pub(super) lines: AtomicU64,
    pub(super) removed: AtomicU64,
}

impl Stats {
    pub(super) fn set_usage(&self, usage: &Usage) {
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

    /// Files removed to make room since the start.
    pub fn removed(&self) -> u64 {
        self.removed.load(Relaxed)
    }
}
