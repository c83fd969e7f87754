//! A host from its start to its end: what `weir up` runs.
//!
//! [`definition`] says what is to run; [`Host::start`] binds the addresses, starts the admin
//! server, assembles the app and then listens; [`Host::run`] waits for a signal and drains. The
//! order matters: probes are answered from the first moment, and traffic is taken only when all of
//! it can be served.

mod assembly;
pub mod definition;
pub mod reload;
pub mod sockets;
mod status;
mod variables;
pub mod watch;

use crate::admin::health::{Health, Phase};
use crate::admin::history::History;
use crate::admin::{Admin, Authority, Reloaded, Sources};
use crate::config::telemetry::{LogFormat, Telemetry};
use crate::deploy::resources::Resources;
use crate::drain::{self, Drained, Patience};
use crate::engine::settings::WASMTIME;
use crate::error::Error;
use crate::server::chain::InternalRequests;
use crate::server::route::RouteTable;
use crate::signal::{self, Signals};
use crate::telemetry::logs;
use crate::telemetry::metrics::{Metrics, catalog};
use crate::telemetry::registry::Scale;
use arc_swap::ArcSwap;
use definition::{Definition, Wanted};
use reload::Reloader;
use sockets::{Bound, Shared};
use status::StatusSource;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch::{Sender, channel};
use tokio::task::JoinSet;
use tracing::info;
use watch::Watch;

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

/// A host that serves.
pub struct Host {
    definition: Arc<Definition>,
    status: Arc<StatusSource>,
    resources: Arc<Resources>,
    reloader: Arc<Reloader>,
    /// Tasks that end with the host: the watch, and what waits for SIGHUP.
    tasks: JoinSet<()>,
    /// Requests inside the process reach the table through this; it lives as long as the host.
    _chain: Arc<InternalRequests>,
    health: Arc<Health>,
    admin: Admin,
    listeners: JoinSet<()>,
    closing: Sender<bool>,
}

impl Host {
    /// Starts serving what `definition` describes, which was read as `wanted` says.
    pub async fn start(
        definition: Definition,
        wanted: Wanted,
        follow: Follow,
    ) -> Result<Self, Error> {
        let config = &definition.config;
        start_logs(&config.telemetry)?;
        let metrics = Metrics::new(scale(&definition), crate::VERSION, WASMTIME)?;
        let health = Arc::new(Health::new(metrics.host.ready()));
        tokio::spawn(Arc::clone(&health).beat());
        let table = Arc::<ArcSwap<RouteTable>>::default();
        let admin = sockets::admin(config.admin.address)?;
        let bound = config
            .listeners
            .iter()
            .map(|listener| sockets::bind(listener, &metrics))
            .collect::<Result<Vec<_>, _>>()?;
        let history = Arc::<History>::default();
        let status = Arc::new(StatusSource {
            application: definition.manifest.application.name.clone(),
            listeners: bound.iter().map(status::listener).collect(),
            health: Arc::clone(&health),
            table: Arc::clone(&table),
            history: Arc::clone(&history),
        });
        let registry = metrics.registry.clone();
        let shown = Arc::clone(&status);
        let reload = Arc::<OnceLock<Arc<Reloader>>>::default();
        let reloader = Arc::clone(&reload);
        let authority = Authority::of(config.admin.address, config.admin.token_file.clone());
        let admin = Admin::start(
            admin,
            Sources {
                registry: registry.clone(),
                health: Arc::clone(&health),
                status: Box::new(move || shown.read()),
                reload: Box::new(move || reloader.get().map(|reloader| told(reloader.reload()))),
                authority,
            },
        )
        .map_err(|source| Error::System {
            what: "the admin server cannot be started",
            source,
        })?;
        let definition = Arc::new(definition);
        let (resources, routes) = assemble(&definition, metrics, &health).await?;
        let resources = Arc::new(resources);
        let chain = lead_chain(&resources, &table);
        table.store(Arc::new(routes));
        let shared = Shared::new(&definition.config, &table, &registry);
        let (listeners, closing) = listen(bound, &shared)?;
        let reloader = Arc::new(Reloader::new(
            wanted,
            Arc::clone(&definition),
            Arc::clone(&resources),
            Arc::clone(&table),
            history,
        ));
        // It is set here and nowhere else.
        let _ = reload.set(Arc::clone(&reloader));
        let tasks = tasks(&reloader, follow)?;
        health.set_phase(Phase::Ready);
        Ok(Self {
            definition,
            status,
            resources,
            reloader,
            tasks,
            _chain: chain,
            health,
            admin,
            listeners,
            closing,
        })
    }

