//! A request that went wrong: counted for its component, and told in the log by one line with its
//! component, route and trace.
//!
//! Requests of clients and chained ones are counted and told alike. What brought down an instance
//! has been told by its worker, with the cause, and is only counted here. Requests that are shed
//! come in floods, so of their lines one a second is written for each component, which says how
//! many were left out.

use super::admission::Rejection;
use super::body::Fault;
use super::request::HeadError;
use crate::engine::failure::Failure;
use crate::telemetry::logs::trace_id;
use crate::telemetry::metrics::component::ComponentSeries;
use crate::telemetry::metrics::http_server::HOST;
use crate::telemetry::traces::TraceContext;
use std::fmt::Display;
use tracing::warn;

/// The request that something is told of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// The id and the series of its component, if one answers it.
    pub(super) component: Option<(&'a str, &'a ComponentSeries)>,
    /// Its route.
    pub(super) route: &'a str,
    /// Its trace, if it has one.
    pub(super) trace: Option<TraceContext>,
}

impl Subject<'_> {
    /// The component failed.
    pub(super) fn failed(&self, failure: Failure) {
        let reason = failure.reason();
        if let Some((_, series)) = self.component {
            match failure.is_refusal() {
                true => series.rejected(reason),
                false => series.failed(reason),
            }
        }
        match failure {
            _ if failure.ends_instance() => {}
            Failure::PoolExhausted => self.shed(reason, &failure),
            _ => self.tell(reason, None, &failure),
        }
    }

    /// The host refused the request, for a reason from a closed set.
    pub(super) fn rejected(&self, reason: &'static str) {
        if let Some((_, series)) = self.component {
            series.rejected(reason);
        }
        self.tell(reason, None, &"the request was refused");
    }

    /// The host refused the request because there are too many.
    pub(super) fn turned_away(&self, reason: &'static str) {
        if let Some((_, series)) = self.component {
            series.rejected(reason);
        }
        self.shed(reason, &"requests are turned away");
    }

    /// The host cut the request at the end of its drain.
    pub(super) fn cut(&self) {
        self.tell(Failure::Stopped.reason(), None, &"the request was cut");
    }

    fn shed(&self, reason: &'static str, what: &dyn Display) {
        let admitted = self.component.map(|(_, series)| series.shed_lines.admit());
        if let Some(Some(suppressed)) = admitted {
            self.tell(reason, Some(suppressed), what);
        }
    }

    fn tell(&self, reason: &'static str, suppressed: Option<u64>, what: &dyn Display) {
        warn!(
            component = self.component.map_or(HOST, |(id, _)| id),
            route = self.route,
            trace_id = self.trace.map(trace_id),
            reason,
            suppressed,
            "{what}"
        );
    }
}

/// Every reason for which a component can fail.
pub(crate) fn failures() -> impl Iterator<Item = &'static str> {
    let own = Failure::ALL.into_iter().filter(|one| !one.is_refusal());
    own.map(Failure::reason)
}

/// Every reason for which the host can answer in a component's place.
pub(crate) fn rejections() -> impl Iterator<Item = &'static str> {
    let turned_away = Rejection::ALL.into_iter().map(Rejection::reason);
    let refusals = Failure::ALL.into_iter().filter(|one| one.is_refusal());
    let faults = Fault::ALL.into_iter().filter_map(Fault::reason);
    turned_away
        .chain(refusals.map(Failure::reason))
        .chain(faults)
        .chain(HeadError::ALL.map(HeadError::reason))
}

/// Exports that a new component has not failed yet, nor been protected, for any reason.
pub(crate) fn nothing_yet(series: &ComponentSeries) {
    failures().for_each(|reason| series.may_fail(reason));
    rejections().for_each(|reason| series.may_be_rejected(reason));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::metrics::component::Components;
    use crate::telemetry::registry::{Registry, Scale};

    #[test]
    fn what_the_host_had_no_room_for_is_no_failure_of_the_component() {
        let registry = Registry::new(Scale {
            routes: 1,
            components: 1,
            listeners: 1,
            stores: 1,
        });
        let registry = registry.unwrap();
        let series = Components::new(&registry).component("hello");
        let subject = Subject {
            component: Some(("hello", &series)),
            route: "/...",
            trace: None,
        };
        for failure in [Failure::PoolExhausted, Failure::Stopped, Failure::Trap] {
            subject.failed(failure);
        }
        let text = String::from_utf8(registry.render().unwrap()).unwrap();
        let counted = |metric: &str, reason: &str| {
            let series = format!("{metric}{{component=\"hello\",reason=\"{reason}\"}} 1");
            text.lines().any(|line| line == series)
        };
        for reason in ["pool_exhausted", "stopped"] {
            assert!(counted("weir_requests_rejected_total", reason), "{text}");
            assert!(!counted("weir_component_failures_total", reason), "{text}");
        }
        assert!(counted("weir_component_failures_total", "trap"), "{text}");
    }
}
