//! The interfaces that Spin offers, to tell of an app whether it would load there.
//!
//! What Spin's factors add to its linker, in the sources of [`VERSION`]. Interfaces of types alone
//! are listed too: they need no host, and components that use them load. `wasi:otel` is not: Spin
//! has it only where it is started with `--experimental-wasi-otel`.
//!
//! Like Weir, Spin serves a later or earlier release of the same compatible version, and release
//! candidates only exactly.

use super::{CLI, RANDOM, SOCKETS, Version};

/// The Spin whose interfaces these are.
pub(super) const VERSION: &str = "4.1";

/// Packages with the interfaces of each: package, version, interfaces.
const OFFERED: &[(&str, Version, &[&str])] = {
    use Version::{Compatible, Exactly, Unversioned};
    &[
        ("wasi:io", Compatible("0.2"), IO),
        ("wasi:clocks", Compatible("0.2"), CLOCKS),
        ("wasi:clocks", Compatible("0.3"), CLOCKS_P3),
        ("wasi:random", Compatible("0.2"), RANDOM),
        ("wasi:random", Compatible("0.3"), RANDOM),
        ("wasi:cli", Compatible("0.2"), CLI),
        ("wasi:cli", Compatible("0.3"), CLI),
        ("wasi:cli", Compatible("0.3"), &["types"]),
        ("wasi:filesystem", Compatible("0.2"), FILESYSTEM),
        ("wasi:filesystem", Compatible("0.3"), FILESYSTEM),
        ("wasi:sockets", Compatible("0.2"), SOCKETS),
        ("wasi:sockets", Compatible("0.3"), SOCKETS_P3),
        ("wasi:http", Compatible("0.2"), HTTP),
        ("wasi:http", Compatible("0.3"), HTTP_P3),
        // Release candidates of WASI, from before 0.2 and before 0.3.
        ("wasi:io", Exactly(RC_2023_10), &["poll", "streams"]),
        ("wasi:clocks", Exactly(RC_2023_10), CLOCKS),
        ("wasi:random", Exactly(RC_2023_10), RANDOM),
        ("wasi:cli", Exactly(RC_2023_10), CLI),
        ("wasi:filesystem", Exactly(RC_2023_10), FILESYSTEM),
        ("wasi:sockets", Exactly(RC_2023_10), SOCKETS),
        ("wasi:http", Exactly(RC_2023_10), HTTP),
        ("wasi:io", Exactly(RC_2023_11), IO),
        ("wasi:clocks", Exactly(RC_2023_11), CLOCKS),
        ("wasi:random", Exactly(RC_2023_11), RANDOM),
        ("wasi:cli", Exactly(RC_2023_11), CLI),
        ("wasi:filesystem", Exactly(RC_2023_11), FILESYSTEM),
        ("wasi:sockets", Exactly(RC_2023_11), SOCKETS),
        ("wasi:http", Exactly(RC_2023_11), HTTP),
        ("wasi:clocks", Exactly(RC_2026_03), CLOCKS_P3),
        ("wasi:random", Exactly(RC_2026_03), RANDOM),
        ("wasi:cli", Exactly(RC_2026_03), CLI),
        ("wasi:cli", Exactly(RC_2026_03), &["types"]),
        ("wasi:filesystem", Exactly(RC_2026_03), FILESYSTEM),
        ("wasi:sockets", Exactly(RC_2026_03), SOCKETS_P3),
        ("wasi:http", Exactly(RC_2026_03), HTTP_P3),
        // Proposals for WASI.
        ("wasi:config", Exactly("0.2.0-draft-2024-09-27"), &["store"]),
        (
            "wasi:keyvalue",
            Exactly("0.2.0-draft2"),
            &["atomics", "batch", "store"],
        ),
        // Spin's own, of its first release, its second and the later ones.
        ("fermyon:spin", Unversioned, SPIN_1),
        ("fermyon:spin", Compatible("2"), SPIN_2),
        ("spin:key-value", Compatible("3"), &["key-value"]),
        ("spin:mqtt", Compatible("3"), &["mqtt"]),
        ("spin:mysql", Compatible("3"), &["mysql"]),
        ("spin:postgres", Compatible("3"), &["postgres"]),
        ("spin:postgres", Compatible("4"), &["postgres"]),
        ("spin:redis", Compatible("3"), &["redis"]),
        ("spin:sqlite", Compatible("3"), &["sqlite"]),
        ("spin:variables", Compatible("3"), &["variables"]),
    ]
};

const RC_2023_10: &str = "0.2.0-rc-2023-10-18";
const RC_2023_11: &str = "0.2.0-rc-2023-11-10";
const RC_2026_03: &str = "0.3.0-rc-2026-03-15";
const IO: &[&str] = &["error", "poll", "streams"];
const CLOCKS: &[&str] = &["monotonic-clock", "wall-clock"];
const CLOCKS_P3: &[&str] = &["monotonic-clock", "system-clock", "types"];
const FILESYSTEM: &[&str] = &["preopens", "types"];
const SOCKETS_P3: &[&str] = &["ip-name-lookup", "types"];
const HTTP: &[&str] = &["outgoing-handler", "types"];
const HTTP_P3: &[&str] = &["client", "types"];
const SPIN_1: &[&str] = &[
    "config",
    "http",
    "http-types",
    "key-value",
    "llm",
    "mysql",
    "postgres",
    "rdbms-types",
    "redis",
    "redis-types",
    "sqlite",
];
const SPIN_2: &[&str] = &[
    "key-value",
    "llm",
    "mqtt",
    "mysql",
    "postgres",
    "rdbms-types",
    "redis",
    "sqlite",
    "variables",
];

/// Whether Spin has what a component imports under this name.
pub(super) fn offers(import: &str) -> bool {
    let Some((package, interface, version)) = super::parts(import) else {
        return false;
    };
    OFFERED.iter().any(|(name, offered, interfaces)| {
        *name == package && offered.serves(version) && interfaces.contains(&interface)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_of_every_release_of_spin_are_offered() {
        for import in [
            "fermyon:spin/key-value",
            "fermyon:spin/sqlite@2.0.0",
            "spin:sqlite/sqlite@3.0.0",
            "spin:postgres/postgres@4.2.0",
            "wasi:http/types@0.2.0-rc-2023-11-10",
            "wasi:http/client@0.3.0-rc-2026-03-15",
            "wasi:http/client@0.3.0",
        ] {
            assert!(offers(import), "{import}");
        }
    }

    #[test]
    fn what_spin_does_not_link_is_not_offered() {
        for import in [
            "fermyon:spin/variables",
            "spin:sqlite/sqlite@2.0.0",
            "spin:sqlite/sqlite",
            "wasi:http/client@0.2.0",
            "wasi:http/client@0.3.0-rc-2025-09-16",
            "wasi:io/error@0.2.0-rc-2023-10-18",
            "wasi:otel/tracing@0.2.0-rc.2",
            "weir:platform/metrics@0.1.0",
        ] {
            assert!(!offers(import), "{import}");
        }
    }
}
