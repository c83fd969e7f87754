//! What every backend of key-value storage does, and how it can fail. Knows neither WIT nor the
//! engine.
//!
//! A write that is acknowledged is durable as the backend defines it. Backends are variants of
//! [`Store`] rather than trait objects, so that an operation that does not wait costs no
//! allocation.

use super::redb::RedbStore;
use super::redis::RedisStore;
use std::io;
use std::path::PathBuf;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 4096;
/// Longest value, in bytes.
pub const MAX_VALUE: usize = 64 << 20;
/// Bytes that one answer may have, over all its keys and values.
pub const MAX_ANSWER: usize = 64 << 20;
/// Bytes of writes that a store holds until they are done.
pub const MAX_HELD: u32 = 256 << 20;
/// Keys that one page of a listing holds.
pub const PAGE: usize = 1000;

/// An open store.
#[derive(Clone, Debug)]
pub enum Store {
    /// Embedded in this process.
    Redb(RedbStore),
    /// In a server that other hosts may share.
    Redis(RedisStore),
}

/// Why an operation failed. Nothing was changed, unless it says otherwise.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The key is too long.
    #[error("the key has {0} bytes; {MAX_KEY} are allowed")]
    KeyTooLong(usize),
    /// The value is too large.
    #[error("the value has {0} bytes; {MAX_VALUE} are allowed")]
    ValueTooLarge(usize),
    /// An answer would be too large.
    #[error(
        "the answer has more than the {MAX_ANSWER} bytes that are allowed; ask for less at once"
    )]
    AnswerTooLarge,
    /// Too much is being written at once.
    #[error("too many bytes are being written at once; write less at a time")]
    Busy,
    /// An increment of something that is not a number.
    #[error("the value is not a decimal number of 64 bits")]
    NotANumber,
    /// The disk is full.
    #[error("there is no space left for the store")]
    NoSpace,
    /// Another process has the store's file.
    #[error(
        "{0} is in use by another process, and only one at a time can have it: stop that one, or choose another state directory"
    )]
    Locked(PathBuf),
    /// The storage failed and is being opened again.
    #[error("the store is being opened again after a failure")]
    Unavailable,
    /// The server cannot be reached or does not answer. A write may or may not be there.
    #[error("Redis at {address} {why}")]
    Unreachable {
        /// Its host and port.
        address: String,
        /// What was seen of it.
        why: String,
    },
    /// The listing does not go on from there.
    #[error("this is no cursor that a listing of this store gave")]
    InvalidCursor,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The storage failed. A write may or may not be there after a restart.
    #[error("the store failed: {0}")]
    Io(String),
}

impl StoreError {
    /// What [`StoreError::reason`] can be.
    pub const REASONS: [&str; 11] = [
        "key_too_long",
        "value_too_large",
        "answer_too_large",
        "busy",
        "not_a_number",
        "no_space",
        "locked",
        "unavailable",
        "invalid_cursor",
        "closed",
        "io",
    ];

    /// The label under which it is counted; one of a closed set.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::KeyTooLong(_) => "key_too_long",
            Self::ValueTooLarge(_) => "value_too_large",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Busy => "busy",
            Self::NotANumber => "not_a_number",
            Self::NoSpace => "no_space",
            Self::Locked(_) => "locked",
            Self::Unavailable | Self::Unreachable { .. } => "unavailable",
            Self::InvalidCursor => "invalid_cursor",
            Self::Closed => "closed",
            Self::Io(_) => "io",
        }
    }

    /// Whether the guest asked for what cannot be, which is no matter for the host's log.
    pub fn is_guests_own(&self) -> bool {
        matches!(
            self,
            Self::KeyTooLong(_)
                | Self::ValueTooLarge(_)
                | Self::AnswerTooLarge
                | Self::NotANumber
                | Self::InvalidCursor
        )
    }

    pub(super) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            _ => Self::Io(error.to_string()),
        }
    }
}

/// A part of a listing, in whatever order the backend has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The keys.
    pub keys: Vec<String>,
    /// Where the listing goes on, if it does.
    pub next: Option<String>,
}

/// What a compare-and-swap found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swapped {
    /// What was expected; the new value is there now.
    Done,
    /// Something else, which is left as it was.
    Found(Option<Vec<u8>>),
}

