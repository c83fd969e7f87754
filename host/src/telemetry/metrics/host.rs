//! The host process itself: build, readiness, connections, and what the kernel says of it.

use super::catalog;
use super::instrument::Observer;
use crate::telemetry::logs::writer;
use crate::telemetry::registry::Registry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use procfs::process::{LimitValue, Process};
use procfs::{ProcResult, WithCurrentSystemInfo as _};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The instruments of the process as a whole.
#[derive(Debug)]
pub struct Host {
    ready: Arc<AtomicBool>,
    capacity: Arc<AtomicU64>,
    listeners: Arc<Mutex<Vec<Arc<ListenerSeries>>>>,
    errors: Counter<u64>,
}

/// How a connection can end badly other than by a failed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionError {
    /// It could not be accepted.
    Accept,
    /// There was no TLS handshake.
    TlsHandshake,
    /// A TLS handshake took too long.
    TlsHandshakeTimeout,
    /// A changed certificate cannot be used; connections go on with the old one.
    Certificate,
    /// Its client sent nothing.
    FirstByteTimeout,
    /// The head of a request took too long.
    HeaderTimeout,
    /// The head of a request was too large.
    HeaderTooLarge,
    /// The head of a request was none.
    InvalidHead,
    /// Its client broke the rules of HTTP/2.
    Http2,
    /// Its client took nothing of what was sent.
    WriteTimeout,
}

impl ConnectionError {
    /// All of them.
    pub const ALL: [Self; Self::WriteTimeout as usize + 1] = [
        Self::Accept,
        Self::TlsHandshake,
        Self::TlsHandshakeTimeout,
        Self::Certificate,
        Self::FirstByteTimeout,
        Self::HeaderTimeout,
        Self::HeaderTooLarge,
        Self::InvalidHead,
        Self::Http2,
        Self::WriteTimeout,
    ];

    /// The label under which it is counted.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::TlsHandshake => "tls_handshake",
            Self::TlsHandshakeTimeout => "tls_handshake_timeout",
            Self::Certificate => "certificate",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::HeaderTimeout => "header_timeout",
            Self::HeaderTooLarge => "header_too_large",
            Self::InvalidHead => "invalid_head",
            Self::Http2 => "http2_error",
            Self::WriteTimeout => "write_timeout",
        }
    }
}

/// The series of one listener.
#[derive(Debug)]
pub struct ListenerSeries {
    label: KeyValue,
    active: AtomicI64,
    accepted: AtomicU64,
    /// Seconds since 1970, 0 without TLS.
    certificate_expiry: AtomicI64,
    errors: Counter<u64>,
}

impl Host {
    /// Registers the instruments; `version` is Weir's, `engine` wasmtime's.
    pub fn new(registry: &Registry, version: &'static str, engine: &'static str) -> Self {
        let meter = registry.meter();
        let build = [
            KeyValue::new("version", version),
            KeyValue::new("wasmtime", engine),
        ];
        catalog::BUILD_INFO.observe_gauge(&meter, move |observer| observer.observe(1.0, &build));
        let ready = Arc::new(AtomicBool::new(false));
        let observed = Arc::clone(&ready);
        catalog::READY.observe_gauge(&meter, move |observer| {
            observer.observe(f64::from(u8::from(observed.load(Relaxed))), &[]);
        });
        let capacity = Arc::<AtomicU64>::default();
        let observed = Arc::clone(&capacity);
        catalog::HOST_CAPACITY.observe_gauge(&meter, move |observer| {
            observer.observe(observed.load(Relaxed) as f64, &[]);
        });
        catalog::LOG_LINES_DROPPED.observe_counter(&meter, |observer| {
            observer.observe(writer::dropped() as f64, &[]);
        });
        let listeners = Arc::default();
        observe_listeners(&meter, &listeners);
        observe_process(&meter);
        Self {
            ready,
            capacity,
            listeners,
            errors: catalog::CONNECTION_ERRORS.counter(&meter),
        }
    }

