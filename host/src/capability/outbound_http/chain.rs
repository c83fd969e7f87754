//! Requests that stay inside the process: from one component of the app to another.

use crate::telemetry::traces::TraceContext;
use http::{Request, Response, Uri};
use std::fmt;
use std::pin::Pin;
use wasmtime_wasi_http::{Error, WasiBody};

/// Ends the name of a component that is addressed as a host.
const INTERNAL: &str = ".spin.internal";
/// The host that stands for the app itself, for guests that cannot send without a host.
const SELF: &str = "self.alt";

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the component with this id.
    Component(String),
    /// To whatever component the app routes its path to.
    App,
    /// To another host.
    Network {
        /// `http` or `https`.
        scheme: String,
        /// A name or address, without brackets.
        host: String,
        /// The port that the URI or its scheme says.
        port: u16,
    },
}

impl Target {
    /// Where a request to `uri` goes.
    pub fn of(uri: &Uri) -> Self {
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || host == SELF {
            return Self::App;
        }
        if let Some(id) = host.strip_suffix(INTERNAL) {
            return Self::Component(id.to_owned());
        }
        let scheme = uri.scheme_str().unwrap_or("https");
        let default_port = if scheme == "http" { 80 } else { 443 };
        Self::Network {
            scheme: scheme.to_owned(),
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(default_port),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(id) => write!(f, "http://{id}{INTERNAL}"),
            Self::App => f.write_str("http://self"),
            Self::Network { scheme, host, port } => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// What a request inside the process carries along.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// How many components the request has passed, the caller included.
    pub depth: u8,
    /// The caller's trace.
    pub trace: Option<TraceContext>,
}

/// An answer to a request inside the process.
pub type Chained = Pin<Box<dyn Future<Output = Result<Response<WasiBody>, Error>> + Send>>;

/// Calls components of the app.
pub trait Chain: Send + Sync {
    /// Sends a request to [`Target::Component`] or [`Target::App`]. A component that fails answers
    /// with the status that its client on the network would get.
    fn call(&self, target: Target, request: Request<WasiBody>, link: Link) -> Chained;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str) -> Target {
        Target::of(&uri.parse().unwrap())
    }

    #[test]
    fn the_host_tells_where_a_request_goes() {
        assert_eq!(
            of("http://external-logs.spin.internal/x"),
            Target::Component("external-logs".into())
        );
        assert_eq!(of("/x"), Target::App);
        assert_eq!(of("http://self.alt/x"), Target::App);
        let network = |scheme: &str, host: &str, port| Target::Network {
            scheme: scheme.into(),
            host: host.into(),
            port,
        };
        assert_eq!(
            of("https://example.com"),
            network("https", "example.com", 443)
        );
        assert_eq!(of("http://[::1]:81/"), network("http", "::1", 81));
        assert_eq!(
            of("http://spin.internal"),
            network("http", "spin.internal", 80)
        );
    }
}
