//! Numbers, durations and sizes that cannot be below, or above, what makes sense.

use crate::diagnostic::document::{FromValue, Value};
use bytesize::ByteSize;
use serde::Serialize;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// A number that is a default; 1 stands for 0.
pub(super) const fn count(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// Why something is not a [`Timeout`] or a [`Size`].
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoundError {
    /// The text is not a duration.
    #[error("must be a duration such as 30s or 500ms: {0}")]
    NoDuration(#[from] humantime::DurationError),
    /// The text is not a size.
    #[error("must be a size such as 128MiB")]
    NoSize,
    /// The duration is zero.
    #[error("must be longer than zero")]
    Zero,
    /// The size is below this one.
    #[error("must be at least {0:.0}")]
    TooSmall(ByteSize),
    /// The size is above this one.
    #[error("must be at most {0:.0}")]
    TooLarge(ByteSize),
}

/// A duration above zero, after which something is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Timeout(Duration);

impl Timeout {
    /// So many seconds, at least one.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(if seconds == 0 { 1 } else { seconds }))
    }

    /// The duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl TryFrom<Duration> for Timeout {
    type Error = BoundError;

    fn try_from(duration: Duration) -> Result<Self, BoundError> {
        if duration.is_zero() {
            Err(BoundError::Zero)
        } else {
            Ok(Self(duration))
        }
    }
}

impl FromStr for Timeout {
    type Err = BoundError;

    fn from_str(text: &str) -> Result<Self, BoundError> {
        Self::try_from(humantime::parse_duration(text)?)
    }
}

impl FromValue for Timeout {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.convert(|duration: Duration| Self::try_from(duration))
    }
}

/// A size of `MIN` to `MAX` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size<const MIN: u64, const MAX: u64 = { u64::MAX }>(ByteSize);

impl<const MIN: u64, const MAX: u64> Size<MIN, MAX> {
    /// So many bytes, at least `MIN` and at most `MAX`.
    pub const fn bytes(bytes: u64) -> Self {
        Self(ByteSize::b(match bytes {
            bytes if bytes < MIN => MIN,
            bytes if bytes > MAX => MAX,
            bytes => bytes,
        }))
    }

    /// The size.
    pub const fn get(self) -> ByteSize {
        self.0
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<ByteSize> for Size<MIN, MAX> {
    type Error = BoundError;

    fn try_from(size: ByteSize) -> Result<Self, BoundError> {
        match size.as_u64() {
            bytes if bytes < MIN => Err(BoundError::TooSmall(ByteSize::b(MIN))),
            bytes if bytes > MAX => Err(BoundError::TooLarge(ByteSize::b(MAX))),
            _ => Ok(Self(size)),
        }
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for Size<MIN, MAX> {
    type Err = BoundError;

    fn from_str(text: &str) -> Result<Self, BoundError> {
        Self::try_from(
            text.parse::<ByteSize>()
                .map_err(|_reason| BoundError::NoSize)?,
        )
    }
}

impl<const MIN: u64, const MAX: u64> FromValue for Size<MIN, MAX> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.convert(|size: ByteSize| Self::try_from(size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_cannot_be_made() {
        assert!(matches!("0s".parse::<Timeout>(), Err(BoundError::Zero)));
        assert!(matches!(
            "4KiB".parse::<Size<8192>>(),
            Err(BoundError::TooSmall(_))
        ));
        assert_eq!(
            "8KiB".parse::<Size<8192>>().unwrap().get(),
            ByteSize::kib(8)
        );
        assert!(matches!(
            "9KiB".parse::<Size<0, 8192>>(),
            Err(BoundError::TooLarge(_))
        ));
        assert!("8KiB".parse::<Size<0, 8192>>().is_ok());
        assert_eq!("1m".parse::<Timeout>().unwrap(), Timeout::seconds(60));
    }
}
