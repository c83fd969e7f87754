//! Traces: which trace a request belongs to ([`context`]), which are recorded ([`sampler`]), and
//! the spans that are exported ([`tracer`]).
//!
//! Export is on when `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Without it a request pays one branch,
//! and a `traceparent` that came in is passed on as it was.

pub mod context;
pub mod sampler;
pub mod tracer;

pub use context::TraceContext;
