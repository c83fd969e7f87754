//! A host from its start to its end: what `weir up` runs.
//!
//! [`definition`] says what is to run; [`Host::start`] takes the addresses, starts the admin
//! server, assembles the app and then listens; [`Host::run`] waits for a signal and drains. The
//! order matters: probes are answered from the first moment, and traffic is taken only when all of
//! it can be served.

mod assembly;
pub mod command;
pub mod definition;
mod descriptors;
mod follow;
mod front;
pub mod reference;
pub mod reload;
mod room;
mod secret_files;
pub mod sockets;
mod status;
pub mod variables;
mod watch;

pub use follow::{Follow, Seen};

use crate::config::telemetry::{LogFormat, Telemetry};
use crate::deploy::resources::Resources;
use crate::drain::{self, Drained, Left, Patience, Stage};
use crate::engine::settings::WASMTIME;
use crate::error::Error;
use crate::health::{Health, Phase};
use crate::server::chain::InternalRequests;
use crate::server::route::RouteTable;
use crate::signal::{Hangups, Signals};
use crate::telemetry::logs;
use crate::telemetry::metrics::{Metrics, catalog};
use arc_swap::ArcSwap;
use assembly::Assembled;
use definition::{Definition, Wanted};
use front::Front;
use reload::Reloader;
use sockets::{Bound, Shared};
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::sync::watch::{Sender, channel};
use tokio::task::JoinSet;
use tracing::{info, warn};

/// A host that serves.
pub struct Host {
    front: Front,
    resources: Arc<Resources>,
    reloader: Arc<Reloader>,
    /// Requests inside the process reach the table through this; it lives as long as the host.
    _chain: Arc<InternalRequests>,
    /// Tasks that end when the drain begins.
    tasks: JoinSet<()>,
    listeners: JoinSet<()>,
    stage: Sender<Stage>,
}

impl Host {
    /// Starts serving what `definition` describes, which was read as `wanted` says and after its
    /// files were `seen`. A hangup that comes meanwhile is followed by a reload.
    pub async fn start(
        definition: Definition,
        wanted: Wanted,
        seen: Seen,
        hangups: Hangups,
    ) -> Result<Self, Error> {
        let config = &definition.config;
        start_logs(&config.telemetry);
        descriptors::raise();
        let metrics = Metrics::new(room::scale(&definition), crate::VERSION, WASMTIME)?;
        let application = &definition.manifest.application.name;
        let mut front = Front::open(application, config, &metrics)?;
        tokio::spawn(Arc::clone(&front.health).beat());

        let definition = Arc::new(definition);
        let assembled = assemble(&definition, metrics, &front.health).await?;
        let resources = Arc::new(assembled.resources);
        let chain = lead_chain(&resources, &front.table);
        front.table.store(Arc::new(assembled.routes));
        let bound = std::mem::take(&mut front.bound);
        let shared = Shared::new(
            &definition.config,
            &front.table,
            &front.registry,
            &resources.tracer,
        );
        let (listeners, stage) = listen(bound, &shared)?;

        let reloader = Arc::new(Reloader::new(
            wanted,
            definition,
            assembled.fingerprints,
            Arc::clone(&resources),
            Arc::clone(&front.table),
            Arc::clone(&front.history),
        ));
        // It is set here and nowhere else.
        let _ = front.reloader.set(Arc::clone(&reloader));
        let tasks = follow::start(&reloader, seen, hangups);
        front.health.set_phase(Phase::Ready);
        Ok(Self {
            front,
            resources,
            reloader,
            _chain: chain,
            tasks,
            listeners,
            stage,
        })
    }

    /// What runs.
    pub fn definition(&self) -> Arc<Definition> {
        self.reloader.definition()
    }

    /// Its status, as `/status` tells it.
    pub fn status(&self) -> crate::admin::status::Status {
        self.front.status.read()
    }

    /// Where the admin server listens.
    pub fn admin(&self) -> std::net::SocketAddr {
        self.front.admin.address()
    }

