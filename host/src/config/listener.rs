//! `[[listener]]`: where requests come in.

use super::section::{Layer as _, section};
use super::setting::SettingValue;
use crate::diagnostic::document::{FromTable, FromValue, Table, Value};
use crate::diagnostic::{Located, Location, Problem};
use serde::Serialize;
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

section! {
    /// An address at which requests come in.
    pub struct Listener / ListenerLayer {
        /// Where it listens. Port 0 takes any free port.
        address: SocketAddr = SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
        /// What is put in front of each request's path before it is routed: with `/backend`, a
        /// request for `/` is answered by the route `/backend`.
        base_path: BasePath = BasePath::root(),
        /// The ids of the components that it serves; other routes, also those with a static
        /// response, are not found. Without it all are served.
        components: Vec<Located<String>>,
        /// Whether it answers requests for `/metrics` itself, for scrapers that expect them on the
        /// service's port. Its clients can then read what the admin server tells.
        metrics: bool = false,
        /// The files with which it speaks TLS, as `{ certificate = "...", key = "..." }`. Without
        /// them it speaks plain HTTP.
        tls: TlsFiles,
    }
}

/// Takes the listeners out of the document.
pub(super) fn read(document: &mut Table<'_>) -> Option<Vec<Listener>> {
    let stated: Vec<Located<ListenerLayer>> = document.optional("listener")?;
    let mut taken = HashMap::new();
    let mut listeners = Vec::new();
    for Located { value, location } in stated {
        let listener = value.resolve();
        if listener.components.as_ref().is_some_and(Vec::is_empty) {
            document.report(serves_nothing(&location));
        }
        // Port 0 takes another port each time.
        if listener.address.port() != 0
            && let Some(first) = taken.insert(listener.address, location.clone())
        {
            document.report(same_address(listener.address, &location, &first));
        }
        listeners.push(listener);
    }
    Some(listeners)
}

fn serves_nothing(listener: &Location) -> Problem {
    Problem::new("a listener must serve at least one component")
        .at(listener, "`components` is empty")
        .help("leave `components` out to serve all of them")
}

fn same_address(address: SocketAddr, second: &Location, first: &Location) -> Problem {
    Problem::new(format!("two listeners have the address {address}"))
        .at(second, "the second cannot listen there too")
        .at(first, "the first one")
}

/// The files with which a listener speaks TLS. They are read again when they change. Equal to others
/// if the paths are.
#[derive(Clone, Debug, Serialize)]
pub struct TlsFiles {
    /// The certificate chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
    /// Where they are stated; `None` if flags or the environment do.
    #[serde(skip)]
    pub location: Option<Location>,
}

impl PartialEq for TlsFiles {
    fn eq(&self, other: &Self) -> bool {
        (&self.certificate, &self.key) == (&other.certificate, &other.key)
    }
}

impl FromTable for TlsFiles {
    fn from_table(table: &mut Table<'_>) -> Option<Self> {
        let certificate = table.required("certificate");
        let key = table.required("key");
        Some(Self {
            certificate: certificate?,
            key: key?,
            location: Some(table.location()),
        })
    }
}

impl SettingValue for TlsFiles {
    const KIND: &'static str = "table of two paths";

    fn to_toml(&self) -> String {
        let (certificate, key) = (self.certificate.to_toml(), self.key.to_toml());
        format!("{{ certificate = {certificate}, key = {key} }}")
    }
}

/// A path in front of other paths: nothing, or segments that each begin with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

/// Why a text is not a [`BasePath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BasePathError {
    /// It begins with something else.
    #[error("must begin with `/`")]
    NoSlash,
    /// It has an empty segment, `.` or `..`.
    #[error("must be made of plain segments, without `//`, `.`, `..` or `...`")]
    Segment,
    /// It has a character that a path cannot have, or that means something in a route.
    #[error("must be a plain path; `{0}` cannot be in it")]
    Character(char),
}

impl BasePath {
    /// No path.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// What is put in front of a path that begins with a slash: without a slash at the end, so
    /// empty for the root.
    pub fn prefix(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if !text.starts_with('/') {
            return Err(BasePathError::NoSlash);
        }
        let plain = |c: char| c.is_ascii_graphic() && !"?#:*\\\"<>^`{|}".contains(c);
        if let Some(character) = path.chars().find(|c| !plain(*c)) {
            return Err(BasePathError::Character(character));
        }
        match path
            .split('/')
            .skip(1)
            .any(|segment| matches!(segment, "" | "." | ".." | "..."))
        {
            true => Err(BasePathError::Segment),
            false => Ok(Self(path.to_owned())),
        }
    }
}

impl std::fmt::Display for BasePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

impl Serialize for BasePath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromValue for BasePath {
    fn from_value(value: Value<'_>) -> Option<Self> {
        value.convert(|text: String| text.parse())
    }
}

impl SettingValue for BasePath {
    const KIND: &'static str = "path of a URL";

    fn to_toml(&self) -> String {
        format!("\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_plain_and_begins_with_a_slash() {
        let prefix = |text: &str| {
            text.parse::<BasePath>()
                .map(|path| path.prefix().to_owned())
        };
        assert_eq!(prefix("/"), Ok(String::new()));
        assert_eq!(prefix("/backend/"), Ok("/backend".to_owned()));
        assert_eq!(prefix("/a/b%20c"), Ok("/a/b%20c".to_owned()));
        assert_eq!(prefix("backend"), Err(BasePathError::NoSlash));
        assert_eq!(prefix(""), Err(BasePathError::NoSlash));
        assert_eq!(prefix("//a"), Err(BasePathError::Segment));
        assert_eq!(prefix("/a/.."), Err(BasePathError::Segment));
        assert_eq!(prefix("/a/..."), Err(BasePathError::Segment));
        assert_eq!(prefix("/:id"), Err(BasePathError::Character(':')));
        assert_eq!(prefix("/a b"), Err(BasePathError::Character(' ')));
    }
}
