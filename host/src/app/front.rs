//! What answers before the app is assembled: the admin server, and the addresses that are taken.

use super::reload::{Reloader, Report};
use super::sockets::{self, Bound};
use super::status::{self, StatusSource};
use crate::admin::history::History;
use crate::admin::{Admin, Authority, Reloaded, Sources};
use crate::config::Config;
use crate::error::Error;
use crate::health::Health;
use crate::server::route::RouteTable;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::registry::Registry;
use arc_swap::ArcSwap;
use std::sync::{Arc, OnceLock};

/// The admin server and what it shows, with listeners that do not accept yet.
pub(super) struct Front {
    pub(super) registry: Registry,
    pub(super) health: Arc<Health>,
    /// Empty until the app is assembled.
    pub(super) table: Arc<ArcSwap<RouteTable>>,
    pub(super) history: Arc<History>,
    pub(super) status: Arc<StatusSource>,
    /// Set once the host can reload.
    pub(super) reloader: Arc<OnceLock<Arc<Reloader>>>,
    pub(super) bound: Vec<Bound>,
    pub(super) admin: Admin,
}

impl Front {
    /// Takes the addresses and starts the admin server.
    pub(super) fn open(
        application: &str,
        config: &Config,
        metrics: &Metrics,
    ) -> Result<Self, Error> {
        let socket = sockets::admin(config.admin.address)?;
        let bound = config
            .listeners
            .iter()
            .map(|listener| sockets::bind(listener, metrics))
            .collect::<Result<Vec<_>, _>>()?;
        metrics.host.set_capacity(config.limits.max_in_flight.get());
        let health = Arc::new(Health::new(metrics.host.ready()));
        let (table, history, reloader) = (Arc::default(), Arc::default(), Arc::default());
        let status = Arc::new(StatusSource {
            application: application.to_owned(),
            listeners: bound.iter().map(status::listener).collect(),
            health: Arc::clone(&health),
            table: Arc::clone(&table),
            history: Arc::clone(&history),
        });
        let registry = metrics.registry.clone();
        let sources = sources(config, &registry, &status, &reloader);
        let admin = Admin::start(socket, sources).map_err(|source| Error::System {
            what: "the admin server cannot be started",
            source,
        })?;
        Ok(Self {
            registry,
            health,
            table,
            history,
            status,
            reloader,
            bound,
            admin,
        })
    }
}

/// Where the admin server reads its answers.
fn sources(
    config: &Config,
    registry: &Registry,
    status: &Arc<StatusSource>,
    reloader: &Arc<OnceLock<Arc<Reloader>>>,
) -> Sources {
    let (shown, reloader) = (Arc::clone(status), Arc::clone(reloader));
    let token_file = config.admin.token_file.as_ref();
    let token_file = token_file.map(|file| file.value.clone());
    Sources {
        registry: registry.clone(),
        health: Arc::clone(&status.health),
        status: Box::new(move || shown.read()),
        reload: Box::new(move || reloader.get().map(|reloader| told(reloader.reload()))),
        authority: Authority::of(config.admin.address, token_file),
    }
}

/// The result of a reload as the admin server tells it.
fn told(report: Report) -> Reloaded {
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
