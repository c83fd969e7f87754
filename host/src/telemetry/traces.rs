//! Traces: the W3C trace context of requests, and spans to an OTLP collector.

pub mod context;

pub use context::TraceContext;
