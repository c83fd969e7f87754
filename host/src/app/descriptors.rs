//! File descriptors: how many the process may have, and how many of them clients may take.
//!
//! A connection takes one, and so do files, stores, and connections to other servers. Shells and
//! service managers commonly start a process with 1,024 (the soft limit) of the far more that it may
//! have (the hard limit), so the one is raised to the other. If clients could take all of them,
//! idle ones would take `/livez` and `/metrics` down, so they share half. The other half is for the
//! rest, of which a request may need one too: for a connection of its own or an entry that it logs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::{debug, warn};

/// Raises the soft limit to the hard one. What cannot be raised stays as it is.
pub(super) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => debug!(
            from = limit.current,
            to = limit.maximum,
            "the limit of open files was raised"
        ),
        Err(error) => warn!(%error, "the limit of open files cannot be raised"),
    }
}

/// How many connections each of so many listeners may have: `max_connections`, or what there are
/// descriptors for, which is told.
pub(super) fn connections(max_connections: usize, listeners: usize) -> usize {
    let Some(descriptors) = getrlimit(Resource::Nofile).current else {
        return max_connections;
    };
    let share = share(descriptors, listeners);
    if share >= max_connections {
        return max_connections;
    }
    warn!(
        max_connections,
        descriptors,
        "each listener takes {share} connections: the limit of open files (`ulimit -n`) allows no \
         more, half of it shared by the listeners"
    );
    share
}

/// What each listener gets of the half that is for clients; one connection at least.
fn share(descriptors: u64, listeners: usize) -> usize {
    let half = usize::try_from(descriptors / 2).unwrap_or(usize::MAX);
    (half / listeners.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_share_half_of_the_descriptors() {
        assert_eq!(share(1024, 1), 512);
        assert_eq!(share(1024, 3), 170);
        assert_eq!(share(2, 4), 1);
    }
}
