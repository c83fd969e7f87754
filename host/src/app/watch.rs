//! Watches what an app is made of, builds what was edited and reloads what changed.
//!
//! Notifications of the kernel only wake the watch; what changed is found by looking at every
//! watched file. So links that move (as in a Kubernetes ConfigMap), files replaced by rename and
//! file systems without notifications are all seen, the last ones after [`POLL`]. A change counts
//! once nothing has moved for [`DEBOUNCE`], so that a file that is being written is left alone, but
//! no longer than [`RESTLESS`]: one that is written to all the time must not keep the others from
//! being followed. The cost is a `stat` for each watched file every two seconds.

mod builds;
mod notifications;
pub(super) mod scan;

use super::reload::Reloader;
use builds::Builds;
use notifications::Notifications;
use scan::Scan;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// How long files must have stayed as they are.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// How long to wait for files that are never left alone.
const RESTLESS: Duration = Duration::from_secs(5);
/// How often files are looked at when nothing is notified.
const POLL: Duration = Duration::from_secs(2);

/// Watches an app; ends when it is dropped.
pub(super) struct Watch {
    reloader: Arc<Reloader>,
    builds: Option<Builds>,
    notifications: Notifications,
}

impl Watch {
    /// A watch over what `reloader` reloads; with `build` it also builds components whose sources
    /// change.
    pub(super) fn new(reloader: Arc<Reloader>, build: bool) -> Self {
        Self {
            builds: build.then(|| Builds::new(Arc::clone(&reloader))),
            reloader,
            notifications: Notifications::new(),
        }
    }

    /// Watches for changes since files were as they were `seen`; never ends.
    pub(super) async fn run(mut self, mut seen: Scan) {
        info!(target: "weir::reload", files = seen.len(), "watching");
        loop {
            self.notifications.follow(seen.folders());
            let now = self.scan().await;
            if now == seen {
                self.wait().await;
                continue;
            }
            let now = self.settled(now).await;
            self.act(&seen, &now).await;
            seen = now;
        }
    }

    async fn wait(&mut self) {
        // A notification wakes at once; also without any, the files are looked at.
        let _ = tokio::time::timeout(POLL, self.notifications.next()).await;
    }

    async fn scan(&self) -> Scan {
        Scan::take(&self.reloader.definition(), self.builds.is_some()).await
    }

    /// The scan that is the same twice, or the last one that there is patience for.
    async fn settled(&self, mut last: Scan) -> Scan {
        let began = Instant::now();
        loop {
            tokio::time::sleep(DEBOUNCE).await;
            let now = self.scan().await;
            if now == last {
                return now;
            }
            if began.elapsed() > RESTLESS {
                warn!(target: "weir::reload", "files change all the time, and are taken as they are");
                return now;
            }
            last = now;
        }
    }

    async fn act(&mut self, before: &Scan, now: &Scan) {
        if let Some(builds) = &mut self.builds {
            for id in now.edited(before) {
                builds.start(&id);
            }
        }
        if now.artefacts_differ(before) {
            let reloader = Arc::clone(&self.reloader);
            if let Err(error) = tokio::task::spawn_blocking(move || reloader.reload()).await {
                warn!(%error, "reload ended");
            }
        }
    }
}
