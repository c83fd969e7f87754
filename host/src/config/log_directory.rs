//! `log_directory`: the folder in which a component may leave entries and named logs.

use super::bounded::Size;
use super::section::section;
use super::setting::choice;
use bytesize::ByteSize;
use std::path::PathBuf;

choice! {
    /// When what a component writes is made durable.
    pub enum Fsync {
        /// Before the write is acknowledged.
        Entry = "entry",
        /// Together with others, soon after.
        Batch = "batch",
        /// When the kernel does.
        None = "none",
    }
}

choice! {
    /// What is done when the quota is used up.
    pub enum Retention {
        /// The oldest entries and rotated files are removed.
        RemoveOldest = "remove-oldest",
        /// The write is refused.
        Refuse = "refuse",
    }
}

/// Most bytes that one entry or line may be allowed. The host holds what it writes in memory, with a
/// bound for each component, and one write must not use that up.
pub const MAX_WRITE: u64 = 32 << 20;

section! {
    /// How a component's log directory is kept.
    pub struct LogDirectory / LogDirectoryLayer {
        /// When writes are made durable: `entry` before each is acknowledged, `batch` together
        /// within a fraction of a second, `none` when the kernel does.
        fsync: Fsync = Fsync::Entry,
        /// Bytes that the directory may hold.
        max_bytes: ByteSize = ByteSize::mib(256),
        /// Files that the directory may hold.
        max_files: u32 = 100_000,
        /// Bytes of one entry, at most 32 MiB.
        max_entry: Size<0, MAX_WRITE> = Size::bytes(1 << 20),
        /// Bytes of one line of a named log, at most 32 MiB.
        max_line: Size<0, MAX_WRITE> = Size::bytes(64 << 10),
        /// What is done when the directory is full: `remove-oldest` removes the oldest entries and
        /// rotated files, but not the newest file of a named log; `refuse` gives the component an
        /// error.
        retention: Retention = Retention::RemoveOldest,
        /// Size from which on a named log is rotated.
        rotate_bytes: ByteSize = ByteSize::mib(10),
        /// Rotated files that are kept of each named log; with 0 none is.
        rotate_keep: u32 = 5,
        /// Whether entries also go to the host's own log.
        mirror: bool = false,
    }
}

section! {
    /// Where the components' log directories lie.
    pub struct LogRoot / LogRootLayer {
        /// The folder in which each component has one of its own. Without it `log` in the state
        /// directory.
        root: PathBuf,
    }
}
