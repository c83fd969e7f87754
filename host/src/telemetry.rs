//! What the host tells about itself: metrics, logs and traces. Knows nothing of manifests,
//! components or servers; those hand in names and numbers.

pub mod logs;
pub mod metrics;
pub mod registry;
pub mod traces;
