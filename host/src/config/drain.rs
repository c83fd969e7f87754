//! `[drain]`: how the host stops.

use super::section::section;
use std::time::Duration;

section! {
    /// How the host stops after SIGTERM: not ready for `delay`, then no new connections, then up
    /// to `deadline` for what is in flight, then `admin_linger` for a last scrape.
    pub struct Drain / DrainLayer {
        /// How long `/readyz` says no before new connections are refused, so that load balancers
        /// notice. About 5 s under Kubernetes.
        delay: Duration = Duration::ZERO,
        /// How long requests in flight, and guests that go on after their answers, may take to
        /// finish before they are cut. With `delay` and `admin_linger` it should stay below what the
        /// supervisor allows, 30 s under Kubernetes.
        deadline: Duration = Duration::from_secs(30),
        /// How long the admin server goes on after the last request, so that Prometheus can scrape
        /// the final totals: a scrape interval, or nothing.
        admin_linger: Duration = Duration::ZERO,
    }
}