impl Store {
    /// The value of a key.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        check(key, &[])?;
        match self {
            Self::Redb(store) => store.get(key),
            Self::Redis(store) => store.get(key).await,
        }
    }

    /// The values of several keys, in their order and as they were together at one time; at most
    /// [`MAX_ANSWER`] bytes.
    pub async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        keys.iter().try_for_each(|key| check(key, &[]))?;
        match self {
            Self::Redb(store) => store.get_many(keys),
            Self::Redis(store) => store.get_many(keys).await,
        }
    }

    /// Whether a key has a value.
    pub async fn exists(&self, key: &str) -> Result<bool, StoreError> {
        check(key, &[])?;
        match self {
            Self::Redb(store) => store.exists(key),
            Self::Redis(store) => store.exists(key).await,
        }
    }

    /// About [`PAGE`] keys, from where a page before says, or the first ones.
    pub async fn keys(&self, from: Option<String>) -> Result<Page, StoreError> {
        match self {
            Self::Redb(store) => store.keys(from).await,
            Self::Redis(store) => store.keys(from).await,
        }
    }

    /// Sets the value of a key.
    pub async fn set(&self, key: String, value: Vec<u8>) -> Result<(), StoreError> {
        self.set_many(vec![(key, value)]).await
    }

    /// Sets several values, all or none.
    pub async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), StoreError> {
        for (key, value) in &pairs {
            check(key, value)?;
        }
        match self {
            Self::Redb(store) => store.set_many(pairs).await,
            Self::Redis(store) => store.set_many(pairs).await,
        }
    }

    /// Removes a key; it need not be there.
    pub async fn delete(&self, key: String) -> Result<(), StoreError> {
        self.delete_many(vec![key]).await
    }

    /// Removes several keys, all or none.
    pub async fn delete_many(&self, keys: Vec<String>) -> Result<(), StoreError> {
        keys.iter().try_for_each(|key| check(key, &[]))?;
        match self {
            Self::Redb(store) => store.delete_many(keys).await,
            Self::Redis(store) => store.delete_many(keys).await,
        }
    }

    /// Adds to a number, kept as decimal text, and returns the sum. A missing key counts as 0.
    pub async fn increment(&self, key: String, delta: i64) -> Result<i64, StoreError> {
        check(&key, &[])?;
        match self {
            Self::Redb(store) => store.increment(key, delta).await,
            Self::Redis(store) => store.increment(key, delta).await,
        }
    }

    /// Sets a value if the present one is `expected`.
    pub async fn swap(
        &self,
        key: String,
        expected: Option<Vec<u8>>,
        value: Vec<u8>,
    ) -> Result<Swapped, StoreError> {
        check(&key, &value)?;
        match self {
            Self::Redb(store) => store.swap(key, expected, value).await,
            Self::Redis(store) => store.swap(key, expected, value).await,
        }
    }

    /// Finishes what has been accepted and releases the storage. Later calls fail.
    pub async fn close(&self) {
        match self {
            Self::Redb(store) => store.close().await,
            Self::Redis(store) => store.close(),
        }
    }
}

fn check(key: &str, value: &[u8]) -> Result<(), StoreError> {
    match (key.len(), value.len()) {
        (key, _) if key > MAX_KEY => Err(StoreError::KeyTooLong(key)),
        (_, value) if value > MAX_VALUE => Err(StoreError::ValueTooLarge(value)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reasons_are_those_that_errors_have() {
        let errors = [
            StoreError::KeyTooLong(0),
            StoreError::ValueTooLarge(0),
            StoreError::AnswerTooLarge,
            StoreError::Busy,
            StoreError::NotANumber,
            StoreError::NoSpace,
            StoreError::Locked(PathBuf::new()),
            StoreError::Unavailable,
            StoreError::InvalidCursor,
            StoreError::Closed,
            StoreError::Io(String::new()),
        ];
        assert_eq!(errors.map(|error| error.reason()), StoreError::REASONS);
        let unreachable = StoreError::Unreachable {
            address: String::new(),
            why: String::new(),
        };
        assert!(StoreError::REASONS.contains(&unreachable.reason()));
    }
}
