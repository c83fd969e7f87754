//! Every metric that Weir itself exports, defined once: the instruments are built from these
//! definitions and the reference in docs/metrics.md is generated from them.
//!
//! Names follow OpenTelemetry's semantic conventions where one exists, else
//! `weir.<noun>.<what>`. The exporter turns dots into underscores and adds the unit and, on
//! counters, `_total`; [`Definition::prometheus_name`] says the result.

use super::capability::key_value::Operation;
use std::fmt;

/// What a metric is to Prometheus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Grows and shrinks.
    Gauge,
    /// A distribution over buckets.
    Histogram,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// What a metric is measured of. Each of those has its own series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// The host.
    Host,
    /// Each listener.
    Listener,
    /// Each component.
    Component,
    /// Each route of the manifest, and what no route matches.
    Route,
    /// Each key-value store.
    Store,
    /// Each component with each key-value store.
    ComponentAndStore,
}

/// One metric: what it is called, what it counts, and by which labels.
#[derive(Debug)]
pub struct Definition {
    /// The OpenTelemetry name, with dots.
    pub name: &'static str,
    /// What it is to Prometheus.
    pub kind: Kind,
    /// A UCUM unit; in braces it is an annotation and not part of the name.
    pub unit: &'static str,
    /// Label keys, with dots.
    pub labels: &'static [&'static str],
    /// What it is measured of.
    pub per: Per,
    /// Most series it can have for each of those. Sizes the SDK's limit.
    pub series: usize,
    /// Upper edges of a histogram's buckets; empty for other kinds.
    pub boundaries: &'static [f64],
    /// What a person reads in `/metrics` and in the reference.
    pub help: &'static str,
}

impl Definition {
    /// The name under which Prometheus sees it.
    pub fn prometheus_name(&self) -> String {
        let mut name = self.name.replace('.', "_");
        match self.unit {
            "s" => name.push_str("_seconds"),
            "By" => name.push_str("_bytes"),
            _ => {}
        }
        if self.kind == Kind::Counter {
            name.push_str("_total");
        }
        name
    }
}

/// Edges for durations, in seconds: from a guest that answers in 100 µs to one that waits 30 s,
/// closer together around the waits that services commonly have (2.5, 3.25, 5, 10, 30 s).
pub const DURATION_EDGES: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    3.0, 3.25, 3.5, 5.0, 7.5, 10.0, 30.0, 60.0,
];

/// Edges for body sizes, in bytes.
pub const SIZE_EDGES: &[f64] = &[
    0.0,
    128.0,
    1024.0,
    8192.0,
    65_536.0,
    524_288.0,
    4_194_304.0,
    33_554_432.0,
];

macro_rules! catalog {
    ($($ident:ident = $kind:ident $name:literal, $unit:literal, [$($label:literal),*], $per:ident, $series:expr,
        $edges:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $ident: Definition = Definition {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                per: Per::$per,
                series: $series,
                boundaries: $edges,
                help: $help,
            };
        )*
        /// Every definition, in the order of the reference.
        pub const ALL: &[&Definition] = &[$(&$ident),*];
    };
}

// What the closed sets of labels have room for; `registry` makes it the SDK's limits. The tests
// count the sets themselves.

/// Methods that are labels of their own, with `_OTHER`.
pub(super) const METHODS: usize = 10;
/// Statuses that `http` knows the meaning of, and one for each class of the others.
pub(super) const STATUSES: usize = 68;
/// What can be wrong with a request to a component: reasons of failures, of rejections, and
/// `client_disconnect`.
pub(crate) const ERROR_TYPES: usize = 18;
/// What can be wrong with a request of a component.
pub(crate) const CLIENT_ERROR_TYPES: usize = 11;
/// How operations of key-value stores end.
pub(crate) const RESULTS: usize = 16;
/// How writes to a log directory end.
pub(super) const LOG_RESULTS: usize = 11;

