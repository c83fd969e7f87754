//! What `/status` shows of a running app.

use super::sockets::Bound;
use crate::admin::history::History;
use crate::admin::status::{ComponentStatus, Instances, ListenerStatus, Status};
use crate::health::{Health, Phase};
use crate::server::route::{Component, RouteTable};
use crate::telemetry::metrics::http_server::HOST;
use crate::telemetry::metrics::reload::APP;
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Where the answer is read.
pub(super) struct StatusSource {
    pub(super) application: String,
    pub(super) listeners: Vec<ListenerStatus>,
    pub(super) health: Arc<Health>,
    pub(super) table: Arc<ArcSwap<RouteTable>>,
    pub(super) history: Arc<History>,
}

impl StatusSource {
    /// The status at this moment.
    pub(super) fn read(&self) -> Status {
        let phase = self.health.phase();
        let table = self.table.load();
        let mut components: Vec<_> = table
            .components
            .values()
            .map(|component| self.component(component, &table))
            .collect();
        components.sort_by(|one, other| one.id.cmp(&other.id));
        Status {
            version: crate::VERSION,
            application: self.application.clone(),
            state: phase.name(),
            waiting_for: match phase {
                Phase::Starting(what) => Some(what.to_string()),
                _ => None,
            },
            uptime_seconds: self.health.uptime().as_secs_f64(),
            listeners: self.listeners.clone(),
            last_reload: self.history.last(APP),
            components,
            static_routes: routes(&table, HOST),
        }
    }

    fn component(&self, component: &Component, table: &RouteTable) -> ComponentStatus {
        let generation = component.generation.load();
        let (busy, idle) = component.series.instances();
        ComponentStatus {
            id: component.id.to_string(),
            digest: generation.digest.clone(),
            generation: generation.number,
            routes: routes(table, &component.id),
            instances: Instances { busy, idle },
            draining: self.history.draining(&component.id),
            last_reload: self.history.last(&component.id),
        }
    }
}

/// The routes to which a component answers, or the host.
fn routes(table: &RouteTable, answerer: &str) -> Vec<String> {
    let routes = table.patterns.get(answerer).into_iter().flatten();
    routes.map(ToString::to_string).collect()
}

/// What is told of a listener.
pub(super) fn listener(bound: &Bound) -> ListenerStatus {
    ListenerStatus {
        address: bound.address.to_string(),
        base_path: bound.settings.base_path.to_string(),
        tls: bound.settings.tls.is_some(),
    }
}
