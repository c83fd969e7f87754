//! Groups of settings, declared once: key, type, default and documentation.
//!
//! A setting can be stated in several places. Each place is read into a *layer*, in which what it
//! leaves open is `None`; layers are merged key by key, the stronger one first, and what is still
//! open gets its default. The macro `section!` makes from one declaration the layer, the
//! resolved struct, the reading of the table and the entries of the reference, so that they cannot
//! contradict each other.

use crate::diagnostic::document::FromTable;

/// What one place states about a group of settings.
pub trait Layer: FromTable + Default {
    /// The settings with every default filled in.
    type Resolved;

    /// This layer, completed by a weaker one.
    #[must_use]
    fn or(self, weaker: Self) -> Self;

    /// The settings, with defaults for what is open.
    fn resolve(self) -> Self::Resolved;
}

/// A setting as the reference shows it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key in the table.
    pub key: &'static str,
    /// What its values are, such as `duration`.
    pub kind: &'static str,
    /// Its default in TOML; `None` if it has none.
    pub default: fn() -> Option<String>,
    /// What it does, in Markdown.
    pub text: &'static str,
}

/// Declares a group of settings. `key: Type = default` always has a value; `key: Type` is an
/// `Option`, and its documentation says what holds without it.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $name:ident / $layer:ident {
            $(
                $(#[doc = $text:literal])+
                $key:ident: $type:ty $(= $default:expr)?,
            )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub struct $name {
            $(
                $(#[doc = $text])+
                pub $key: section!(@type $type $(= $default)?),
            )+
        }

        #[doc = concat!("What one place states about [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        pub struct $layer {
            $(
                $(#[doc = $text])+
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$type>,
            )+
        }

        impl $name {
            /// The settings as the reference shows them.
            pub const SETTINGS: &'static [$crate::config::section::Setting] = &[
                $($crate::config::section::Setting {
                    key: stringify!($key),
                    kind: <$type as $crate::config::setting::SettingValue>::KIND,
                    default: || section!(@default $type $(= $default)?),
                    text: concat!($($text, "\n"),+),
                },)+
            ];
        }

        impl Default for $name {
            fn default() -> Self {
                $crate::config::section::Layer::resolve($layer::default())
            }
        }

        impl $crate::config::section::Layer for $layer {
            type Resolved = $name;

            fn or(self, weaker: Self) -> Self {
                Self { $($key: self.$key.or(weaker.$key),)+ }
            }

            fn resolve(self) -> $name {
                $name { $($key: section!(@resolve self.$key $(= $default)?),)+ }
            }
        }

        impl $crate::diagnostic::document::FromTable for $layer {
            fn from_table(
                table: &mut $crate::diagnostic::document::Table<'_>,
            ) -> Option<Self> {
                Some(Self { $($key: table.optional(stringify!($key)),)+ })
            }
        }
    };
    (@type $type:ty) => { Option<$type> };
    (@type $type:ty = $default:expr) => { $type };
    (@resolve $layer:ident.$key:ident) => { $layer.$key };
    (@resolve $layer:ident.$key:ident = $default:expr) => { $layer.$key.unwrap_or($default) };
    (@default $type:ty) => { None };
    (@default $type:ty = $default:expr) => {{
        let default: $type = $default;
        Some($crate::config::setting::SettingValue::to_toml(&default))
    }};
}

pub(super) use section;
