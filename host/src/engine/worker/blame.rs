//! Who is told what when an instance ends: the request whose task ran is to blame for a trap, the
//! others only shared the instance with it.

use super::super::exchange::Exchange;
use super::super::failure::Failure;
use super::super::pool::Shared;
use super::super::state::{self, InstanceState};
use crate::telemetry::logs::trace_id;
use std::sync::Arc;
use tracing::warn;
use wasmtime::{AsContextMut as _, Result, Store};

/// Why guest code was ended although it did nothing wrong that wasmtime could see.
#[derive(Debug, thiserror::Error)]
#[error("nobody waits for the guest any more")]
pub(super) struct Interrupted;

/// Tells everyone who still waits how the instance ended, and blames the one that ran.
pub(super) fn conclude(pool: &Shared, store: &mut Store<InstanceState>, end: Result<()>) {
    let culprit = state::running(store.as_context_mut());
    let tasks = store.data_mut().take_tasks();
    let Err(error) = end else {
        for exchange in tasks.into_values() {
            exchange.fail(Failure::Stopped);
        }
        return;
    };
    let interrupted = error.is::<Interrupted>();
    let failure = match (interrupted, store.data().memory.refused()) {
        (true, _) => Failure::Timeout,
        (false, true) => Failure::Memory,
        (false, false) => Failure::Trap,
    };
    let alone = tasks.len() == 1;
    let mut counted = false;
    for (task, exchange) in tasks {
        let to_blame = alone
            || culprit
                .as_ref()
                .is_some_and(|(culprit, _)| *culprit == task);
        let was_told = exchange.fail(if to_blame { failure } else { Failure::Sibling });
        counted |= to_blame && (was_told || exchange.was_given_up());
    }
    let blamed = culprit.as_ref().map(|(_, exchange)| exchange);
    if interrupted && blamed.is_some_and(|exchange| exchange.was_left()) {
        // It did nothing wrong.
        return;
    }
    report(pool, blamed, failure, &error);
    if !counted {
        pool.component.series.failed(failure.reason());
    }
}

pub(super) fn report(
    pool: &Shared,
    exchange: Option<&Arc<Exchange>>,
    failure: Failure,
    error: &wasmtime::Error,
) {
    let origin = exchange.map(|exchange| exchange.origin());
    warn!(
        component = &*pool.component.id,
        route = origin.map(|origin| &*origin.route),
        trace_id = origin.and_then(|origin| origin.trace).map(trace_id),
        reason = failure.reason(),
        error = %format_args!("{error:#}"),
        "{failure}"
    );
}
