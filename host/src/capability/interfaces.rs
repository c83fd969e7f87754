//! The interfaces that Weir offers, and under which capability.
//!
//! `weir check` shows a component's imports against this table, and an import that is not in it is
//! refused with the nearest that is. The linker is built from code, not from this table; the
//! integration tests load guests that together import everything in it. Beside it stands the table
//! of what Spin offers ([`spin`]), so that an app is told where it would load and where not.

mod spin;

use std::fmt;

/// What an interface belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Clocks, randomness, streams, standard output: every component has them.
    Base,
    /// Files, read-only; what `files` names.
    Files,
    /// Sockets: linked, and every connection refused.
    Sockets,
    /// HTTP types, and requests to hosts in `allowed_outbound_hosts`.
    Http,
    /// Stores in `key_value_stores`.
    KeyValue,
    /// The component's variables.
    Variables,
    /// `log_directory` in the component's `tool.weir` table.
    LogDirectory,
    /// `metrics` in the component's `tool.weir` table.
    Metrics,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "always there",
            Self::Files => "files",
            Self::Sockets => "sockets",
            Self::Http => "allowed_outbound_hosts",
            Self::KeyValue => "key_value_stores",
            Self::Variables => "variables",
            Self::LogDirectory => "tool.weir.log_directory",
            Self::Metrics => "tool.weir.metrics",
        })
    }
}

/// Whose interfaces a component may import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contract {
    /// Everything that Weir offers.
    #[default]
    Weir,
    /// What Weir offers and Spin too.
    Spin,
}

impl Contract {
    /// What is said of imports that it does not have.
    pub(crate) fn lacks(self) -> &'static str {
        match self {
            Self::Weir => "Weir does not offer",
            Self::Spin => "Weir and Spin do not both offer",
        }
    }
}

/// Packages with the interfaces of each: package, version, whether later patches count as the
/// same, capability, interfaces.
const OFFERED: &[(&str, Version, Capability, &[&str])] = {
    use Capability::{Base, Files, Http, KeyValue, LogDirectory, Metrics, Sockets, Variables};
    use Version::{Compatible, Exactly};
    &[
        (
            "wasi:io",
            Compatible("0.2"),
            Base,
            &["error", "poll", "streams"],
        ),
        (
            "wasi:clocks",
            Compatible("0.2"),
            Base,
            &["monotonic-clock", "wall-clock"],
        ),
        (
            "wasi:clocks",
            Compatible("0.3"),
            Base,
            &["monotonic-clock", "system-clock", "types"],
        ),
        ("wasi:random", Compatible("0.2"), Base, RANDOM),
        ("wasi:random", Compatible("0.3"), Base, RANDOM),
        ("wasi:cli", Compatible("0.2"), Base, CLI),
        ("wasi:cli", Compatible("0.3"), Base, CLI),
        ("wasi:cli", Compatible("0.3"), Base, &["types"]),
        (
            "wasi:filesystem",
            Compatible("0.2"),
            Files,
            &["preopens", "types"],
        ),
        (
            "wasi:filesystem",
            Compatible("0.3"),
            Files,
            &["preopens", "types"],
        ),
        ("wasi:sockets", Compatible("0.2"), Sockets, SOCKETS),
        (
            "wasi:sockets",
            Compatible("0.3"),
            Sockets,
            &["ip-name-lookup", "types"],
        ),
        ("wasi:http", Compatible("0.2"), Http, &["outgoing-handler"]),
        ("wasi:http", Compatible("0.2"), Base, &["types"]),
        ("wasi:http", Compatible("0.3"), Http, &["client"]),
        ("wasi:http", Compatible("0.3"), Base, &["types"]),
        (
            "wasi:config",
            Exactly("0.2.0-draft-2024-09-27"),
            Variables,
            &["store"],
        ),
        (
            "wasi:keyvalue",
            Exactly("0.2.0-draft2"),
            KeyValue,
            &["atomics", "batch", "store"],
        ),
        ("fermyon:spin", Exactly("2.0.0"), KeyValue, &["key-value"]),
        ("fermyon:spin", Exactly("2.0.0"), Variables, &["variables"]),
        ("spin:key-value", Exactly("3.0.0"), KeyValue, &["key-value"]),
        (
            "spin:variables",
            Exactly("3.0.0"),
            Variables,
            &["variables"],
        ),
        (
            "weir:platform",
            Exactly("0.1.0"),
            LogDirectory,
            &["log-directory", "log-directory-sync"],
        ),
        ("weir:platform", Exactly("0.1.0"), Metrics, &["metrics"]),
    ]
};

