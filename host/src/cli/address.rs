//! Addresses on the command line: an IP address or a name, and a port.

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs as _};

const WANTED: &str = "it must be an address or a name, and a port, such as 127.0.0.1:3000";

/// Reads one. A name is resolved; if it is also that of 127.0.0.1, as `localhost` is, then that is
/// what it means, as under Spin.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    if text.starts_with(':') {
        return Err(WANTED.to_owned());
    }
    let found = text.to_socket_addrs();
    let found: Vec<_> = found.map_err(|why| format!("{why}; {WANTED}"))?.collect();
    let loopback = found
        .iter()
        .find(|address| address.ip() == Ipv4Addr::LOCALHOST);
    let address = loopback.or(found.first()).copied();
    address.ok_or_else(|| format!("the name has no address; {WANTED}"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_and_addresses_are_read() {
        for (text, expected) in [
            ("localhost:3000", "127.0.0.1:3000"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:81", "[::1]:81"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_is_no_address_is_told_what_is_one() {
        for text in ["localhost", ":3000", "3000", "", "127.0.0.1:99999", "::1"] {
            let why = parse(text).unwrap_err();
            assert!(why.ends_with("such as 127.0.0.1:3000"), "{text}: {why}");
        }
    }
}