    /// What says whether the host takes traffic.
    pub fn ready(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.ready)
    }

    /// How many requests can be in flight over all components.
    pub fn set_capacity(&self, requests: u32) {
        self.capacity.store(requests.into(), Relaxed);
    }

    /// The series of the listener at `address`.
    pub fn listener(&self, address: &str) -> Arc<ListenerSeries> {
        let series = Arc::new(ListenerSeries {
            label: KeyValue::new("listener", address.to_owned()),
            active: AtomicI64::default(),
            accepted: AtomicU64::default(),
            certificate_expiry: AtomicI64::default(),
            errors: self.errors.clone(),
        });
        let mut listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.push(Arc::clone(&series));
        series
    }
}

impl ListenerSeries {
    /// A connection is open until the guard is dropped.
    pub fn connected(self: &Arc<Self>) -> Connected {
        self.accepted.fetch_add(1, Relaxed);
        self.active.fetch_add(1, Relaxed);
        Connected(Arc::clone(self))
    }

    /// Counts a connection that ended badly.
    pub fn failed(&self, error: ConnectionError) {
        let reason = KeyValue::new("reason", error.reason());
        self.errors.add(1, &[self.label.clone(), reason]);
    }

    /// When the certificate in use expires, in seconds since 1970.
    pub fn set_certificate_expiry(&self, timestamp: i64) {
        self.certificate_expiry.store(timestamp, Relaxed);
    }
}

/// Counts one open connection while it lives.
#[derive(Debug)]
pub struct Connected(Arc<ListenerSeries>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
    }
}

fn observe_listeners(meter: &Meter, listeners: &Arc<Mutex<Vec<Arc<ListenerSeries>>>>) {
    let all = Arc::clone(listeners);
    let each = move |observer: &Observer<'_>, read: fn(&ListenerSeries) -> Option<f64>| {
        let listeners = all.lock().unwrap_or_else(PoisonError::into_inner);
        for series in listeners.iter() {
            if let Some(value) = read(series) {
                observer.observe(value, std::slice::from_ref(&series.label));
            }
        }
    };
    let read = each.clone();
    catalog::CONNECTIONS_ACTIVE.observe_gauge(meter, move |observer| {
        read(&observer, |series| Some(series.active.load(Relaxed) as f64));
    });
    let read = each.clone();
    catalog::CONNECTIONS_ACCEPTED.observe_counter(meter, move |observer| {
        read(&observer, |series| {
            Some(series.accepted.load(Relaxed) as f64)
        });
    });
    catalog::TLS_CERTIFICATE_EXPIRY.observe_gauge(meter, move |observer| {
        each(&observer, |series| {
            match series.certificate_expiry.load(Relaxed) {
                0 => None,
                timestamp => Some(timestamp as f64),
            }
        });
    });
}

/// A figure of the process, read anew at each scrape; one that cannot be read is left out.
fn observe_process(meter: &Meter) {
    let gauge = |definition: &catalog::Definition, read: fn(&Process) -> ProcResult<f64>| {
        definition.observe_gauge(meter, move |observer| observe(&observer, read));
    };
    gauge(&catalog::PROCESS_RESIDENT_MEMORY, |process| {
        Ok(process.stat()?.rss_bytes().get() as f64)
    });
    gauge(&catalog::PROCESS_VIRTUAL_MEMORY, |process| {
        Ok(process.stat()?.vsize as f64)
    });
    gauge(&catalog::PROCESS_OPEN_FDS, |process| {
        Ok(process.fd_count()? as f64)
    });
    gauge(&catalog::PROCESS_MAX_FDS, |process| {
        Ok(match process.limits()?.max_open_files.soft_limit {
            LimitValue::Value(limit) => limit as f64,
            LimitValue::Unlimited => f64::INFINITY,
        })
    });
    gauge(&catalog::PROCESS_THREADS, |process| {
        Ok(process.stat()?.num_threads as f64)
    });
    gauge(&catalog::PROCESS_START_TIME, |process| {
        let booted = procfs::boot_time_secs()? as f64;
        Ok(booted + process.stat()?.starttime as f64 / procfs::ticks_per_second() as f64)
    });
    catalog::PROCESS_CPU.observe_counter(meter, |observer| {
        observe(&observer, |process| {
            let stat = process.stat()?;
            Ok((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
        });
    });
}

fn observe(observer: &Observer<'_>, read: fn(&Process) -> ProcResult<f64>) {
    if let Ok(value) = Process::myself().and_then(|process| read(&process)) {
        observer.observe(value, &[]);
    }
}
