//! The address of a server, which may hold a password.

use crate::diagnostic::Problem;
use crate::diagnostic::document::{FromValue, Value};
use serde::{Serialize, Serializer};
use std::fmt;
use url::Url;

/// What stands where the user and the password are.
const HIDDEN: &str = "[secret]@";

/// The address of a Redis. Only [`expose`](Self::expose) gives the password away; shown or
/// serialised, user and password are hidden.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// The address with everything in it.
    pub fn expose(&self) -> &Url {
        &self.0
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_reason| "is not a URL")?;
        if !matches!(url.scheme(), "redis" | "rediss") {
            return Err("begins with neither `redis://` nor `rediss://`");
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err("names no host");
        }
        let database = url.path().trim_start_matches('/');
        if !database.is_empty() && database.parse::<u32>().is_err() {
            return Err("has a path that is not the number of a database");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("has more after the database");
        }
        Ok(Self(url))
    }

    fn shown(&self) -> String {
        let url = &self.0;
        let secret = !url.username().is_empty() || url.password().is_some();
        let host = url.host_str().unwrap_or_default();
        let port = url.port().map(|port| format!(":{port}"));
        format!(
            "{}://{}{host}{}{}",
            url.scheme(),
            if secret { HIDDEN } else { "" },
            port.unwrap_or_default(),
            url.path()
        )
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for ServerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl FromValue for ServerUrl {
    fn from_value(value: Value<'_>) -> Option<Self> {
        let why = match value.as_str().map(Self::parse) {
            Some(Ok(url)) => return Some(url),
            Some(Err(why)) => why,
            None => "is not a string",
        };
        // Its line is not shown, because it may hold a password.
        let (path, location) = (value.path(), value.location());
        let problem = Problem::new(format!("`{path}` ({location}) {why}"));
        let help = "it is `redis://<host>:6379`, or `rediss://` for TLS; a password stands in front of \
                    the host as `:<password>@`, with `%40` and `%2F` for `@` and `/` in it";
        value.report(problem.help(help));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_never_shown() {
        let url = ServerUrl::parse("rediss://me:hush@cache:6380/2").unwrap();
        let shown = "rediss://[secret]@cache:6380/2";
        assert_eq!(format!("{url:?}"), shown);
        assert_eq!(serde_json::to_string(&url).unwrap(), format!("\"{shown}\""));
        assert_eq!(url.expose().password(), Some("hush"));
    }

    #[test]
    fn what_is_no_address_of_a_redis_is_refused() {
        for text in [
            "cache:6379",
            "http://cache",
            "redis://",
            "redis://cache/one",
            "rediss://cache/#insecure",
        ] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }
}
