//! Requests that stay inside the process: from one component of the app to another.

use crate::telemetry::traces::TraceContext;
use http::{HeaderValue, Request, Response, Uri};
use std::borrow::Cow;
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

impl Target {
    /// The host's name or address.
    pub fn host(&self) -> Cow<'_, str> {
        match self {
            Self::Component(id) => format!("{id}{INTERNAL}").into(),
            Self::App => SELF.into(),
            Self::Network { host, .. } => host.into(),
        }
    }

    /// Its port; inside the process it is HTTP's.
    pub fn port(&self) -> u16 {
        match self {
            Self::Component(_) | Self::App => 80,
            Self::Network { port, .. } => *port,
        }
    }

    /// The address of `path` there. Nothing that may be a secret is in it: no query, no password.
    pub fn url(&self, path: &str) -> String {
        match self {
            Self::Component(_) | Self::App => format!("http://{}{path}", self.host()),
            Self::Network { scheme, host, port } if host.contains(':') => {
                format!("{scheme}://[{host}]:{port}{path}")
            }
            Self::Network { scheme, host, port } => format!("{scheme}://{host}:{port}{path}"),
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
#[derive(Clone, Debug)]
pub struct Link {
    /// How many components the request has passed, the caller included.
    pub depth: u8,
    /// The caller's trace.
    pub trace: Option<TraceContext>,
    /// What other systems say of it.
    pub trace_state: Option<HeaderValue>,
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

    #[test]
    fn an_address_holds_neither_query_nor_password() {
        let shown = |uri: &str| {
            let uri: Uri = uri.parse().unwrap();
            Target::of(&uri).url(uri.path())
        };
        assert_eq!(
            shown("https://user:pw@example.com/a/b?key=s3cret"),
            "https://example.com:443/a/b"
        );
        assert_eq!(shown("http://[::1]:81/x"), "http://[::1]:81/x");
        assert_eq!(
            shown("http://api.spin.internal/x?y"),
            "http://api.spin.internal/x"
        );
        assert_eq!(shown("/x"), "http://self.alt/x");
    }
}
