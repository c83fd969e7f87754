//! `weir:platform/log-directory` and its synchronous twin.

use super::{LogDirectory, LogError};
use crate::engine::exchange::Exchange;
use crate::engine::state::{self, ComponentContext, InstanceState};
use crate::telemetry::logs::{self, GuestLine, GuestPlace};
use crate::telemetry::metrics::capability::DENIED;
use crate::telemetry::metrics::capability::call::{CANCELLED, Call};
use std::sync::Arc;
use std::time::Duration;
use tracing::warn;
use wasmtime::component::{Accessor, HasData, HasSelf, Linker};
use wasmtime::{AsContextMut as _, Result};
use weir_bindings::weir::platform::{log_directory as wit, log_directory_sync as wit_sync};

pub(in crate::capability) fn link(linker: &mut Linker<InstanceState>) -> Result<()> {
    wit::add_to_linker::<_, Concurrent>(linker, |state| state)?;
    wit_sync::add_to_linker::<_, HasSelf<InstanceState>>(linker, |state| state)
}

/// An entry as it goes to the host's own log has at most this many bytes.
const MIRRORED: usize = 16 * 1024;

async fn write_entry(
    component: Arc<ComponentContext>,
    caller: Option<Arc<Exchange>>,
    contents: Vec<u8>,
) -> std::result::Result<String, wit::Error> {
    let mirrored = component.grants.mirror_entries.then(|| {
        let beginning = contents.iter().take(MIRRORED);
        beginning.copied().collect::<Vec<_>>()
    });
    let written = run(&component, caller.as_deref(), "entry", |logs| async move {
        logs.write_entry(contents).await
    });
    let written = written.await;
    if let (Ok(name), Some(mirrored)) = (&written, mirrored) {
        mirror(&component.id, caller.as_deref(), name, &mirrored);
    }
    written
}

/// Writes to the host's log what was written as the entry `name`.
fn mirror(component: &str, caller: Option<&Exchange>, name: &str, contents: &[u8]) {
    let origin = caller.map(Exchange::origin);
    logs::guest_line(&GuestLine {
        component,
        place: GuestPlace::Entry(name),
        route: origin.map(|origin| &*origin.route),
        trace: origin.and_then(|origin| origin.trace),
        text: String::from_utf8_lossy(contents).trim_end(),
    });
}

async fn append_line(
    component: Arc<ComponentContext>,
    caller: Option<Arc<Exchange>>,
    name: String,
    line: String,
) -> std::result::Result<(), wit::Error> {
    run(&component, caller.as_deref(), "line", |logs| async move {
        logs.append_line(name, line).await
    })
    .await
}

/// Runs an operation if it is granted, and records how it ended.
async fn run<T, F>(
    component: &ComponentContext,
    caller: Option<&Exchange>,
    operation: &'static str,
    work: impl FnOnce(Arc<LogDirectory>) -> F,
) -> std::result::Result<T, wit::Error>
where
    F: Future<Output = std::result::Result<T, LogError>>,
{
    let series = &component.grants.series;
    let Some(logs) = component.grants.log_directory.clone() else {
        series.log_directory(operation, DENIED, Duration::ZERO);
        return Err(wit::Error::AccessDenied);
    };
    let call = Call::begin(CANCELLED, |result, elapsed| {
        series.log_directory(operation, result, elapsed);
    });
    let done = work(logs).await;
    call.end(done.as_ref().map_or_else(LogError::reason, |_| "ok"));
    done.map_err(|error| {
        if !is_guests_own(&error) {
            tell(component, caller, operation, &error);
        }
        error.into()
    })
}

/// Logs a failure, of many one a second: a full disk fails every write.
fn tell(
    component: &ComponentContext,
    caller: Option<&Exchange>,
    operation: &'static str,
    error: &LogError,
) {
    let Some(suppressed) = component.series.log_directory_lines.admit() else {
        return;
    };
    let origin = caller.map(Exchange::origin);
    warn!(
        component = &*component.id,
        route = origin.map(|origin| &*origin.route),
        trace_id = origin.and_then(|origin| origin.trace).map(logs::trace_id),
        operation,
        suppressed,
        %error,
        "log directory not written"
    );
}

/// Whether the guest's arguments were wrong, which is no matter for the host's log.
fn is_guests_own(error: &LogError) -> bool {
    matches!(
        error,
        LogError::InvalidName(_) | LogError::InvalidLine | LogError::TooLarge(_)
    )
}

impl From<LogError> for wit::Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::InvalidName(why) => Self::InvalidName(why),
            LogError::InvalidLine => Self::InvalidLine,
            LogError::TooLarge(limit) => Self::TooLarge(limit),
            LogError::QuotaExceeded => Self::QuotaExceeded,
            LogError::NoSpace => Self::NoSpace,
            LogError::Busy => Self::Other(error.to_string()),
            // The guest need not know the host's paths and devices.
            LogError::Permission | LogError::Io(_) => Self::Other("the host cannot write".into()),
        }
    }
}

struct Concurrent;

impl HasData for Concurrent {
    type Data<'a> = &'a mut InstanceState;
}

/// The component that calls, and on whose behalf.
fn called(
    accessor: &Accessor<InstanceState, Concurrent>,
) -> (Arc<ComponentContext>, Option<Arc<Exchange>>) {
    accessor.with(|mut store| {
        let component = Arc::clone(store.get().component());
        (component, state::caller(store.as_context_mut()))
    })
}

impl wit::Host for &mut InstanceState {}

impl wit::HostWithStore<InstanceState> for Concurrent {
    async fn write_entry(
        accessor: &Accessor<InstanceState, Self>,
        contents: Vec<u8>,
    ) -> Result<std::result::Result<String, wit::Error>> {
        let (component, caller) = called(accessor);
        Ok(write_entry(component, caller, contents).await)
    }

    async fn append_line(
        accessor: &Accessor<InstanceState, Self>,
        name: String,
        line: String,
    ) -> Result<std::result::Result<(), wit::Error>> {
        let (component, caller) = called(accessor);
        Ok(append_line(component, caller, name, line).await)
    }
}

impl wit_sync::Host for InstanceState {
    async fn write_entry(
        &mut self,
        contents: Vec<u8>,
    ) -> Result<std::result::Result<String, wit::Error>> {
        // The store is out of reach here, so of several requests none can be told apart.
        let caller = self.only_exchange();
        Ok(write_entry(Arc::clone(self.component()), caller, contents).await)
    }

    async fn append_line(
        &mut self,
        name: String,
        line: String,
    ) -> Result<std::result::Result<(), wit::Error>> {
        let caller = self.only_exchange();
        Ok(append_line(Arc::clone(self.component()), caller, name, line).await)
    }
}
