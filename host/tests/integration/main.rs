//! Tests of the real `weir` binary: each starts it on free ports and talks to it as its users do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "clippy knows only functions with #[test] as tests; here all code is"
)]
#![allow(
    clippy::large_futures,
    reason = "the future of a test is one of its kind"
)]

mod harness;

mod capabilities;
mod cli;
mod cluster;
mod commands;
mod dependencies;
mod guests;
mod health;
mod http;
mod lifecycle;
mod limits;
mod new;
mod readme;
mod reload;
mod services;
mod sources;
mod spin_apps;
mod telemetry;
mod traces;