catalog! {
    HTTP_SERVER_REQUEST_DURATION = Histogram "http.server.request.duration", "s",
        ["component", "http.request.method", "http.route", "http.response.status_code", "error.type"],
        // An error comes before the head, or after one of any status.
        Route, METHODS * (STATUSES + 1) * (ERROR_TYPES + 1), DURATION_EDGES,
        "Time from the end of a request's head to the last byte of its response, or to its abort.";
    HTTP_SERVER_ACTIVE_REQUESTS = Gauge "http.server.active_requests", "{request}",
        ["component", "http.route"], Route, 1, &[],
        "Requests that have arrived and whose response has not ended.";
    HTTP_SERVER_REQUEST_BODY_SIZE = Histogram "http.server.request.body.size", "By",
        ["component", "http.route"], Route, 1, SIZE_EDGES,
        "Bytes of request bodies that reached the component.";
    HTTP_SERVER_RESPONSE_BODY_SIZE = Histogram "http.server.response.body.size", "By",
        ["component", "http.route"], Route, 1, SIZE_EDGES,
        "Bytes of response bodies that were sent.";
    REQUESTS_REJECTED = Counter "weir.requests.rejected", "{request}",
        ["component", "reason"], Component, 16, &[],
        "Requests that the host answered itself to protect the component or itself, by reason.";
    REQUESTS_QUEUED = Gauge "weir.requests.queued", "{request}",
        ["component"], Component, 1, &[],
        "Requests that wait for admission.";
    COMPONENT_FAILURES = Counter "weir.component.failures", "{failure}",
        ["component", "reason"], Component, 16, &[],
        "Requests that a component failed to answer, by reason: what another runtime calls an unhandled exception.";
    COMPONENT_CPU = Counter "weir.component.cpu", "s",
        ["component"], Component, 1, &[],
        "Time spent running a component's instances, guest code and the host calls it makes without waiting.";
    COMPONENT_MEMORY = Gauge "weir.component.memory", "By",
        ["component"], Component, 1, &[],
        "Linear memory of a component's live instances.";
    COMPONENT_INSTANCES = Gauge "weir.component.instances", "{instance}",
        ["component", "state"], Component, 2, &[],
        "Live instances of a component that are idle or busy.";
    COMPONENT_INSTANCES_CREATED = Counter "weir.component.instances.created", "{instance}",
        ["component"], Component, 1, &[],
        "Instances of a component created since the start.";
    COMPONENT_CAPACITY = Gauge "weir.component.capacity", "{request}",
        ["component"], Component, 1, &[],
        "Requests that a component can have in flight if no other has any: what the instance pool, its limits and the host's allow.";
    COMPONENT_GENERATION = Gauge "weir.component.generation", "{generation}",
        ["component"], Component, 1, &[],
        "How many times the component has been loaded; 1 after the start.";
    RELOADS = Counter "weir.reloads", "{reload}",
        ["component", "result"], Component, 2, &[],
        "Attempts to load a component anew, by result; `_app` is the manifest and the configuration.";
    LAST_RELOAD = Gauge "weir.component.last_reload_timestamp", "s",
        ["component", "result"], Component, 2, &[],
        "When a component was last loaded anew with this result, in seconds since 1970.";
    CHAINED_REQUEST_DURATION = Histogram "weir.chained_request.duration", "s",
        ["component", "http.response.status_code"], Component, STATUSES + 1, DURATION_EDGES,
        "Time until the head of the answer to a request that one component sent to another inside the host; without a status where the asking component left before.";
    KEY_VALUE_OPERATION_DURATION = Histogram "weir.key_value.operation.duration", "s",
        ["component", "store", "operation", "result"], ComponentAndStore, Operation::COUNT * RESULTS, DURATION_EDGES,
        "Time of a key-value operation as the guest sees it.";
    KEY_VALUE_ERRORS = Counter "weir.key_value.errors", "{operation}",
        ["component", "store", "result"], ComponentAndStore, RESULTS, &[],
        "Key-value operations that failed, by result; 0 from the start for each store that a component is granted.";
    KEY_VALUE_COMMITS = Counter "weir.key_value.commits", "{commit}",
        ["store"], Store, 1, &[],
        "Transactions committed, each with two fsyncs; several writes share one.";
    KEY_VALUE_COMMITTED_WRITES = Counter "weir.key_value.committed_writes", "{write}",
        ["store"], Store, 1, &[],
        "Writes made durable; divided by the commits, how many share one.";
    KEY_VALUE_PENDING_WRITES = Gauge "weir.key_value.pending_writes", "{write}",
        ["store"], Store, 1, &[],
        "Writes that wait for their commit.";
    HTTP_CLIENT_REQUEST_DURATION = Histogram "http.client.request.duration", "s",
        ["component", "http.request.method", "http.response.status_code", "error.type"],
        Component, METHODS * (STATUSES + CLIENT_ERROR_TYPES), DURATION_EDGES,
        "Time until the head of the answer to a component's outbound request.";
    OUTBOUND_DENIED = Counter "weir.outbound.denied", "{request}",
        ["component"], Component, 1, &[],
        "Outbound requests refused because allowed_outbound_hosts does not grant the host.";
    LOG_DIRECTORY_WRITE_DURATION = Histogram "weir.log_directory.write.duration", "s",
        ["component", "operation", "result"], Component, 2 * LOG_RESULTS, DURATION_EDGES,
        "Time to write an entry or a line, fsync included where the policy asks for it.";
    LOG_DIRECTORY_ERRORS = Counter "weir.log_directory.errors", "{write}",
        ["component", "result"], Component, LOG_RESULTS, &[],
        "Entries and lines that were not written, by result; 0 from the start for a component that is granted a log directory.";
    LOG_DIRECTORY_SIZE = Gauge "weir.log_directory.size", "By",
        ["component"], Component, 1, &[],
        "Bytes in the component's log directory.";
    LOG_DIRECTORY_FILES = Gauge "weir.log_directory.files", "{file}",
        ["component"], Component, 1, &[],
        "Files in the component's log directory.";
    LOG_DIRECTORY_QUOTA = Gauge "weir.log_directory.quota", "By",
        ["component"], Component, 1, &[],
        "Bytes that the component's log directory may hold.";
    LOG_DIRECTORY_REMOVED = Counter "weir.log_directory.removed", "{file}",
        ["component"], Component, 1, &[],
        "Files removed to stay within the quota.";
    GUEST_METRICS_OVERFLOWED = Counter "weir.guest_metrics.overflowed", "{measurement}",
        ["component"], Component, 1, &[],
        "Measurements of a component that went to its overflow series because it has too many series.";
    GUEST_METRICS_REFUSED = Counter "weir.guest_metrics.refused", "{measurement}",
        ["component", "reason"], Component, 8, &[],
        "Measurements of a component that were refused with an error, by reason.";
    CONNECTIONS_ACTIVE = Gauge "weir.connections.active", "{connection}",
        ["listener"], Listener, 1, &[],
        "Open client connections.";
    CONNECTIONS_ACCEPTED = Counter "weir.connections.accepted", "{connection}",
        ["listener"], Listener, 1, &[],
        "Client connections accepted since the start.";
    CONNECTION_ERRORS = Counter "weir.connection.errors", "{error}",
        ["listener", "reason"], Listener, 16, &[],
        "Connections that ended badly other than by a failed request, by reason.";
    TLS_CERTIFICATE_EXPIRY = Gauge "weir.tls.certificate_expiry_timestamp", "s",
        ["listener"], Listener, 1, &[],
        "When the listener's certificate expires, in seconds since 1970.";
    POOL_USED = Gauge "weir.pool.used", "{slot}",
        ["resource"], Host, 8, &[],
        "Slots of the instance pool in use.";
    POOL_LIMIT = Gauge "weir.pool.limit", "{slot}",
        ["resource"], Host, 8, &[],
        "Slots that the instance pool has.";
    BUILD_INFO = Gauge "weir.build.info", "",
        ["version", "wasmtime"], Host, 1, &[],
        "Always 1; its labels say which build runs.";
    HOST_CAPACITY = Gauge "weir.host.capacity", "{request}",
        [], Host, 1, &[],
        "Requests that can be in flight over all components: `limits.max_in_flight`.";
    READY = Gauge "weir.ready", "",
        [], Host, 1, &[],
        "1 while the host takes traffic, 0 before it has started and while it drains.";
    LOG_LINES_DROPPED = Counter "weir.log_lines.dropped", "{line}",
        [], Host, 1, &[],
        "Log lines that were dropped because standard error did not take them as fast as they came.";
    PROCESS_CPU = Counter "process.cpu", "s",
        [], Host, 1, &[],
        "User and system CPU time of the whole process.";
    PROCESS_RESIDENT_MEMORY = Gauge "process.resident_memory", "By",
        [], Host, 1, &[],
        "Resident memory of the process.";
    PROCESS_VIRTUAL_MEMORY = Gauge "process.virtual_memory", "By",
        [], Host, 1, &[],
        "Virtual memory of the process; the instance pool reserves much more than it uses.";
    PROCESS_OPEN_FDS = Gauge "process.open_fds", "{file}",
        [], Host, 1, &[],
        "Open file descriptors.";
    PROCESS_MAX_FDS = Gauge "process.max_fds", "{file}",
        [], Host, 1, &[],
        "File descriptors that the process may open.";
    PROCESS_THREADS = Gauge "process.threads", "{thread}",
        [], Host, 1, &[],
        "Threads of the process.";
    PROCESS_START_TIME = Gauge "process.start_time", "s",
        [], Host, 1, &[],
        "When the process started, in seconds since 1970.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_carry_their_unit_and_counters_total() {
        assert_eq!(
            HTTP_SERVER_REQUEST_DURATION.prometheus_name(),
            "http_server_request_duration_seconds"
        );
        assert_eq!(
            COMPONENT_FAILURES.prometheus_name(),
            "weir_component_failures_total"
        );
        assert_eq!(
            COMPONENT_MEMORY.prometheus_name(),
            "weir_component_memory_bytes"
        );
    }

    #[test]
    fn only_histograms_have_edges_and_they_rise() {
        for definition in ALL {
            let edges = definition.boundaries;
            assert_eq!(
                definition.kind == Kind::Histogram,
                !edges.is_empty(),
                "{}",
                definition.name
            );
            assert!(
                edges.windows(2).all(|pair| pair[0] < pair[1]),
                "{}",
                definition.name
            );
        }
    }
}
