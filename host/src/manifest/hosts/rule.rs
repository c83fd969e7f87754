//! The three parts of an entry of `allowed_outbound_hosts`.

use super::HostError;
use ipnet::IpNet;
use std::net::IpAddr;
use std::ops::Range;
use std::str::FromStr;
use url::Host;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Any,
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HostRule {
    Any,
    /// A name of the app itself.
    ToSelf,
    /// The domain with a dot in front.
    Subdomains(String),
    Exact(Host),
    Network(IpNet),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PortRule {
    Any,
    One(u16),
    Range(Range<u16>),
}

impl Scheme {
    pub(super) fn allows(self, scheme: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Http => scheme == "http",
            Self::Https => scheme == "https",
        }
    }

    pub(super) fn default_port(self) -> Option<u16> {
        match self {
            Self::Any => None,
            Self::Http => Some(80),
            Self::Https => Some(443),
        }
    }
}

impl FromStr for Scheme {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        match text {
            "*" => Ok(Self::Any),
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            other
                if other
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
            {
                Err(HostError::Scheme(other.to_owned()))
            }
            _ => Err(HostError::NoScheme),
        }
    }
}

impl HostRule {
    pub(super) fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(suffix), Host::Domain(name)) => name.ends_with(suffix),
            (Self::Exact(exact), host) => exact == host,
            (Self::Network(network), Host::Ipv4(address)) => {
                network.contains(&IpAddr::V4(*address))
            }
            (Self::Network(network), Host::Ipv6(address)) => {
                network.contains(&IpAddr::V6(*address))
            }
            (Self::ToSelf | Self::Subdomains(_) | Self::Network(_), _) => false,
        }
    }
}

impl FromStr for HostRule {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let parse = |host: &str| Host::parse(host).map_err(|_why| HostError::Host(text.to_owned()));
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::ToSelf),
            network if network.contains('/') => {
                let network = network.parse().map_err(|_reason| HostError::Path)?;
                return Ok(Self::Network(network));
            }
            _ => {}
        }
        match text.strip_prefix("*.") {
            Some(domain) if !domain.contains('*') => match parse(domain)? {
                Host::Domain(domain) => Ok(Self::Subdomains(format!(".{domain}"))),
                _address => Err(HostError::Wildcard),
            },
            _ if text.contains('*') => Err(HostError::Wildcard),
            _ => parse(text).map(Self::Exact),
        }
    }
}

impl PortRule {
    pub(super) fn allows(&self, port: u16) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => *one == port,
            Self::Range(range) => range.contains(&port),
        }
    }
}

impl FromStr for PortRule {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let number = |port: &str| {
            port.parse()
                .map_err(|_reason| HostError::Port(text.to_owned()))
        };
        match text.split_once("..") {
            _ if text == "*" => Ok(Self::Any),
            None => number(text).map(Self::One),
            Some((start, end)) => match number(start)?..number(end)? {
                range if range.is_empty() => Err(HostError::Port(text.to_owned())),
                range => Ok(Self::Range(range)),
            },
        }
    }
}
