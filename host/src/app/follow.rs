//! Which changes a running host follows by itself, and how it is asked to follow others.

use super::reload::Reloader;
use super::watch::Watch;
use crate::error::Error;
use crate::signal;
use std::io::IsTerminal as _;
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

/// Starts to follow them, and to reload on SIGHUP where that does not mean the terminal's end, until
/// the tasks are ended.
pub(super) fn start(reloader: &Arc<Reloader>, follow: Follow) -> Result<JoinSet<()>, Error> {
    let mut tasks = JoinSet::new();
    // On a terminal it says that the terminal was closed, which ends a program.
    if !std::io::stderr().is_terminal() {
        let hangups = signal::hangups().map_err(|source| Error::System {
            what: "signals cannot be listened for",
            source,
        })?;
        tasks.spawn(on_hangup(hangups, Arc::clone(reloader)));
    }
    let watch = |build| Watch::new(Arc::clone(reloader), build).run();
    match follow {
        Follow::Nothing => {}
        Follow::Artefacts => _ = tasks.spawn(watch(false)),
        Follow::Sources => _ = tasks.spawn(watch(true)),
    }
    Ok(tasks)
}

async fn on_hangup(mut hangups: tokio::signal::unix::Signal, reloader: Arc<Reloader>) {
    while hangups.recv().await.is_some() {
        let reloader = Arc::clone(&reloader);
        // What failed has been told by the reloader.
        let _ = tokio::task::spawn_blocking(move || reloader.reload()).await;
    }
}
