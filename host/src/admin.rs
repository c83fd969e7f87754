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
pub mod history;
mod listener;
pub mod status;

use crate::health::Health;
use crate::telemetry::registry::Registry;
pub use authority::Authority;
use serde::Serialize;
use status::Status;
use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long the end waits for what still runs, such as a reload.
const END: Duration = Duration::from_secs(1);

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
                        () = listener::serve(socket, Arc::new(sources)) => {}
                        // Also when the sender is dropped.
                        _ = stopped => {}
                    }
                });
                // A reload compiles for as long as it takes, and nobody will hear how it ended.
                runtime.shutdown_timeout(END);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::registry::Scale;
    use std::io::Write as _;
    use std::net::TcpStream;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc::{Receiver, Sender, channel};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// An admin server whose reload says that it has begun and lasts until it is let go.
    fn start(begun: Sender<()>, let_go: Receiver<()>) -> Admin {
        let scale = Scale {
            routes: 1,
            components: 1,
            listeners: 1,
            stores: 1,
        };
        let let_go = Mutex::new(let_go);
        let sources = Sources {
            registry: Registry::new(scale).unwrap(),
            health: Arc::new(Health::new(Arc::new(AtomicBool::new(true)))),
            status: Box::new(|| unreachable!("nobody asks for it")),
            reload: Box::new(move || {
                begun.send(()).unwrap();
                let _ = let_go.lock().unwrap().recv();
                None
            }),
            authority: Authority::Loopback,
        };
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        Admin::start(socket, sources).unwrap()
    }

    #[test]
    fn its_end_does_not_wait_for_a_reload() {
        let (begin, begun) = channel();
        let (_let_go, held) = channel();
        let admin = start(begin, held);
        let mut client = TcpStream::connect(admin.address()).unwrap();
        client
            .write_all(b"POST /reload HTTP/1.1\r\nhost: localhost\r\nweir-admin: 1\r\n\r\n")
            .unwrap();
        begun.recv_timeout(PATIENCE).unwrap();
        let (end, ended) = channel();
        std::thread::spawn(move || {
            drop(admin);
            end.send(()).unwrap();
        });
        ended.recv_timeout(PATIENCE).unwrap();
    }
}
