//! How types that are not Weir's own are written.

use super::{FromValue, Value};
use crate::diagnostic::{Located, Problem};
use bytesize::ByteSize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.into_text()
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value
            .as_bool()
            .or_else(|| value.expected("`true` or `false`"))
    }
}

impl FromValue for u16 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        whole_number(&value, 0, Self::MAX)
    }
}

impl FromValue for u32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        whole_number(&value, 0, Self::MAX)
    }
}

impl FromValue for u64 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        // TOML's integers have a sign.
        whole_number(&value, 0, i64::MAX.unsigned_abs())
    }
}

impl FromValue for NonZeroU32 {
    fn from_value(value: Value<'_>) -> Option<Self> {
        whole_number(&value, 1, u32::MAX).and_then(Self::new)
    }
}

fn whole_number<T>(value: &Value<'_>, least: T, most: T) -> Option<T>
where
    T: TryFrom<i64> + PartialOrd + std::fmt::Display,
{
    if !value.content().is_integer() {
        return value.expected("a whole number");
    }
    match value
        .as_integer()
        .and_then(|number| T::try_from(number).ok())
    {
        Some(number) if number >= least => Some(number),
        _ => value.reject(
            format!(
                "`{}` must be a whole number from {least} to {most}",
                value.path()
            ),
            "out of range",
        ),
    }
}

impl FromValue for Duration {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if let DeValue::Integer(number) = value.content() {
            value.report(
                Problem::new(format!("`{}` must be a duration with a unit", value.path()))
                    .at(&value.location(), "this has none")
                    .help(format!("for seconds write `\"{number}s\"`")),
            );
            return None;
        }
        value.parse(
            "a duration such as \"30s\", \"500ms\" or \"1m 30s\"",
            |text| {
                humantime::parse_duration(text)
                    .map_err(|_reason| "not a number with a unit of time")
            },
        )
    }
}

impl FromValue for ByteSize {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if value.content().is_integer() {
            return u64::from_value(value).map(Self::b);
        }
        value.parse("a size such as \"128MiB\" or a number of bytes", |text| {
            text.parse::<Self>()
                .map_err(|_reason| "not a number with a unit such as KiB or MiB")
        })
    }
}

impl FromValue for SocketAddr {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse(
            "an address such as \"127.0.0.1:3000\" or \"[::]:3000\"",
            |text| {
                text.parse::<Self>()
                    .map_err(|_reason| "not an IP address and a port")
            },
        )
    }
}

impl FromValue for PathBuf {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let folder = value.folder();
        value.parse("a path", |text| match text {
            "" => Err("empty"),
            path => Ok(folder.join(path)),
        })
    }
}

impl<T: FromValue> FromValue for Located<T> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let location = value.location();
        T::from_value(value).map(|value| Self::new(value, location))
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    /// Leaves out the elements that cannot be read.
    fn from_value(value: Value<'_>) -> Option<Self> {
        Some(value.into_elements()?.filter_map(T::from_value).collect())
    }
}

impl<T: FromValue> FromValue for BTreeMap<String, T> {
    /// Leaves out the entries that cannot be read.
    fn from_value(value: Value<'_>) -> Option<Self> {
        let entries = value.into_table()?.entries();
        Some(
            entries
                .filter_map(|(key, value)| Some((key.value, T::from_value(value)?)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Problems, Source};
    use std::path::Path;

    fn read<T: FromValue>(toml: &str) -> Result<T, Problems> {
        let source = Source::new("x.toml", format!("key = {toml}"));
        crate::diagnostic::document::read(&source, Path::new("/etc"), |table| table.required("key"))
    }

    fn message<T: FromValue + std::fmt::Debug>(toml: &str) -> String {
        read::<T>(toml).unwrap_err().to_string()
    }

    #[test]
    fn reads_durations_and_sizes_with_units() {
        assert_eq!(
            read::<Duration>("\"1m 30s\"").unwrap(),
            Duration::from_secs(90)
        );
        assert_eq!(read::<ByteSize>("\"128MiB\"").unwrap(), ByteSize::mib(128));
        assert_eq!(read::<ByteSize>("0x10").unwrap(), ByteSize::b(16));
    }

    #[test]
    fn a_duration_without_a_unit_is_told_how_to_get_one() {
        assert!(message::<Duration>("30").contains("`\"30s\"`"));
        assert!(message::<Duration>("\"fast\"").contains("must be a duration such as"));
    }

    #[test]
    fn numbers_have_limits() {
        assert!(message::<u16>("-1").contains("from 0 to 65535"));
        assert!(message::<NonZeroU32>("0").contains("from 1 to"));
        assert!(message::<u32>("1.5").contains("a whole number, not a float"));
        assert_eq!(
            read::<u64>("9_223_372_036_854_775_807").unwrap(),
            u64::MAX / 2
        );
    }

    #[test]
    fn paths_are_relative_to_the_folder() {
        assert_eq!(read::<PathBuf>("\"a/b\"").unwrap(), Path::new("/etc/a/b"));
        assert_eq!(read::<PathBuf>("\"/a\"").unwrap(), Path::new("/a"));
        assert!(message::<PathBuf>("\"\"").contains("empty"));
    }
}
