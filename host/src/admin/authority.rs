//! Who may change the state of a host through the admin server.
//!
//! With a token file, who sends the token. Without one, who reaches the server on loopback and
//! shows that it is no page in a browser: pages can send POST to loopback, also under a name of
//! their own that resolves to it, but they can neither set `Host` nor, unasked, a header of ours.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use std::net::SocketAddr;
use std::path::PathBuf;

/// The header that a request without a token must have, with any value.
const INTENT: &str = "weir-admin";
const BEARER: &str = "Bearer ";

/// Who may change state.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Who sends what stands in the file, which is read anew each time.
    Token(PathBuf),
    /// Programs on this machine.
    Loopback,
    /// Nobody.
    Nobody,
}

/// Why a request may not change state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Refusal {
    /// The token file cannot be read; the log says why.
    #[error("the token file of the admin server cannot be read")]
    Unreadable,
    /// There is no token in the request, or another one.
    #[error("this needs the admin token, as `Authorization: Bearer TOKEN`")]
    Token,
    /// The request may come from a page in a browser.
    #[error("this needs the header `{INTENT}: 1`, and a loopback address as host")]
    Browser,
    /// The server is reached from elsewhere and has no token.
    #[error("this needs a token: set `admin.token_file` in weir.toml")]
    NoToken,
}

impl Authority {
    /// The authority of a server at `address`.
    pub fn of(address: SocketAddr, token: Option<PathBuf>) -> Self {
        match (token, address.ip().is_loopback()) {
            (Some(file), _) => Self::Token(file),
            (None, true) => Self::Loopback,
            (None, false) => Self::Nobody,
        }
    }

    /// Whether a request with these headers may change state.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match self {
            Self::Nobody => Err(Refusal::NoToken),
            Self::Loopback if headers.contains_key(INTENT) && names_loopback(headers) => Ok(()),
            Self::Loopback => Err(Refusal::Browser),
            Self::Token(file) => {
                let token = std::fs::read_to_string(file).map_err(|error| {
                    tracing::error!(file = %file.display(), %error, "no admin token");
                    Refusal::Unreadable
                })?;
                match sent(headers).is_some_and(|sent| same(sent, token.trim())) {
                    true => Ok(()),
                    false => Err(Refusal::Token),
                }
            }
        }
    }
}

fn sent(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix(BEARER)
}

/// Compares without telling by its time how far two tokens agree. An empty one is none.
fn same(sent: &str, token: &str) -> bool {
    let differing = sent
        .bytes()
        .zip(token.bytes())
        .fold(0, |differing, (one, other)| differing | (one ^ other));
    !token.is_empty() && sent.len() == token.len() && differing == 0
}

fn names_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = host.and_then(|host| host.parse::<http::uri::Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host().trim_matches(['[', ']']);
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn on_loopback_a_browser_is_refused() {
        let authority = Authority::of(([127, 0, 0, 1], 9464).into(), None);
        let check = |pairs| authority.check(&headers(pairs)).is_ok();
        assert!(check(&[("host", "127.0.0.1:9464"), ("weir-admin", "1")]));
        assert!(check(&[("host", "[::1]:9464"), ("weir-admin", "1")]));
        assert!(!check(&[("host", "127.0.0.1:9464")]));
        assert!(!check(&[("host", "evil.example"), ("weir-admin", "1")]));
    }

    #[test]
    fn elsewhere_only_the_token_counts() {
        let address = ([0, 0, 0, 0], 9464).into();
        let nobody = Authority::of(address, None);
        assert!(
            nobody
                .check(&headers(&[("weir-admin", "1"), ("host", "localhost")]))
                .is_err()
        );
        let file = tempfile::NamedTempFile::new().unwrap();
        let authority = Authority::of(address, Some(file.path().to_owned()));
        let check = |value| {
            authority
                .check(&headers(&[("authorization", value)]))
                .is_ok()
        };
        assert!(!check("Bearer "), "an empty file admits nobody");
        std::fs::write(file.path(), "t0ken\n").unwrap();
        assert!(check("Bearer t0ken"));
        assert!(!check("Bearer t0keN") && !check("t0ken") && !check("Bearer t0ken2"));
    }
}
