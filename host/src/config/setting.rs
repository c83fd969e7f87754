//! The types that a setting can have, as the reference shows them.

use super::bounded::{Size, Timeout};
use crate::diagnostic::Located;
use crate::diagnostic::document::FromValue;
use bytesize::ByteSize;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// A type that a setting can have.
pub trait SettingValue: FromValue {
    /// What its values are, for the reference.
    const KIND: &'static str;

    /// The value as TOML.
    fn to_toml(&self) -> String;
}

macro_rules! setting_value {
    ($($type:ty, $kind:literal, $value:ident => $toml:expr;)+) => {
        $(impl SettingValue for $type {
            const KIND: &'static str = $kind;

            fn to_toml(&self) -> String {
                let $value = self;
                $toml
            }
        })+
    };
}

setting_value! {
    bool, "boolean", value => value.to_string();
    u32, "whole number", value => value.to_string();
    NonZeroU32, "whole number from 1", value => value.to_string();
    String, "string", value => format!("{value:?}");
    Duration, "duration", value => format!("\"{}\"", humantime::format_duration(*value));
    Timeout, "duration above 0", value => value.get().to_toml();
    ByteSize, "size", value => format!("\"{value:.0}\"");
    SocketAddr, "address and port", value => format!("\"{value}\"");
    PathBuf, "path", value => format!("{value:?}");
}

impl<const MIN: u64, const MAX: u64> SettingValue for Size<MIN, MAX> {
    const KIND: &'static str = ByteSize::KIND;

    fn to_toml(&self) -> String {
        self.get().to_toml()
    }
}

impl<T: SettingValue> SettingValue for Located<T> {
    const KIND: &'static str = T::KIND;

    fn to_toml(&self) -> String {
        self.value.to_toml()
    }
}

impl<T: SettingValue> SettingValue for Vec<T> {
    const KIND: &'static str = "array";

    fn to_toml(&self) -> String {
        let elements: Vec<_> = self.iter().map(T::to_toml).collect();
        format!("[{}]", elements.join(", "))
    }
}

/// Declares a closed set of values with the names they are written by.
macro_rules! choice {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value with its name.
            pub const NAMES: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl $crate::diagnostic::document::FromValue for $name {
            fn from_value(value: $crate::diagnostic::document::Value<'_>) -> Option<Self> {
                value.one_of(Self::NAMES)
            }
        }

        impl $crate::config::setting::SettingValue for $name {
            const KIND: &'static str = concat!("one of", $(" `", $text, "`"),+);

            fn to_toml(&self) -> String {
                format!("\"{}\"", self.name())
            }
        }
    };
}

pub(super) use choice;