    /// Serves until a signal, then drains.
    pub async fn run(mut self, mut signals: Signals) -> Drained {
        let signal = signals.next().await;
        info!(%signal, "stopping");
        self.tasks.abort_all();
        let definition = self.definition();
        let settings = &definition.config.drain;
        let patience = Patience {
            delay: settings.delay,
            deadline: settings.deadline,
        };
        let requests = &self.resources.metrics.http_server;
        let left = Left {
            requests: || requests.active(),
            guests: self.resources.budget.guests(),
        };
        let mut drained = drain::drain(
            self.listeners,
            self.stage,
            &self.front.health,
            patience,
            &mut signals,
            left,
        )
        .await;
        drained.hurried = !close(&self.resources, &mut signals, drained.hurried).await;
        let served = catalog::HTTP_SERVER_REQUEST_DURATION.prometheus_name();
        info!(
            requests = self.front.registry.recorded(&served),
            uptime = ?self.front.health.uptime(),
            "stopped"
        );
        if !drained.hurried {
            tokio::select! {
                () = tokio::time::sleep(settings.admin_linger) => {}
                _ = signals.next() => {}
            }
        }
        drained
    }
}

fn start_logs(settings: &Telemetry) {
    let format = match settings.log_format {
        LogFormat::Auto => logs::Format::Auto,
        LogFormat::Human => logs::Format::Human,
        LogFormat::Json => logs::Format::Json,
    };
    logs::start(format, &settings.log_level);
}

async fn assemble(
    definition: &Arc<Definition>,
    metrics: Metrics,
    health: &Arc<Health>,
) -> Result<Assembled, Error> {
    let (definition, health) = (Arc::clone(definition), Arc::clone(health));
    let assembled =
        tokio::task::spawn_blocking(move || assembly::assemble(&definition, metrics, &health));
    assembled.await.unwrap_or_else(|ended| {
        Err(Error::System {
            what: "the app cannot be assembled",
            source: std::io::Error::other(ended),
        })
    })
}

/// Lets components reach each other through the table.
fn lead_chain(resources: &Resources, table: &Arc<ArcSwap<RouteTable>>) -> Arc<InternalRequests> {
    let chain = Arc::new(InternalRequests {
        table: Arc::clone(table),
    });
    let weak = Arc::downgrade(&chain);
    // It is set here and nowhere else.
    let _ = resources.chain.set(weak);
    chain
}

fn listen(bound: Vec<Bound>, shared: &Shared<'_>) -> Result<(JoinSet<()>, Sender<Stage>), Error> {
    let (sender, stage) = channel(Stage::Open);
    let mut listeners = JoinSet::new();
    for (number, bound) in bound.into_iter().enumerate() {
        listeners.spawn(bound.listen(number, shared, stage.clone())?.run());
    }
    Ok((listeners, sender))
}

/// Closes what is open and, unless that is `hurried`, exports what is left. Says whether all of it
/// was waited for.
async fn close(resources: &Resources, signals: &mut Signals, hurried: bool) -> bool {
    unless_hurried(signals, close_stores(resources)).await
        && !hurried
        && unless_hurried(signals, export_spans(resources)).await
}

/// Waits for `end` until a signal says not to. Says whether it was waited for.
async fn unless_hurried(signals: &mut Signals, end: impl Future<Output = ()>) -> bool {
    tokio::select! {
        () = end => true,
        signal = signals.next() => {
            warn!(%signal, "nothing more is waited for");
            false
        }
    }
}

/// Flushes what was written and releases the files.
async fn close_stores(resources: &Resources) {
    for store in resources.stores().values() {
        store.close().await;
    }
    for logs in resources.log_directories() {
        logs.flush().await;
    }
}

/// Sends what spans are left. On a thread of its own, so that who waits for it no longer need not
/// wait for its end either.
async fn export_spans(resources: &Resources) {
    let tracer = resources.tracer.clone();
    let (done, exported) = oneshot::channel();
    let thread = std::thread::Builder::new().name("spans".into());
    let spawned = thread.spawn(move || {
        tracer.shut_down();
        // Nobody may wait any more.
        let _ = done.send(());
    });
    match spawned {
        // It only fails if the thread panicked, and there is nothing more to do then.
        Ok(_) => _ = exported.await,
        Err(error) => warn!(%error, "the last spans were not exported"),
    }
}
