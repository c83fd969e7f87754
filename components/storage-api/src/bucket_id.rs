//! The ids of buckets.

use percent_encoding::percent_decode;

/// What stands before an id in the store, so that the store has room for other things.
const PREFIX: &str = "buckets/";

/// The longest id, in bytes after decoding.
const MAX_LENGTH: usize = 255;

/// The id of a bucket: 1 to 255 bytes of text without a slash or a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketId(String);

/// Why a segment of a path is not the id of a bucket.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidId {
    /// An id is one segment; no bucket can be under this path.
    #[error("not found")]
    Slash,
    #[error("the id is not UTF-8")]
    NotText,
    #[error("the id is empty")]
    Empty,
    #[error("the id is longer than {MAX_LENGTH} bytes")]
    TooLong,
    #[error("the id holds a control character")]
    ControlCharacter,
}

impl BucketId {
    /// The id that a segment of a path stands for, percent-encoded as it may be.
    pub(crate) fn from_segment(segment: &[u8]) -> Result<Self, InvalidId> {
        let id = percent_decode(segment)
            .decode_utf8()
            .map_err(|_| InvalidId::NotText)?;
        match id {
            _ if id.contains('/') => Err(InvalidId::Slash),
            _ if id.is_empty() => Err(InvalidId::Empty),
            _ if id.len() > MAX_LENGTH => Err(InvalidId::TooLong),
            _ if id.contains(char::is_control) => Err(InvalidId::ControlCharacter),
            _ => Ok(Self(id.into_owned())),
        }
    }

    /// The id under which the store's `key` keeps a bucket, if it keeps one.
    pub(crate) fn from_key(key: &str) -> Option<&str> {
        key.strip_prefix(PREFIX)
    }

    /// The store's key for the bucket.
    pub(crate) fn key(&self) -> String {
        format!("{PREFIX}{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(segment: &str) -> Result<String, InvalidId> {
        BucketId::from_segment(segment.as_bytes()).map(|id| id.key())
    }

    #[test]
    fn an_id_is_decoded() {
        assert_eq!(key("1"), Ok("buckets/1".into()));
        assert_eq!(key("a%20b"), Ok("buckets/a b".into()));
        assert_eq!(key("%C3%A4+1"), Ok("buckets/ä+1".into()));
        assert_eq!(key("%2e%2e"), Ok("buckets/..".into()));
        assert_eq!(key("%zz"), Ok("buckets/%zz".into()));
    }

    #[test]
    fn an_id_is_one_segment() {
        assert_eq!(key("a%2Fb"), Err(InvalidId::Slash));
        assert_eq!(key("%2f"), Err(InvalidId::Slash));
    }

    #[test]
    fn an_id_is_at_most_255_bytes_long() {
        assert!(key(&"x".repeat(255)).is_ok());
        assert_eq!(key(&"x".repeat(256)), Err(InvalidId::TooLong));
        assert!(key(&"%C3%A4".repeat(127)).is_ok());
        assert_eq!(key(&"%C3%A4".repeat(128)), Err(InvalidId::TooLong));
        assert_eq!(key(""), Err(InvalidId::Empty));
    }

    #[test]
    fn an_id_is_text_without_control_characters() {
        assert_eq!(key("%FF"), Err(InvalidId::NotText));
        assert_eq!(key("a%00"), Err(InvalidId::ControlCharacter));
        assert_eq!(key("a%0Ab"), Err(InvalidId::ControlCharacter));
        assert_eq!(key("%7F"), Err(InvalidId::ControlCharacter));
        assert_eq!(key("%C2%85"), Err(InvalidId::ControlCharacter));
    }

    #[test]
    fn only_keys_of_buckets_have_an_id() {
        assert_eq!(BucketId::from_key("buckets/a b"), Some("a b"));
        assert_eq!(BucketId::from_key("other/a"), None);
    }
}
