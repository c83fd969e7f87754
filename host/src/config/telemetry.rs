//! `[telemetry]`: what the host logs.

use super::section::section;
use super::setting::{SettingValue, choice};
use crate::diagnostic::document::{FromValue, Value};
use crate::telemetry::logs::Filter;

choice! {
    /// How log lines are written.
    pub enum LogFormat {
        /// For a person if standard error is a terminal, else JSON.
        Auto = "auto",
        /// For a person.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// What the host logs, on standard error.
    pub struct Telemetry / TelemetryLayer {
        /// How log lines are written: `auto` is for a person on a terminal and JSON elsewhere.
        log_format: LogFormat = LogFormat::Auto,
        /// Which lines are written: a level, or levels by target such as `weir=debug,guest=warn`.
        log_level: Filter = Filter::default(),
        /// Whether each request is logged in a line with the target `access`.
        access_log: bool = false,
    }
}

impl FromValue for Filter {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.parse(
            "a level such as \"info\", or levels by target such as \"weir=debug,guest=warn\"",
            str::parse::<Self>,
        )
    }
}

impl SettingValue for Filter {
    const KIND: &'static str = String::KIND;

    fn to_toml(&self) -> String {
        self.to_string().to_toml()
    }
}
