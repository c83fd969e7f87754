//! The metrics, a module for each of their subjects.
//!
//! A synchronous instrument never forgets a label set, so it is used only where the sets are
//! closed; what comes and goes (instances, generations, sizes) is observed when Prometheus asks.

pub mod capability;
pub mod catalog;
pub mod component;
pub mod guest;
pub mod host;
pub mod http_server;
pub mod instrument;
