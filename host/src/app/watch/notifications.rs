//! The kernel's notifications of changes in folders. Where it gives none, as to one that has used up
//! its share of them, nothing is ever notified, and files are found to have changed by looking.

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::PathBuf;
use tokio::sync::mpsc;
use tracing::{debug, warn};

/// What is told of each event.
type Told = Box<dyn FnMut(notify::Result<Event>) + Send>;

/// Notifications from some folders.
pub(super) struct Notifications {
    watcher: Option<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
    woken: mpsc::Receiver<()>,
    /// Kept, because a channel without a sender has ended and would wake at once, every time.
    _wake: mpsc::Sender<()>,
}

impl Notifications {
    /// From no folder yet.
    pub(super) fn new() -> Self {
        Self::by(notify::recommended_watcher)
    }

    fn by(watcher: impl FnOnce(Told) -> notify::Result<RecommendedWatcher>) -> Self {
        let (wake, woken) = mpsc::channel(1);
        let sender = wake.clone();
        let told: Told = Box::new(move |event| {
            // Looking at files is an event too: each look would ask for the next.
            if !event.is_ok_and(|event| event.kind.is_access()) {
                // One that is there already is enough.
                let _ = sender.try_send(());
            }
        });
        let watcher = watcher(told)
            .inspect_err(|error| warn!(%error, "files are polled, for want of notifications"))
            .ok();
        Self {
            watcher,
            folders: BTreeSet::new(),
            woken,
            _wake: wake,
        }
    }

    /// Waits until something may have changed.
    pub(super) async fn next(&mut self) {
        // It never ends.
        let _ = self.woken.recv().await;
    }

    /// Asks for notifications from these folders and no others.
    pub(super) fn follow(&mut self, folders: &BTreeSet<PathBuf>) {
        let Some(watcher) = &mut self.watcher else {
            return;
        };
        for gone in self.folders.difference(folders) {
            // A folder that was removed is no longer watched anyway.
            let _ = watcher.unwatch(gone);
        }
        for new in folders.difference(&self.folders) {
            if let Err(error) = watcher.watch(new, RecursiveMode::NonRecursive) {
                debug!(folder = %new.display(), %error, "polled, for want of notifications");
            }
        }
        self.folders.clone_from(folders);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_change_in_a_folder_wakes() {
        let folder = tempfile::tempdir().unwrap();
        let mut notifications = Notifications::new();
        notifications.follow(&BTreeSet::from([folder.path().to_owned()]));
        std::fs::write(folder.path().join("new"), "").unwrap();
        timeout(PATIENCE, notifications.next()).await.unwrap();
    }

    #[tokio::test]
    async fn without_a_watcher_nothing_ever_wakes() {
        let refused = |_told: Told| Err(notify::Error::generic("no more instances"));
        let mut notifications = Notifications::by(refused);
        notifications.follow(&BTreeSet::from([std::env::temp_dir()]));
        let woken = timeout(Duration::from_millis(200), notifications.next()).await;
        assert!(woken.is_err(), "it would be looked at files all the time");
    }
}
