//! Traces: which trace a request belongs to ([`context`]), which are recorded ([`sampler`]), and
//! the spans that are exported ([`tracer`]).
//!
//! Export is on when `OTEL_EXPORTER_OTLP_ENDPOINT` is set. Without it a request pays one branch. A
//! request that is not exported passes the `traceparent` that came in on as it was, also one that
//! its caller samples: this host takes no part in that trace.

pub mod context;
pub mod sampler;
pub mod tracer;

pub use context::TraceContext;
