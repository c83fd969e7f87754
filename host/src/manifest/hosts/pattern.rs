//! One entry of `allowed_outbound_hosts`: `<scheme>://<host>[:<port>]`, each of them with `*`.

use super::INTERNAL_SUFFIX;
use super::rule::{HostRule, PortRule, Scheme};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::Host;

/// Requests that are allowed.
#[derive(Clone, PartialEq, Eq)]
pub struct HostPattern {
    text: String,
    scheme: Scheme,
    host: HostRule,
    ports: PortRule,
}

/// Why a text is not an entry of `allowed_outbound_hosts`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Spin's old way of allowing everything.
    #[error("not an entry")]
    AllowAll,
    /// There is no `://`.
    #[error("it has no scheme in front, such as `https://`")]
    NoScheme,
    /// Weir cannot send by this scheme.
    #[error("Weir sends by `http` and `https` only")]
    Scheme(String),
    /// Something follows after the host and port.
    #[error("a path or query cannot be part of it")]
    Path,
    /// Something stands in front of the host.
    #[error("a user name or password cannot be part of it; the component sends it itself")]
    Credentials,
    /// A `*` is neither the whole host nor its first label.
    #[error("`*` can only be the whole host or stand for its subdomains, as in `*.example.com`")]
    Wildcard,
    /// An IPv6 address needs brackets.
    #[error("an IPv6 address needs brackets, as in `http://[::1]:8080`")]
    Brackets,
    /// The host is neither a name nor an address.
    #[error("`{0}` is not a host")]
    Host(String),
    /// There is no port, and any scheme has no default.
    #[error("with any scheme it needs a port, as in `*://example.com:443` or `*://example.com:*`")]
    NoPort,
    /// The port is neither a number, nor a range, nor `*`.
    #[error("`{0}` is not a port, a range such as `8000..9000`, or `*`")]
    Port(String),
}

impl HostPattern {
    /// The component of the app that it names, if it names one.
    pub fn component(&self) -> Option<&str> {
        match &self.host {
            HostRule::Exact(Host::Domain(name)) => name.strip_suffix(INTERNAL_SUFFIX),
            _ => None,
        }
    }

    /// The same pattern, of which nothing but `text` is ever shown.
    pub(in crate::manifest) fn shown_as(self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            ..self
        }
    }

    pub(super) fn allows(&self, scheme: &str, host: &Host, port: u16) -> bool {
        self.scheme.allows(scheme) && self.host.allows(host) && self.ports.allows(port)
    }

    pub(super) fn allows_self(&self) -> bool {
        matches!(self.host, HostRule::Any | HostRule::ToSelf)
    }
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let trimmed = text.trim();
        if trimmed == "insecure:allow-all" {
            return Err(HostError::AllowAll);
        }
        let (scheme, rest) = trimmed.split_once("://").ok_or(HostError::NoScheme)?;
        let scheme = scheme.parse::<Scheme>()?;
        let (host, port) = split(authority(rest)?)?;
        let ports = match port {
            "" => PortRule::One(scheme.default_port().ok_or(HostError::NoPort)?),
            port => port.parse()?,
        };
        Ok(Self {
            text: trimmed.to_owned(),
            scheme,
            host: host.parse()?,
            ports,
        })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// What stands behind the scheme, without a slash at its end. What may be a secret is not let
/// through, because later errors name what they are about.
fn authority(rest: &str) -> Result<&str, HostError> {
    if rest.contains('@') {
        return Err(HostError::Credentials);
    }
    match rest.contains(['?', '#']) {
        true => Err(HostError::Path),
        false => Ok(rest.strip_suffix('/').unwrap_or(rest)),
    }
}

/// Splits into host and port; the port is empty if there is none.
fn split(rest: &str) -> Result<(&str, &str), HostError> {
    if rest.starts_with('[') {
        let end = rest
            .find(']')
            .ok_or_else(|| HostError::Host(rest.to_owned()))?;
        let (host, after) = rest.split_at_checked(end + 1).unwrap_or((rest, ""));
        let no_port = || {
            if after.starts_with('/') {
                HostError::Path
            } else {
                HostError::Brackets
            }
        };
        return match after {
            "" => Ok((host, "")),
            after => Ok((host, after.strip_prefix(':').ok_or_else(no_port)?)),
        };
    }
    if let Some((address, length)) = rest.split_once('/') {
        // A path follows, unless this is a network, which is written without brackets.
        address
            .parse::<IpAddr>()
            .map_err(|_reason| HostError::Path)?;
        let (length, port) = length.split_once(':').unwrap_or((length, ""));
        let network = rest.get(..address.len() + 1 + length.len());
        return Ok((network.unwrap_or(rest), port));
    }
    match rest.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err(HostError::Brackets),
        Some((host, port)) => Ok((host, port)),
        None => Ok((rest, "")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_that_cannot_mean_anything_are_refused() {
        let refused = |text: &str| text.parse::<HostPattern>().unwrap_err();
        assert_eq!(refused("insecure:allow-all"), HostError::AllowAll);
        for text in ["", "*", "example.com", "example.com:8080", "[::1]:80"] {
            assert_eq!(refused(text), HostError::NoScheme, "{text}");
        }
        assert_eq!(
            refused("redis://cache:6379"),
            HostError::Scheme("redis".to_owned())
        );
        for text in [
            "http://a.b/c",
            "http://a.b:80/c",
            "http://a.b//",
            "http://[::1]/x",
            "http://a.b?key=hush",
            "http://a.b#hush",
        ] {
            assert_eq!(refused(text), HostError::Path, "{text}");
        }
        for text in ["http://u:hush@a.b", "http://hush@[::1]:80", "*://a.b:80@c"] {
            assert_eq!(refused(text), HostError::Credentials, "{text}");
        }
        assert_eq!(refused("u:hush@redis://cache"), HostError::NoScheme);
        for text in [
            "http://a.*.b",
            "http://*a.b",
            "http://*.*.b",
            "http://*.127.0.0.1",
        ] {
            assert_eq!(refused(text), HostError::Wildcard, "{text}");
        }
        for text in ["http://::1", "http://[::1]x", "http://a:80:90"] {
            assert_eq!(refused(text), HostError::Brackets, "{text}");
        }
        for host in [
            "",
            "exa mple.com",
            "[::1",
            "*.",
            "a%GG.com",
            "a[b.com",
            "a\\b.com",
        ] {
            let text = format!("http://{host}");
            assert!(matches!(refused(&text), HostError::Host(_)), "{text}");
        }
        assert_eq!(refused("*://example.com"), HostError::NoPort);
        for port in ["x", "99999", "1..x", "9..8"] {
            let text = format!("http://a.b:{port}");
            assert_eq!(refused(&text), HostError::Port(port.to_owned()));
        }
    }

    #[test]
    fn a_component_of_the_app_is_recognised() {
        let component = |text: &str| {
            let pattern = text.parse::<HostPattern>().unwrap();
            pattern.component().map(str::to_owned)
        };
        assert_eq!(
            component("http://api.spin.internal/").as_deref(),
            Some("api")
        );
        assert_eq!(component("http://*.spin.internal"), None);
        assert_eq!(component("http://example.com"), None);
    }
}
