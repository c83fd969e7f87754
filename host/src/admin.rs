//! The admin server: what Prometheus, probes and people ask a running host.
//!
//! | path | answer |
//! |---|---|
//! | `/metrics` | everything the registry holds, as Prometheus text |
//! | `/livez` | 200 while the process can do work; else it should be restarted |
//! | `/readyz` | 200 while the host takes traffic, else 503 and why not |
//! | `/status` | JSON: what runs, since when, in which version |
//! | `POST /reload` | reads manifest and configuration again, replaces what changed, and tells what |
//!
//! It has a thread and a runtime of its own, so it answers while every worker is busy. Its address
//! is loopback unless it is set otherwise, because what it tells is for operators.

mod authority;
mod endpoints;
pub mod health;
pub mod history;
pub mod status;

use crate::telemetry::registry::Registry;
pub use authority::Authority;
use endpoints::respond;
use health::Health;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use status::Status;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use tracing::debug;

/// How long a client may take for a request's head.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait after an error of the listening socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What the endpoints show.
pub struct Sources {
    /// For `/metrics`.
    pub registry: Registry,
    /// For `/livez` and `/readyz`.
    pub health: Arc<Health>,
    /// For `/status`.
    pub status: Box<dyn Fn() -> Status + Send + Sync>,
    /// For `/reload`; blocks. None until the host has started.
    pub reload: Box<dyn Fn() -> Option<Reloaded> + Send + Sync>,
    /// Who may change state.
    pub authority: Authority,
}

/// The result of a reload, as JSON.
#[derive(Debug, Serialize)]
pub struct Reloaded {
    /// Components that serve in a new generation, or for the first time.
    pub reloaded: Vec<String>,
    /// Components that are gone.
    pub removed: Vec<String>,
    /// What failed, by component; `_app` is the manifest and the configuration.
    pub failed: BTreeMap<String, String>,
    /// What changed and takes effect at the next start only.
    pub needs_restart: Vec<String>,
}

/// A running admin server; ends when it is dropped.
#[derive(Debug)]
pub struct Admin {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Admin {
    /// Serves on `socket`.
    pub fn start(socket: TcpListener, sources: Sources) -> io::Result<Self> {
        let address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("admin".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = serve(socket, Arc::new(sources)) => {}
                        // Also when the sender is dropped.
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Admin {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only fails if the thread panicked, and then there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

async fn serve(socket: TcpListener, sources: Arc<Sources>) {
    let Ok(socket) = tokio::net::TcpListener::from_std(socket) else {
        return;
    };
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                debug!(%error, "admin connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let sources = Arc::clone(&sources);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let sources = Arc::clone(&sources);
                async move { respond(&request, &sources).await }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                debug!(%error, "admin connection ended");
            }
        });
    }
}
