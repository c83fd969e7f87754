//! The addresses that requests come in at.
//!
//! They are bound before components are compiled, so that one that is taken is reported at once,
//! and listened at afterwards, so that nobody is kept waiting by a host that is not ready.

use super::descriptors;
use crate::config::Config;
use crate::config::listener;
use crate::drain::Stage;
use crate::server::Limits;
use crate::server::admission::Admission;
use crate::server::handler::Handler;
use crate::server::listener::Listener;
use crate::server::route::RouteTable;
use crate::server::tls::{Files, TlsAcceptor, TlsError};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::metrics::host::ListenerSeries;
use crate::telemetry::registry::Registry;
use crate::telemetry::traces::tracer::Tracer;
use arc_swap::ArcSwap;
use http::uri::Scheme;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpSocket;
use tokio::sync::watch;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;

/// Why an address cannot be listened at.
#[derive(Debug, thiserror::Error)]
#[error("{address} cannot be listened at: {source}{}", hint(source))]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another process has it: stop that one, or choose another address with --listen or --admin"
        }
        io::ErrorKind::AddrNotAvailable => {
            "; this machine has no such address: 127.0.0.1 is itself, 0.0.0.0 all that it has"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need a privilege",
        _ => "",
    }
}

/// A listener that has its address and accepts nothing yet.
pub(super) struct Bound {
    /// Where it is.
    pub(super) address: SocketAddr,
    /// Its settings.
    pub(super) settings: listener::Listener,
    socket: TcpSocket,
    tls: Option<Arc<TlsAcceptor>>,
    series: Arc<ListenerSeries>,
}

/// What all listeners share.
pub(super) struct Shared<'a> {
    config: &'a Config,
    table: &'a Arc<ArcSwap<RouteTable>>,
    registry: &'a Registry,
    /// How many requests the host admits over all listeners.
    admission: Arc<Admission>,
    /// What clients of each listener may do.
    clients: Limits,
    tracer: &'a Tracer,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        config: &'a Config,
        table: &'a Arc<ArcSwap<RouteTable>>,
        registry: &'a Registry,
        tracer: &'a Tracer,
    ) -> Self {
        let limits = &config.limits;
        Self {
            config,
            table,
            registry,
            tracer,
            clients: clients(config),
            admission: Arc::new(Admission::new(
                limits.max_in_flight.get() as usize,
                limits.queue_length as usize,
                limits.queue_timeout,
            )),
        }
    }
}

/// Binds the admin server's address.
pub(super) fn admin(address: SocketAddr) -> Result<std::net::TcpListener, BindError> {
    std::net::TcpListener::bind(address).map_err(|source| BindError { address, source })
}

/// Takes the address of a listener and reads its certificate.
pub(super) fn bind(
    settings: &listener::Listener,
    metrics: &Metrics,
) -> Result<Bound, crate::error::Error> {
    let wanted = settings.address;
    let (socket, address) = socket(wanted).map_err(|source| BindError {
        address: wanted,
        source,
    })?;
    let series = metrics.host.listener(&address.to_string());
    Ok(Bound {
        address,
        settings: settings.clone(),
        socket,
        tls: tls(settings, &series)?,
        series,
    })
}

fn socket(address: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Without it a restart has to wait for the connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

fn tls(
    settings: &listener::Listener,
    series: &Arc<ListenerSeries>,
) -> Result<Option<Arc<TlsAcceptor>>, TlsError> {
    let files = settings.tls.as_ref().map(files);
    files
        .map(|files| TlsAcceptor::new(files, Arc::clone(series)))
        .transpose()
}

/// The files of a listener's certificate, as the server knows them.
pub(super) fn files(stated: &listener::TlsFiles) -> Files {
    Files {
        certificate: stated.certificate.clone(),
        key: stated.key.clone(),
    }
}

impl Bound {
    /// Begins to listen as the listener `number` of the route table.
    pub(super) fn listen(
        self,
        number: usize,
        shared: &Shared<'_>,
        stage: watch::Receiver<Stage>,
    ) -> Result<Listener, BindError> {
        let address = self.address;
        let socket = self
            .socket
            .listen(BACKLOG)
            .map_err(|source| BindError { address, source })?;
        if let Some(tls) = &self.tls {
            tokio::spawn(Arc::clone(tls).keep_current());
        }
        Ok(Listener {
            socket,
            handler: Arc::new(Handler {
                table: Arc::clone(shared.table),
                listener: number,
                base_path: self.settings.base_path.prefix().to_owned(),
                scheme: match self.tls {
                    Some(_) => Scheme::HTTPS,
                    None => Scheme::HTTP,
                },
                metrics: self.settings.metrics.then(|| shared.registry.clone()),
                admission: Arc::clone(&shared.admission),
                header_bytes: shared.clients.header_bytes,
                body_timeout: shared.clients.body_timeout,
                access_log: shared.config.telemetry.access_log,
                tracer: shared.tracer.clone(),
                stage,
            }),
            tls: self.tls,
            limits: shared.clients,
            series: self.series,
        })
    }
}

fn clients(config: &Config) -> Limits {
    let limits = &config.limits;
    let max_connections = limits.max_connections.get() as usize;
    Limits {
        connections: descriptors::connections(max_connections, config.listeners.len()),
        header_timeout: limits.header_timeout.get(),
        header_bytes: usize::try_from(limits.max_header_bytes.get().as_u64()).unwrap_or(usize::MAX),
        body_timeout: limits.body_timeout.get(),
        write_timeout: limits.write_timeout.get(),
        first_byte_timeout: limits.first_byte_timeout.get(),
        keep_alive_timeout: limits.keep_alive_timeout.get(),
        handshake_timeout: limits.handshake_timeout.get(),
    }
}
