//! Weir: a host for WebAssembly component services that measures everything that flows through it.
//!
//! The library holds everything that the `weir` command is made of; ARCHITECTURE.md beside it says
//! how the modules depend on each other and what a request's way through them is.

pub mod admin;
pub mod app;
pub mod body;
pub mod capability;
pub mod cli;
pub mod config;
pub mod deploy;
pub mod diagnostic;
pub mod drain;
pub mod engine;
pub mod error;
pub mod health;
pub mod manifest;
pub mod scaffold;
pub mod server;
pub mod signal;
pub mod telemetry;

/// The version of Weir.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
