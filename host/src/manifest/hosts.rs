//! Where a component's outbound requests may go, by Spin's rules.
//!
//! An entry of `allowed_outbound_hosts` may hold variables, so there are two steps: when the
//! manifest is read an entry is a [`Template`](super::template::Template), and those without
//! variables are checked; when values are known it becomes a [`HostPattern`].
//!
//! Hosts are compared as URLs have them: in lower case, internationalised names in their ASCII
//! form, and every way of writing an IPv4 address as the address. So a guest cannot reach
//! `127.0.0.1` as `0x7f.1` past a rule that names neither.

mod pattern;
mod rule;

pub use pattern::{HostError, HostPattern};

use std::net::IpAddr;
use url::Host;

/// What ends the name by which a component reaches another of the app.
pub const INTERNAL_SUFFIX: &str = ".spin.internal";

/// Where a component's outbound requests may go. By default nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<HostPattern>);

impl AllowedHosts {
    /// Whether a request may go to `host`, a name or an address without brackets, by `scheme` to
    /// `port`.
    pub fn allows(&self, scheme: &str, host: &str, port: u16) -> bool {
        let address = host.parse().map(|address| match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        });
        let host = address.or_else(|_no_address| Host::parse(host));
        host.is_ok_and(|host| {
            self.0
                .iter()
                .any(|pattern| pattern.allows(scheme, &host, port))
        })
    }

    /// The components of the app that are named in it.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(HostPattern::component)
    }

    /// Whether a request may go to whatever component of the app its path leads to.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(HostPattern::allows_self)
    }

    /// Whether a request may go to the component `id` of the app.
    pub fn allows_component(&self, id: &str) -> bool {
        self.allows("http", &format!("{id}{INTERNAL_SUFFIX}"), 80)
    }
}

impl FromIterator<HostPattern> for AllowedHosts {
    fn from_iter<T: IntoIterator<Item = HostPattern>>(patterns: T) -> Self {
        Self(patterns.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> AllowedHosts {
        entries
            .iter()
            .map(|entry| entry.parse::<HostPattern>().unwrap())
            .collect()
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!AllowedHosts::default().allows("http", "example.com", 80));
        assert!(!AllowedHosts::default().allows_self());
    }

    #[test]
    fn a_host_is_allowed_with_its_scheme_and_port_only() {
        let hosts = hosts(&["https://example.com", "http://example.com:8080"]);
        assert!(hosts.allows("https", "example.com", 443));
        assert!(hosts.allows("https", "EXAMPLE.com", 443));
        assert!(hosts.allows("http", "example.com", 8080));
        assert!(!hosts.allows("http", "example.com", 80));
        assert!(!hosts.allows("https", "example.com", 8443));
        assert!(!hosts.allows("https", "www.example.com", 443));
        assert!(!hosts.allows("https", "example.com.evil.org", 443));
    }

    #[test]
    fn wildcards_stand_for_any_scheme_host_port_or_subdomain() {
        assert!(hosts(&["*://*:*"]).allows("http", "10.1.2.3", 9));
        assert!(hosts(&["https://*"]).allows("https", "example.com", 443));
        let subdomains = hosts(&["http://*.Example.com"]);
        assert!(subdomains.allows("http", "a.b.example.com", 80));
        assert!(!subdomains.allows("http", "example.com", 80));
        assert!(!subdomains.allows("http", "notexample.com", 80));
    }

    #[test]
    fn ports_can_be_a_range_without_its_end() {
        let hosts = hosts(&["http://example.com:8000..8002"]);
        assert!(hosts.allows("http", "example.com", 8000));
        assert!(hosts.allows("http", "example.com", 8001));
        assert!(!hosts.allows("http", "example.com", 8002));
    }

    #[test]
    fn addresses_and_networks_are_compared_as_numbers() {
        let hosts = hosts(&[
            "http://10.0.0.7/8",
            "http://[::1]",
            "http://2001:db8::/32:81",
        ]);
        assert!(hosts.allows("http", "10.200.1.1", 80));
        assert!(!hosts.allows("http", "11.0.0.1", 80));
        assert!(hosts.allows("http", "::1", 80));
        assert!(hosts.allows("http", "0:0:0:0:0:0:0:1", 80));
        assert!(hosts.allows("http", "2001:db8:1::1", 81));
        assert!(!hosts.allows("http", "2001:db8:1::1", 80));
        assert!(!hosts.allows("http", "10.example.com", 80));
        assert!(
            hosts.allows("http", "0x0a.1", 80),
            "another way of writing 10.0.0.1"
        );
    }

    #[test]
    fn the_app_itself_and_its_components_have_names() {
        let to_self = hosts(&["http://self"]);
        assert!(to_self.allows_self() && !to_self.allows_component("api"));
        let one = hosts(&["http://api.spin.internal"]);
        assert!(one.allows_component("api") && !one.allows_component("web") && !one.allows_self());
        assert!(hosts(&["http://*.spin.internal"]).allows_component("web"));
        let all = hosts(&["*://*:*"]);
        assert!(all.allows_component("web") && all.allows_self());
        assert!(!hosts(&["https://example.com"]).allows_self());
    }
}