const RANDOM: &[&str] = &["insecure", "insecure-seed", "random"];
const CLI: &[&str] = &[
    "environment",
    "exit",
    "stderr",
    "stdin",
    "stdout",
    "terminal-input",
    "terminal-output",
    "terminal-stderr",
    "terminal-stdin",
    "terminal-stdout",
];
const SOCKETS: &[&str] = &[
    "instance-network",
    "ip-name-lookup",
    "network",
    "tcp",
    "tcp-create-socket",
    "udp",
    "udp-create-socket",
];

/// Which versions of an import a package serves.
#[derive(Clone, Copy, Debug)]
enum Version {
    /// Any release with this beginning.
    Compatible(&'static str),
    /// This one.
    Exactly(&'static str),
    /// The package has no version.
    Unversioned,
}

impl Version {
    fn serves(self, wanted: &str) -> bool {
        match self {
            Self::Exactly(version) => version == wanted,
            Self::Compatible(beginning) => wanted
                .strip_prefix(beginning)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rest| rest.split('.').all(|number| number.parse::<u32>().is_ok())),
            Self::Unversioned => wanted.is_empty(),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compatible(version) | Self::Exactly(version) => write!(f, "@{version}"),
            Self::Unversioned => Ok(()),
        }
    }
}

/// The capability that an import belongs to, if Weir offers it.
pub fn capability(import: &str) -> Option<Capability> {
    let (package, interface, version) = parts(import)?;
    let offered = OFFERED.iter().find(|(name, offered, _, interfaces)| {
        *name == package && offered.serves(version) && interfaces.contains(&interface)
    });
    offered.map(|(_, _, capability, _)| *capability)
}

/// The key in `inherit_configuration` under which a dependency may use an import that it shares
/// with its parent; none for what every component has, and for what nobody has.
pub(crate) fn inherited_as(import: &str) -> Option<&'static str> {
    let (_, interface, _) = parts(import)?;
    match (capability(import)?, interface) {
        (Capability::Base, "environment") => Some("environment"),
        (Capability::Files, "preopens") => Some("files"),
        (Capability::Http, "outgoing-handler" | "client") => Some("allowed_outbound_hosts"),
        (Capability::KeyValue, _) => Some("key_value_stores"),
        (Capability::Variables, _) => Some("variables"),
        (Capability::LogDirectory, _) => Some("log_directory"),
        (Capability::Metrics, _) => Some("metrics"),
        (Capability::Base | Capability::Files | Capability::Http | Capability::Sockets, _) => None,
    }
}

/// What to say of an import that the contract does not have; nothing of one that it has.
pub(crate) fn missing(import: &str, contract: Contract) -> Option<String> {
    let version = spin::VERSION;
    let why = match (contract, capability(import).is_some(), spin::offers(import)) {
        (_, true, true) | (Contract::Weir, true, false) => return None,
        (Contract::Spin, true, false) => vec![
            format!("Weir has it, Spin {version} does not"),
            "list a component that exports it under `dependencies`".to_owned(),
        ],
        (_, false, true) => vec![format!(
            "Spin {version} has it, Weir does not: it would load there and not here"
        )],
        (_, false, false) => Vec::new(),
    };
    let nearest = nearest(import).filter(|_| capability(import).is_none());
    let nearest = nearest.map(|nearest| format!("the nearest that is offered is {nearest}"));
    let why: Vec<_> = why.into_iter().chain(nearest).collect();
    Some(match why.is_empty() {
        true => import.to_owned(),
        false => format!("{import} ({})", why.join("; ")),
    })
}

