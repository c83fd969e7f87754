//! Which changes a running host follows by itself, and how it is asked to follow others.

use super::definition::Definition;
use super::reload::Reloader;
use super::watch::Watch;
use super::watch::scan::Scan;
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

impl Follow {
    /// What the files that it follows are like now. Taken before the app is assembled from them,
    /// so that an edit meanwhile is one that is followed.
    pub(super) async fn look(self, definition: &Arc<Definition>) -> Option<Scan> {
        match self {
            Self::Nothing => None,
            Self::Artefacts => Some(Scan::take(definition, false).await),
            Self::Sources => Some(Scan::take(definition, true).await),
        }
    }
}

/// Follows changes of what was `seen` before, if anything, and reloads on SIGHUP, until the tasks
/// are ended.
pub(super) fn start(
    reloader: &Arc<Reloader>,
    follow: Follow,
    seen: Option<Scan>,
    hangups: Hangups,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(on_hangup(hangups, Arc::clone(reloader)));
    if let Some(seen) = seen {
        let builds = follow == Follow::Sources;
        tasks.spawn(Watch::new(Arc::clone(reloader), builds).run(seen));
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
