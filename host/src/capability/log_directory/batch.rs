//! The policy `batch`: a task for each directory that syncs what was written since it last did.

use super::writer::Writer;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tracing::{debug, warn};

/// How soon `batch` makes a write durable.
pub const BATCH_INTERVAL: Duration = Duration::from_millis(200);

/// Syncs what was written, and a last time when the directory and the writes to it are gone.
pub(super) async fn sync_in_batches(writer: Arc<Writer>, unsynced: Weak<AtomicBool>) {
    let mut interval = tokio::time::interval(BATCH_INTERVAL);
    while let Some(unsynced) = unsynced.upgrade() {
        if unsynced.swap(false, Relaxed) {
            sync(Arc::clone(&writer)).await;
        }
        drop(unsynced);
        interval.tick().await;
    }
    sync(writer).await;
}

pub(super) async fn sync(writer: Arc<Writer>) {
    match tokio::task::spawn_blocking(move || writer.sync_all()).await {
        Ok(Ok(())) => debug!("log directory synced"),
        Ok(Err(error)) => warn!(%error, "log directory not synced"),
        Err(error) => warn!(%error, "log directory not synced"),
    }
}
