//! Sorts what can go wrong with a Redis.
//!
//! The texts end up in logs and with guests, so none of them holds a password, nor what the server
//! says about one.

use crate::capability::key_value::store::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The port of a server whose address has none.
const PORT: u16 = 6379;

/// The failures of one server.
#[derive(Clone, Debug)]
pub(super) struct Failures {
    /// Its host and port.
    address: Arc<str>,
}

impl Failures {
    pub(super) fn of(url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port().unwrap_or(PORT);
        Self {
            address: format!("{host}:{port}").into(),
        }
    }

    /// No answer came within `timeout`.
    pub(super) fn late(&self, timeout: Duration) -> StoreError {
        self.unreachable(format!("has not answered within {timeout:?}"))
    }

    pub(super) fn sort(&self, error: &RedisError) -> StoreError {
        match error.kind() {
            ErrorKind::Io => self.unreachable(format!("cannot be reached: {}", cause(error))),
            ErrorKind::AuthenticationFailed => self.refused("does not accept the password"),
            ErrorKind::RESP3NotSupported => self.refused("is older than version 6"),
            _ => self.answered(error),
        }
    }

    /// The server's own errors, which begin with a code.
    fn answered(&self, error: &RedisError) -> StoreError {
        match (error.kind(), error.code()) {
            (_, Some("OOM")) => StoreError::NoSpace,
            (_, Some("NOAUTH" | "WRONGPASS")) => self.refused("does not accept the password"),
            (
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ReadOnly,
                ),
                Some(code),
            ) => self.unreachable(format!("cannot take the request now: {code}")),
            (ErrorKind::Server(ServerErrorKind::ResponseError), _) if is_about_numbers(error) => {
                StoreError::NotANumber
            }
            (_, Some(code)) => self.refused(&format!("refuses the request: {code}")),
            (_, None) => self.refused(&format!("is not usable: {}", error.category())),
        }
    }

    fn unreachable(&self, why: String) -> StoreError {
        StoreError::Unreachable {
            address: self.address.to_string(),
            why,
        }
    }

    fn refused(&self, why: &str) -> StoreError {
        StoreError::Io(format!("Redis at {} {why}", self.address))
    }
}

/// The innermost error, which is the system's.
fn cause(error: &RedisError) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.category().to_owned(),
    }
}

/// Only an increment has these. The codes do not tell them from other errors.
fn is_about_numbers(error: &RedisError) -> bool {
    error
        .detail()
        .is_some_and(|text| text.contains("not an integer") || text.contains("would overflow"))
}
