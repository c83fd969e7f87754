//! One run of a command (`wasi:cli/run`), at WASI 0.2 or 0.3, in an instance of its own.
//!
//! Nobody waits behind it, so it has no timeout; who started it ends it. It still yields its
//! thread when the epoch interrupts it, so that signals are heard while it computes.

use super::state::{ComponentContext, InstanceState};
use std::sync::Arc;
use wasmtime::{Engine, Result, Store, UpdateDeadline};
use wasmtime_wasi::{I32Exit, p2, p3};

/// A command whose imports are linked.
pub enum CommandPre {
    /// At WASI 0.2.
    P2(p2::bindings::CommandPre<InstanceState>),
    /// At WASI 0.3.
    P3(p3::bindings::CommandPre<InstanceState>),
}

/// The status of a command that says only that it failed.
const FAILED: i32 = 1;

/// Runs a command with `args`, the first of which is its name, and gives the status that it exits
/// with. An error means that it was ended by a trap, or could not be started.
pub async fn run(
    engine: &Engine,
    component: Arc<ComponentContext>,
    command: &CommandPre,
    args: &[String],
) -> Result<i32> {
    let mut store = Store::new(engine, InstanceState::of_command(component, args)?);
    store.limiter(|state| &mut state.memory);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_store| {
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(tokio::task::yield_now()),
        ))
    });
    match call(&mut store, command).await {
        Ok(Ok(())) => Ok(0),
        Ok(Err(())) => Ok(FAILED),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(status)) => Ok(*status),
            None => Err(error),
        },
    }
}

async fn call(
    store: &mut Store<InstanceState>,
    command: &CommandPre,
) -> Result<std::result::Result<(), ()>> {
    match command {
        CommandPre::P2(pre) => {
            let command = pre.instantiate_async(&mut *store).await?;
            command.wasi_cli_run().call_run(store).await
        }
        CommandPre::P3(pre) => {
            let command = pre.instantiate_async(&mut *store).await?;
            store
                .run_concurrent(async |accessor| command.wasi_cli_run().call_run(accessor).await)
                .await?
        }
    }
}
