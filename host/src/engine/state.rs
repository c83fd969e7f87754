//! What a store holds beside the guest's memory: WASI contexts, the memory limit, the component's
//! grants, and which guest task works on which exchange.

use super::exchange::Exchange;
use super::failure::Failure;
use super::memory::MemoryLimiter;
use crate::capability::Grants;
use crate::capability::outbound_http::OutboundHooks;
use crate::telemetry::metrics::component::ComponentSeries;
use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime::{AsContextMut as _, StoreContextMut};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What all instances of one generation of a component share.
#[derive(Debug)]
pub struct ComponentContext {
    /// The component's id in the manifest.
    pub id: Arc<str>,
    /// What it may use.
    pub grants: Grants,
    /// Where its use of resources is counted.
    pub series: Arc<ComponentSeries>,
    /// The longest it may take until the head of a response, and between two parts of its body.
    pub timeout: Duration,
    /// Bytes of linear memory an instance may have.
    pub memory: usize,
}

/// The exchange on whose behalf the guest last made a host call that cares. Shared with what the
/// call ends in but cannot see the store.
#[derive(Clone, Debug, Default)]
pub struct Caller(Arc<Mutex<Option<Arc<Exchange>>>>);

impl Caller {
    /// The exchange.
    pub fn get(&self) -> Option<Arc<Exchange>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// One that stays with the present exchange, whoever calls next.
    pub(crate) fn settled(&self) -> Self {
        Self(Arc::new(Mutex::new(self.get())))
    }

    fn set(&self, exchange: Option<Arc<Exchange>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = exchange;
    }
}

/// The data of one instance's store.
pub struct InstanceState {
    component: Arc<ComponentContext>,
    created: Instant,
    /// Set when guest code is interrupted because it has run for long.
    pub(super) interrupted: Arc<AtomicBool>,
    pub(super) memory: MemoryLimiter,
    tasks: HashMap<GuestTaskId, Arc<Exchange>>,
    caller: Caller,
    pub(crate) wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: OutboundHooks,
    pub(crate) table: ResourceTable,
    /// Key-value stores that the guest has open.
    pub(crate) open_stores: usize,
}

impl InstanceState {
    /// The data of a new instance of the component.
    pub fn new(component: Arc<ComponentContext>) -> wasmtime::Result<Self> {
        let caller = Caller::default();
        let wasi = component.grants.wasi(&component.id, &caller)?;
        Ok(Self::with(component, caller, wasi))
    }

    /// The data of an instance that runs the component as a command.
    pub fn of_command(component: Arc<ComponentContext>, args: &[String]) -> wasmtime::Result<Self> {
        let wasi = component.grants.command(args)?;
        Ok(Self::with(component, Caller::default(), wasi))
    }

    fn with(component: Arc<ComponentContext>, caller: Caller, wasi: WasiCtx) -> Self {
        Self {
            created: Instant::now(),
            interrupted: Arc::default(),
            memory: MemoryLimiter::new(component.memory, Arc::clone(&component.series)),
            tasks: HashMap::new(),
            wasi,
            http: WasiHttpCtx::new(),
            hooks: OutboundHooks::new(Arc::clone(&component.grants.outbound), caller.clone()),
            caller,
            table: ResourceTable::new(),
            open_stores: 0,
            component,
        }
    }

    /// What the instance shares with the others of its component.
    pub fn component(&self) -> &Arc<ComponentContext> {
        &self.component
    }

    /// The exchange that the guest works on, if it is the only one.
    pub(crate) fn only_exchange(&self) -> Option<Arc<Exchange>> {
        (self.tasks.len() <= 1).then(|| self.caller.get()).flatten()
    }

    pub(super) fn began(&mut self, task: GuestTaskId, exchange: Arc<Exchange>) {
        // Right for an instance with one request; else a call that cares notes its own caller.
        self.caller.set(Some(Arc::clone(&exchange)));
        self.tasks.insert(task, exchange);
    }

    /// Forgets all tasks; for when none runs any more.
    pub(super) fn all_ended(&mut self) {
        self.tasks.clear();
        self.memory.forget();
    }

    /// Takes the tasks out, with their exchanges.
    pub(super) fn take_tasks(&mut self) -> HashMap<GuestTaskId, Arc<Exchange>> {
        std::mem::take(&mut self.tasks)
    }

    /// Whether guest code that works on `exchange`, or on none that is known, must end now.
    pub(super) fn is_overdue(&self, exchange: Option<&Arc<Exchange>>) -> bool {
        // A client may leave at any time; those that share the instance do not end with it.
        let ends_alone = |exchange: &Exchange| !(exchange.was_left() && exchange.has_siblings());
        let since = match exchange {
            Some(exchange) if exchange.is_abandoned() && ends_alone(exchange) => return true,
            Some(exchange) => match exchange.finished() {
                Some(finished) => finished,
                // The server waits and will abandon it when its time is up.
                None => return false,
            },
            None => self.created,
        };
        since.elapsed() > self.component.timeout
    }
}

/// The exchange whose guest task runs or has made the host call that is being handled.
pub(super) fn running(
    mut store: StoreContextMut<'_, InstanceState>,
) -> Option<(GuestTaskId, Arc<Exchange>)> {
    let root = store.async_call_stack().ok()?.last()?;
    let exchange = store.data().tasks.get(&root)?;
    Some((root, Arc::clone(exchange)))
}

/// Notes on whose behalf a host call is made, for what the call ends in but cannot see the store.
/// To be called in the host call itself.
pub(crate) fn note_caller(store: StoreContextMut<'_, InstanceState>) {
    let state = store.data();
    // With one task there is nothing to tell apart, and `began` has noted it.
    if state.tasks.len() > 1 {
        let caller = state.caller.clone();
        caller.set(running(store).map(|(_, exchange)| exchange));
    }
}

/// The exchange on whose behalf a host call is made. To be called in the host call itself.
pub(crate) fn caller(mut store: StoreContextMut<'_, InstanceState>) -> Option<Arc<Exchange>> {
    note_caller(store.as_context_mut());
    store.data().caller.get()
}

impl Drop for InstanceState {
    /// Whoever still waits for one of the tasks need not wait for its time to be up.
    fn drop(&mut self) {
        for exchange in self.tasks.values() {
            exchange.fail(Failure::Stopped);
        }
    }
}

impl WasiView for InstanceState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for InstanceState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}