    /// What runs.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// Its status, as `/status` tells it.
    pub fn status(&self) -> crate::admin::status::Status {
        self.status.read()
    }

    /// Where the admin server listens.
    pub fn admin(&self) -> std::net::SocketAddr {
        self.admin.address()
    }

    /// Serves until a signal, then drains.
    pub async fn run(mut self, mut signals: Signals) -> Drained {
        let signal = signals.next().await;
        self.tasks.abort_all();
        // What serves now is what is drained.
        let definition = self.reloader.definition();
        info!(signal, "stopping");
        let settings = &definition.config.drain;
        let patience = Patience {
            delay: settings.delay,
            deadline: settings.deadline,
        };
        let requests = &self.resources.metrics.http_server;
        let drained = drain::drain(
            self.listeners,
            self.closing,
            &self.health,
            patience,
            &mut signals,
            || requests.active(),
        )
        .await;
        let served = catalog::HTTP_SERVER_REQUEST_DURATION.prometheus_name();
        let stores: Vec<_> = self.resources.stores().values().cloned().collect();
        for store in stores {
            store.close().await;
        }
        info!(
            requests = self.resources.metrics.registry.recorded(&served),
            uptime = ?self.health.uptime(),
            "stopped"
        );
        tokio::select! {
            () = tokio::time::sleep(settings.admin_linger) => {}
            _ = signals.next() => {}
        }
        drained
    }
}

fn start_logs(settings: &Telemetry) -> Result<(), logs::FilterError> {
    let format = match settings.log_format {
        LogFormat::Auto => logs::Format::Auto,
        LogFormat::Human => logs::Format::Human,
        LogFormat::Json => logs::Format::Json,
    };
    logs::start(format, &settings.log_level)
}

async fn assemble(
    definition: &Arc<Definition>,
    metrics: Metrics,
    health: &Arc<Health>,
) -> Result<(Resources, RouteTable), Error> {
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

/// The result of a reload as the admin server tells it.
fn told(report: reload::Report) -> Reloaded {
    let failed = report.failed.into_iter();
    Reloaded {
        reloaded: report.reloaded,
        removed: report.removed,
        failed: failed
            .map(|(component, problems)| (component, problems.to_string()))
            .collect(),
        needs_restart: report.needs_restart.into_iter().map(Into::into).collect(),
    }
}

/// Starts what follows changes.
fn tasks(reloader: &Arc<Reloader>, follow: Follow) -> Result<JoinSet<()>, Error> {
    let mut tasks = JoinSet::new();
    let hangups = signal::hangups().map_err(|source| Error::System {
        what: "signals cannot be listened for",
        source,
    })?;
    tasks.spawn(reload_on_hangup(hangups, Arc::clone(reloader)));
    let watch = |build| Watch::new(Arc::clone(reloader), build).run();
    match follow {
        Follow::Nothing => {}
        Follow::Artefacts => _ = tasks.spawn(watch(false)),
        Follow::Sources => _ = tasks.spawn(watch(true)),
    }
    Ok(tasks)
}

async fn reload_on_hangup(mut hangups: tokio::signal::unix::Signal, reloader: Arc<Reloader>) {
    while hangups.recv().await.is_some() {
        let reloader = Arc::clone(&reloader);
        // What failed has been told by the reloader.
        let _ = tokio::task::spawn_blocking(move || reloader.reload()).await;
    }
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

fn listen(bound: Vec<Bound>, shared: &Shared<'_>) -> Result<(JoinSet<()>, Sender<bool>), Error> {
    let (closing, closed) = channel(false);
    let mut listeners = JoinSet::new();
    for (number, bound) in bound.into_iter().enumerate() {
        listeners.spawn(bound.listen(number, shared)?.run(closed.clone()));
    }
    Ok((listeners, closing))
}

/// What the closed label sets are multiplied by, with room for what a reload may add.
fn scale(definition: &Definition) -> Scale {
    let manifest = &definition.manifest;
    let config = &definition.config;
    let subjects = manifest.triggers.len()
        + manifest.components.len()
        + config.listeners.len()
        + config.key_value_stores.len();
    let series = |(id, component): (&str, &crate::manifest::component::Component)| {
        let settings = config.component(id, &component.settings);
        settings
            .metrics
            .map_or(0, |limits| limits.max_series as usize)
    };
    Scale {
        subjects: ROOM + subjects,
        guest_series: definition.components().map(series).max().unwrap_or(0),
    }
}

/// Subjects that the host itself has, and that a reload may add.
const ROOM: usize = 64;
