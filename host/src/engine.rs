//! Runs components: wasmtime's settings, compiled code, instances, and the way of a request into
//! one and back.
//!
//! A request is an [`exchange::Exchange`]. A component's [`pool::InstancePool`] hands it to an
//! instance that has room or makes one; each instance lives in a [`worker`] of its own, which
//! serves exchanges, measures the time it runs, and ends when it is idle, used up or broken.

pub mod answer;
pub mod budget;
mod call;
pub mod command;
pub mod compile_cache;
pub mod epoch;
pub mod exchange;
pub mod failure;
pub mod loader;
pub mod memory;
pub mod message;
mod occupancy;
pub mod pool;
pub mod precompiled;
pub mod refusal;
mod seat;
pub mod settings;
pub mod state;
mod wake;
mod worker;