/// Package, interface and version of an import; the version is empty if it has none.
fn parts(import: &str) -> Option<(&str, &str, &str)> {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    let (package, interface) = name.split_once('/')?;
    Some((package, interface, version))
}

/// The offered interface whose name is nearest, if it is near at all.
fn nearest(import: &str) -> Option<String> {
    let name = import.split_once('@').map_or(import, |(name, _)| name);
    let offered = OFFERED
        .iter()
        .flat_map(|(package, version, _, interfaces)| {
            interfaces
                .iter()
                .map(move |interface| (format!("{package}/{interface}"), version))
        });
    let distance = |offered: &str| strsim::damerau_levenshtein(offered, name);
    let (nearest, version) = offered.min_by_key(|(offered, _)| distance(offered))?;
    (distance(&nearest) <= name.len() / 3).then(|| format!("{nearest}{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_patch_of_an_offered_minor_version_is_served() {
        assert_eq!(capability("wasi:io/streams@0.2.0"), Some(Capability::Base));
        assert_eq!(capability("wasi:http/client@0.3.0"), Some(Capability::Http));
        assert_eq!(capability("wasi:http/client@0.3.0-rc-2026-03-15"), None);
        assert_eq!(capability("wasi:io/streams@0.20.0"), None);
    }

    #[test]
    fn a_missing_import_is_told_with_the_nearest_offered() {
        let message = missing("spin:key-value/key-value@3.1.0", Contract::Weir).unwrap();
        assert!(
            message.contains("spin:key-value/key-value@3.0.0"),
            "{message}"
        );
        let message = missing("acme:payments/ledger@1.0.0", Contract::Weir).unwrap();
        assert_eq!(message, "acme:payments/ledger@1.0.0");
    }

    #[test]
    fn what_is_only_in_weir_is_missing_under_spin() {
        let import = "weir:platform/metrics@0.1.0";
        assert_eq!(missing(import, Contract::Weir), None);
        let message = missing(import, Contract::Spin).unwrap();
        assert!(message.contains("`dependencies`"), "{message}");
        assert_eq!(missing("wasi:io/streams@0.2.0", Contract::Spin), None);
    }

    #[test]
    fn what_is_only_in_spin_is_said_to_load_there() {
        for contract in [Contract::Weir, Contract::Spin] {
            let message = missing("spin:sqlite/sqlite@3.1.0", contract).unwrap();
            assert!(
                message.contains("would load there and not here"),
                "{message}"
            );
            let message = missing("acme:payments/ledger@1.0.0", contract).unwrap();
            assert_eq!(message, "acme:payments/ledger@1.0.0");
        }
    }

    #[test]
    fn spin_has_all_that_weir_has_but_the_platform() {
        for (package, version, _, interfaces) in OFFERED {
            let version = match version {
                Version::Compatible(beginning) => format!("{beginning}.0"),
                version => version.to_string().replace('@', ""),
            };
            for interface in *interfaces {
                let import = format!("{package}/{interface}@{version}");
                assert_eq!(
                    spin::offers(&import),
                    *package != "weir:platform",
                    "{import}"
                );
            }
        }
    }

    #[test]
    fn only_what_grants_something_has_to_be_inherited() {
        assert_eq!(
            inherited_as("wasi:cli/environment@0.2.3"),
            Some("environment")
        );
        assert_eq!(inherited_as("wasi:cli/stdout@0.2.3"), None);
        assert_eq!(inherited_as("wasi:http/types@0.3.0"), None);
        assert_eq!(
            inherited_as("wasi:http/client@0.3.0"),
            Some("allowed_outbound_hosts")
        );
        assert_eq!(
            inherited_as("wasi:keyvalue/batch@0.2.0-draft2"),
            Some("key_value_stores")
        );
        assert_eq!(inherited_as("weir:platform/metrics@0.1.0"), Some("metrics"));
    }
}
