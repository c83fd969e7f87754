//! Why nothing was written.

use std::io;

/// Why nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The name of a log is not of the allowed form.
    #[error("{0}")]
    InvalidName(String),
    /// A line holds a line feed or carriage return.
    #[error("a line cannot hold a line feed or a carriage return")]
    InvalidLine,
    /// An entry or line is longer than allowed.
    #[error("more than the {0} bytes that are allowed")]
    TooLarge(u64),
    /// Too much is being written at once.
    #[error("too many bytes are being written at once; write less at a time")]
    Busy,
    /// The quota is used up and nothing may be removed.
    #[error("the log directory's quota is used up")]
    QuotaExceeded,
    /// The disk is full.
    #[error("there is no space left for the log directory")]
    NoSpace,
    /// The host may not write there.
    #[error("the host has no permission to write to the log directory")]
    Permission,
    /// Another failure of the file system.
    #[error("the log directory failed: {0}")]
    Io(String),
}

impl LogError {
    /// The label under which it is counted; one of a closed set.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => "invalid_name",
            Self::InvalidLine => "invalid_line",
            Self::TooLarge(_) => "too_large",
            Self::Busy => "busy",
            Self::QuotaExceeded => "quota_exceeded",
            Self::NoSpace => "no_space",
            Self::Permission => "permission",
            Self::Io(_) => "io",
        }
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::NoSpace,
            PermissionDenied | ReadOnlyFilesystem => Self::Permission,
            _ => Self::Io(error.to_string()),
        }
    }
}
