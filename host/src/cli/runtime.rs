//! The runtime that a command of the command line works in.

use crate::error::Error;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// How long tasks that are still there at the end may take to notice it.
const END: Duration = Duration::from_secs(2);

/// Starts it.
pub(super) fn start() -> Result<Runtime, Error> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System {
            what: "the runtime cannot be started",
            source,
        })
}

/// Ends it with what still runs in it.
pub(super) fn end(runtime: Runtime) {
    runtime.shutdown_timeout(END);
}
