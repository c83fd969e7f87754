//! What a component's own settings are: the same keys in `[component.<id>.tool.weir]` of
//! `spin.toml` and in `[component.<id>]` of `weir.toml`.

use super::bounded::{Size, Timeout, count};
use super::log_directory::{LogDirectory, LogDirectoryLayer};
use super::section::{Layer, section};
use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use bytesize::ByteSize;
use serde::Serialize;
use std::num::NonZeroU32;
use std::time::Duration;

/// Bytes of a page of WebAssembly memory, the least that a memory can have.
const PAGE: u64 = 65_536;

section! {
    /// How a component's instances run.
    pub struct Execution / ExecutionLayer {
        /// How long it may take until the head of a response, and then each time until more of its
        /// body: a response may last as long as it moves. Beyond that the client gets 504, or a
        /// response that breaks off if it had begun.
        timeout: Timeout = Timeout::seconds(30),
        /// Bytes of memory that an instance may have, over all its memories.
        memory: Size<PAGE> = Size::bytes(128 << 20),
        /// Requests of this component in flight, also those from other components. Without it what
        /// its share of the instance pool can hold.
        max_in_flight: NonZeroU32,
        /// Requests that an instance serves before it is replaced. Without it 1000 for a guest of
        /// WASI 0.3, or four times `instance_concurrency` if that is more, and 1 for a guest of
        /// WASI 0.2, which may not expect a second.
        instance_requests: NonZeroU32,
        /// Requests that an instance of WASI 0.3 works on at once. Many suit a guest that mostly
        /// waits, few one that computes. An instance of WASI 0.2 always has one.
        instance_concurrency: NonZeroU32 = count(16),
        /// How long an instance without requests is kept.
        instance_idle_timeout: Duration = Duration::from_secs(10),
        /// Bytes that the body of a request may have, also of one from another component. Larger ones
        /// get 413.
        max_request_body: ByteSize = ByteSize::mib(16),
    }
}

/// Requests that an instance serves by default, if its guest can have several at once.
const REQUESTS_CONCURRENT: NonZeroU32 = count(1000);

impl Execution {
    /// Requests that an instance serves; `concurrent` says whether its guest can have several at
    /// once, as those of WASI 0.3 can.
    pub fn requests_per_instance(&self, concurrent: bool) -> NonZeroU32 {
        let default = match concurrent {
            // An instance that is used up takes no more while its last requests go on, so it
            // should serve several times what it works on at once.
            true => REQUESTS_CONCURRENT.max(self.instance_concurrency.saturating_mul(count(4))),
            false => NonZeroU32::MIN,
        };
        self.instance_requests.unwrap_or(default)
    }
}

section! {
    /// How much a component may measure.
    pub struct GuestMetrics / GuestMetricsLayer {
        /// Metrics of different names.
        max_metrics: u32 = 100,
        /// Series over all its metrics. What is beyond is added to one overflow series each.
        max_series: u32 = 1000,
    }
}

/// A capability that a component may be granted: `true`, `false`, or a table that grants it with
/// settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Grant<L> {
    /// Whether it is granted; `None` if that is left to a weaker layer.
    pub granted: Option<bool>,
    /// Its settings, kept also where another layer decides whether it is granted.
    #[serde(flatten)]
    pub settings: L,
}

impl<L: Layer> Grant<L> {
    fn or(self, weaker: Self) -> Self {
        Self {
            granted: self.granted.or(weaker.granted),
            settings: self.settings.or(weaker.settings),
        }
    }

    fn resolve(self) -> Option<L::Resolved> {
        self.granted
            .unwrap_or_default()
            .then(|| self.settings.resolve())
    }
}

impl<L: Layer> FromValue for Grant<L> {
    fn from_value(value: Value<'_>) -> Option<Self> {
        if value.is_table() {
            return Some(Self {
                granted: Some(true),
                settings: L::from_value(value)?,
            });
        }
        match value.as_bool() {
            Some(granted) => Some(Self {
                granted: Some(granted),
                settings: L::default(),
            }),
            None => value.expected("`true`, `false` or a table of settings"),
        }
    }
}

/// A component's settings with every default filled in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComponentSettings {
    /// How its instances run.
    pub execution: Execution,
    /// Its log directory, if it was granted one.
    pub log_directory: Option<LogDirectory>,
    /// How much it may measure, if it was granted metrics of its own.
    pub metrics: Option<GuestMetrics>,
}

/// What one place states about a component's settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ComponentLayer {
    /// How its instances run.
    #[serde(flatten)]
    pub execution: ExecutionLayer,
    /// Its log directory.
    pub log_directory: Grant<LogDirectoryLayer>,
    /// Metrics of its own.
    pub metrics: Grant<GuestMetricsLayer>,
}

impl Layer for ComponentLayer {
    type Resolved = ComponentSettings;

    fn or(self, weaker: Self) -> Self {
        Self {
            execution: self.execution.or(weaker.execution),
            log_directory: self.log_directory.or(weaker.log_directory),
            metrics: self.metrics.or(weaker.metrics),
        }
    }

    fn resolve(self) -> ComponentSettings {
        ComponentSettings {
            execution: self.execution.resolve(),
            log_directory: self.log_directory.resolve(),
            metrics: self.metrics.resolve(),
        }
    }
}

impl FromTable for ComponentLayer {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        Some(Self {
            execution: ExecutionLayer::from_table(table)?,
            log_directory: table.optional("log_directory").unwrap_or_default(),
            metrics: table.optional("metrics").unwrap_or_default(),
        })
    }
}
