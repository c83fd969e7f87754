//! Every metric that Weir itself exports, defined once: the instruments are built from these
//! definitions and the reference in docs/metrics.md is generated from them.
//!
//! Names follow OpenTelemetry's semantic conventions where one exists, else
//! `weir.<noun>.<what>`. The exporter turns dots into underscores and adds the unit and, on
//! counters, `_total`; [`Definition::prometheus_name`] says the result.

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
    /// Most series it can have for a component, route or listener each. Sizes the SDK's limit.
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

/// Edges for the number of writes that share a commit.
pub const BATCH_EDGES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

macro_rules! catalog {
    ($($ident:ident = $kind:ident $name:literal, $unit:literal, [$($label:literal),*], $series:expr,
        $edges:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $ident: Definition = Definition {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                series: $series,
                boundaries: $edges,
                help: $help,
            };
        )*
        /// Every definition, in the order of the reference.
        pub const ALL: &[&Definition] = &[$(&$ident),*];
    };
}

/// Methods that are labels of their own, with `_OTHER`.
const METHODS: usize = 10;
/// Registered status codes and one for each class of the others.
const STATUSES: usize = 68;
/// Reasons of [`crate::telemetry::metrics::http_server::ErrorType`].
const ERROR_TYPES: usize = 16;

catalog! {
    HTTP_SERVER_REQUEST_DURATION = Histogram "http.server.request.duration", "s",
        ["component", "http.request.method", "http.route", "http.response.status_code", "error.type"],
        METHODS * (STATUSES + ERROR_TYPES), DURATION_EDGES,
        "Time from the first byte of a request's head to the last byte of its response, or to its abort.";
    HTTP_SERVER_ACTIVE_REQUESTS = Gauge "http.server.active_requests", "{request}",
        ["component", "http.route"], 1, &[],
        "Requests that have arrived and whose response has not ended.";
    HTTP_SERVER_REQUEST_BODY_SIZE = Histogram "http.server.request.body.size", "By",
        ["component", "http.route"], 1, SIZE_EDGES,
        "Bytes of request bodies that reached the component.";
    HTTP_SERVER_RESPONSE_BODY_SIZE = Histogram "http.server.response.body.size", "By",
        ["component", "http.route"], 1, SIZE_EDGES,
        "Bytes of response bodies that were sent.";
    REQUESTS_REJECTED = Counter "weir.requests.rejected", "{request}",
        ["component", "reason"], 16, &[],
        "Requests that the host answered itself to protect the component or itself, by reason.";
    REQUESTS_QUEUED = Gauge "weir.requests.queued", "{request}",
        ["component"], 1, &[],
        "Requests that wait for admission.";
    COMPONENT_FAILURES = Counter "weir.component.failures", "{failure}",
        ["component", "reason"], 16, &[],
        "Requests that a component failed to answer, by reason: what another runtime calls an unhandled exception.";
    COMPONENT_CPU = Counter "weir.component.cpu", "s",
        ["component"], 1, &[],
        "Time spent running a component's instances, guest code and the host calls it makes without waiting.";
    COMPONENT_MEMORY = Gauge "weir.component.memory", "By",
        ["component"], 1, &[],
        "Linear memory of a component's live instances.";
    COMPONENT_INSTANCES = Gauge "weir.component.instances", "{instance}",
        ["component", "state"], 2, &[],
        "Live instances of a component that are idle or busy.";
    COMPONENT_INSTANCES_CREATED = Counter "weir.component.instances.created", "{instance}",
        ["component"], 1, &[],
        "Instances of a component created since the start.";
    COMPONENT_CAPACITY = Gauge "weir.component.capacity", "{request}",
        ["component"], 1, &[],
        "Requests that a component can have in flight: what the instance pool and its limits allow.";
    COMPONENT_GENERATION = Gauge "weir.component.generation", "{generation}",
        ["component"], 1, &[],
        "How many times the component has been loaded; 1 after the start.";
    RELOADS = Counter "weir.reloads", "{reload}",
        ["component", "result"], 2, &[],
        "Attempts to load a component anew, by result; `_app` is the manifest and the configuration.";
    LAST_RELOAD = Gauge "weir.component.last_reload_timestamp", "s",
        ["component", "result"], 2, &[],
        "When a component was last loaded anew with this result, in seconds since 1970.";
    CHAINED_REQUEST_DURATION = Histogram "weir.chained_request.duration", "s",
        ["component", "http.response.status_code"], STATUSES, DURATION_EDGES,
        "Time until the head of the answer to a request that one component sent to another inside the host.";
    KEY_VALUE_OPERATION_DURATION = Histogram "weir.key_value.operation.duration", "s",
        ["component", "store", "operation", "result"], 512, DURATION_EDGES,
        "Time of a key-value operation as the guest sees it.";
    KEY_VALUE_COMMITS = Counter "weir.key_value.commits", "{commit}",
        ["store"], 1, &[],
        "Transactions committed, each with one fsync; several writes share one.";
    KEY_VALUE_COMMITTED_WRITES = Counter "weir.key_value.committed_writes", "{write}",
        ["store"], 1, &[],
        "Writes made durable; divided by the commits, how many share one.";
    KEY_VALUE_PENDING_WRITES = Gauge "weir.key_value.pending_writes", "{write}",
        ["store"], 1, &[],
        "Writes that wait for their commit.";
    HTTP_CLIENT_REQUEST_DURATION = Histogram "http.client.request.duration", "s",
        ["component", "http.request.method", "http.response.status_code", "error.type"],
        METHODS * (STATUSES + ERROR_TYPES), DURATION_EDGES,
        "Time until the head of the answer to a component's outbound request.";
    OUTBOUND_DENIED = Counter "weir.outbound.denied", "{request}",
        ["component"], 1, &[],
        "Outbound requests refused because allowed_outbound_hosts does not grant the host.";
    LOG_DIRECTORY_WRITE_DURATION = Histogram "weir.log_directory.write.duration", "s",
        ["component", "operation", "result"], 24, DURATION_EDGES,
        "Time to write an entry or a line, fsync included where the policy asks for it.";
    LOG_DIRECTORY_SIZE = Gauge "weir.log_directory.size", "By",
        ["component"], 1, &[],
        "Bytes in the component's log directory.";
    LOG_DIRECTORY_FILES = Gauge "weir.log_directory.files", "{file}",
        ["component"], 1, &[],
        "Files in the component's log directory.";
    LOG_DIRECTORY_QUOTA = Gauge "weir.log_directory.quota", "By",
        ["component"], 1, &[],
        "Bytes that the component's log directory may hold.";
    LOG_DIRECTORY_REMOVED = Counter "weir.log_directory.removed", "{file}",
        ["component"], 1, &[],
        "Files removed to stay within the quota.";
    GUEST_METRICS_OVERFLOWED = Counter "weir.guest_metrics.overflowed", "{measurement}",
        ["component"], 1, &[],
        "Measurements of a component that went to its overflow series because it has too many series.";
    GUEST_METRICS_REFUSED = Counter "weir.guest_metrics.refused", "{measurement}",
        ["component", "reason"], 8, &[],
        "Measurements of a component that were refused with an error, by reason.";
    CONNECTIONS_ACTIVE = Gauge "weir.connections.active", "{connection}",
        ["listener"], 1, &[],
        "Open client connections.";
    CONNECTIONS_ACCEPTED = Counter "weir.connections.accepted", "{connection}",
        ["listener"], 1, &[],
        "Client connections accepted since the start.";
    CONNECTION_ERRORS = Counter "weir.connection.errors", "{error}",
        ["listener", "reason"], 16, &[],
        "Connections that ended badly other than by a failed request, by reason.";
    TLS_CERTIFICATE_EXPIRY = Gauge "weir.tls.certificate_expiry_timestamp", "s",
        ["listener"], 1, &[],
        "When the listener's certificate expires, in seconds since 1970.";
    POOL_USED = Gauge "weir.pool.used", "{slot}",
        ["resource"], 8, &[],
        "Slots of the instance pool in use.";
    POOL_LIMIT = Gauge "weir.pool.limit", "{slot}",
        ["resource"], 8, &[],
        "Slots that the instance pool has.";
    BUILD_INFO = Gauge "weir.build.info", "",
        ["version", "wasmtime"], 1, &[],
        "Always 1; its labels say which build runs.";
    READY = Gauge "weir.ready", "",
        [], 1, &[],
        "1 while the host takes traffic, 0 before it has started and while it drains.";
    PROCESS_CPU = Counter "process.cpu", "s",
        [], 1, &[],
        "User and system CPU time of the whole process.";
    PROCESS_RESIDENT_MEMORY = Gauge "process.resident_memory", "By",
        [], 1, &[],
        "Resident memory of the process.";
    PROCESS_VIRTUAL_MEMORY = Gauge "process.virtual_memory", "By",
        [], 1, &[],
        "Virtual memory of the process; the instance pool reserves much more than it uses.";
    PROCESS_OPEN_FDS = Gauge "process.open_fds", "{file}",
        [], 1, &[],
        "Open file descriptors.";
    PROCESS_MAX_FDS = Gauge "process.max_fds", "{file}",
        [], 1, &[],
        "File descriptors that the process may open.";
    PROCESS_THREADS = Gauge "process.threads", "{thread}",
        [], 1, &[],
        "Threads of the process.";
    PROCESS_START_TIME = Gauge "process.start_time", "s",
        [], 1, &[],
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
