//! Which changes a running host follows by itself, and how it is asked to follow others.

use super::definition::{Definition, Wanted};
use super::reload::Reloader;
use super::watch::Watch;
use super::watch::scan::Scan;
use crate::diagnostic::Problems;
use crate::signal::Hangups;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Which changes a running host follows by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// None; it reloads when it is asked to.
    Nothing,
    /// Those of the manifest, the configuration, code and files.
    Artefacts,
    /// Also those of sources, which it builds.
    Sources,
}

/// What the files that are followed were like before anything was made of them.
#[derive(Debug)]
pub struct Seen {
    /// None if nothing is followed.
    scan: Option<Scan>,
    builds: bool,
}

impl Follow {
    /// Reads what is to run, and looks at the files that are followed before: an edit that comes
    /// later, while components are built or loaded, is one that is followed. Blocks for moments.
    pub fn read(self, wanted: &Wanted) -> Result<(Definition, Seen), Problems> {
        let mut definition = Definition::read(wanted)?;
        let builds = self == Self::Sources;
        let mut scan = None;
        if self != Self::Nothing {
            // Which files there are to look at stands in what is read, so it is read twice.
            scan = Some(Scan::of(&definition, builds));
            definition = Definition::read(wanted)?;
        }
        Ok((definition, Seen { scan, builds }))
    }
}

/// Follows changes of what was `seen` before, if anything, and reloads on SIGHUP, until the tasks
/// are ended.
pub(super) fn start(reloader: &Arc<Reloader>, seen: Seen, hangups: Hangups) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(on_hangup(hangups, Arc::clone(reloader)));
    if let Some(scan) = seen.scan {
        tasks.spawn(Watch::new(Arc::clone(reloader), seen.builds).run(scan));
    }
    tasks
}

async fn on_hangup(mut hangups: Hangups, reloader: Arc<Reloader>) {
    loop {
        hangups.next().await;
        let reloader = Arc::clone(&reloader);
        // What failed has been told by the reloader.
        let _ = tokio::task::spawn_blocking(move || reloader.reload()).await;
    }
}
