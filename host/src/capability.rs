//! What components may use beyond computing, granted by the manifest and denied otherwise.
//!
//! Each capability has the same three steps: its interfaces are linked for every component once
//! ([`linker`]); what a component was granted is resolved when it is loaded ([`Grants`]); a call
//! of a component without the grant gets the interface's own error, not a trap.

pub mod files;
pub(crate) mod folder;
mod held;
pub mod interfaces;
pub mod key_value;
pub mod log_directory;
pub mod metrics;
pub mod outbound_http;
mod stdio;
mod variables;

use crate::engine::state::{Caller, InstanceState};
use crate::telemetry::metrics::capability::call::CANCELLED;
use crate::telemetry::metrics::capability::{CapabilitySeries, DENIED, OK};
use key_value::store::StoreError;
use log_directory::LogDirectory;
use outbound_http::Outbound;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasmtime::component::Linker;
use wasmtime::{Engine, Result};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};

/// What one component was granted.
pub struct Grants {
    /// Environment variables, in the manifest's order.
    pub environment: Vec<(String, String)>,
    /// The folder that the component sees as `/`, read-only.
    pub files: Option<files::Copied>,
    /// Key-value stores by label.
    pub key_value: BTreeMap<String, key_value::Granted>,
    /// Its variables with their values; some are secrets.
    pub variables: BTreeMap<String, String>,
    /// Where its outbound requests may go.
    pub outbound: Arc<Outbound>,
    /// Its log directory.
    pub log_directory: Option<Arc<LogDirectory>>,
    /// Whether entries also go to the host's own log.
    pub mirror_entries: bool,
    /// Its own metrics.
    pub metrics: Option<metrics::Granted>,
    /// Where its use of capabilities is recorded.
    pub series: CapabilitySeries,
}

/// How writes to a log directory can fail.
const LOG_ERRORS: [&str; 8] = [
    "invalid_name",
    "invalid_line",
    "too_large",
    "busy",
    "quota_exceeded",
    "no_space",
    "permission",
    "io",
];

/// How writes to a log directory can end, as their `result` says.
pub fn log_results() -> impl Iterator<Item = &'static str> {
    let failed = LOG_ERRORS.into_iter().chain([CANCELLED, DENIED]);
    [OK].into_iter().chain(failed)
}

impl Grants {
    /// Exports that nothing has gone wrong yet with what was granted.
    pub fn nothing_yet(&self) {
        for granted in self.key_value.values() {
            if let key_value::Granted::Yes(_, series) = granted {
                let errors = StoreError::REASONS.into_iter().chain([CANCELLED]);
                errors.for_each(|error| series.may_fail(error));
            }
        }
        if self.log_directory.is_some() {
            let errors = LOG_ERRORS.into_iter().chain([CANCELLED]);
            errors.for_each(|error| self.series.may_fail_to_log(error));
        }
        self.series.may_be_denied();
    }

    /// The WASI context of a new instance.
    pub(crate) fn wasi(&self, component: &Arc<str>, caller: &Caller) -> Result<WasiCtx> {
        let mut wasi = self.context()?;
        wasi.stdout(stdio::Output::new(stdio::Stream::Stdout, component, caller))
            .stderr(stdio::Output::new(stdio::Stream::Stderr, component, caller));
        Ok(wasi.build())
    }

    /// The WASI context of a command, which has the standard streams of this process.
    pub(crate) fn command(&self, args: &[String]) -> Result<WasiCtx> {
        let mut wasi = self.context()?;
        wasi.args(args).inherit_stdio();
        Ok(wasi.build())
    }

    fn context(&self) -> Result<WasiCtxBuilder> {
        let mut wasi = WasiCtx::builder();
        wasi.envs(&self.environment);
        if let Some(files) = &self.files {
            wasi.preopened_dir(files.folder(), "/", FsPerms::ReadOnly)?;
        }
        Ok(wasi)
    }
}

impl std::fmt::Debug for Grants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values of variables and of the environment may be secrets.
        f.debug_struct("Grants")
            .field("key_value", &self.key_value.keys())
            .field("variables", &self.variables.keys())
            .field("log_directory", &self.log_directory.is_some())
            .field("metrics", &self.metrics.is_some())
            .finish_non_exhaustive()
    }
}

/// A linker with every interface that Weir offers.
pub fn linker(engine: &Engine) -> Result<Linker<InstanceState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi::p3::add_to_linker(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut linker)?;
    // What follows replaces functions that must know on whose behalf they are called.
    linker.allow_shadowing(true);
    stdio::link(&mut linker)?;
    outbound_http::link(&mut linker)?;
    linker.allow_shadowing(false);
    key_value::link(&mut linker)?;
    variables::link(&mut linker)?;
    log_directory::link(&mut linker)?;
    metrics::link(&mut linker)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;
    use log_directory::LogError;

    #[test]
    fn every_error_of_a_log_directory_is_known() {
        let errors = [
            LogError::InvalidName(String::new()),
            LogError::InvalidLine,
            LogError::TooLarge(0),
            LogError::Busy,
            LogError::QuotaExceeded,
            LogError::NoSpace,
            LogError::Permission,
            LogError::Io(String::new()),
        ];
        assert_eq!(errors.map(|error| error.reason()), LOG_ERRORS);
    }
}
