//! Accepts connections, and goes on accepting whatever happens to one of them.

use super::Limits;
use super::connection;
use super::handler::Handler;
use super::stream::StreamExecutor;
use super::tls::TlsAcceptor;
use crate::drain::Stage;
use crate::telemetry::metrics::host::ListenerSeries;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tracing::{debug, error};

/// How long to wait after an error of the listening socket itself, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A listening socket and what serves its connections.
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// Answers its requests.
    pub handler: Arc<Handler>,
    /// Encrypts its connections, if it has a certificate.
    pub tls: Option<Arc<TlsAcceptor>>,
    /// What its clients may do.
    pub limits: Limits,
    /// Where its connections are counted.
    pub series: Arc<ListenerSeries>,
}

impl Listener {
    /// Accepts until the drain begins, then waits until every connection has ended its requests.
    /// Connections end with it when it is dropped.
    pub async fn run(self) {
        let mut stage = self.handler.stage.clone();
        let builder = Arc::new(connection::builder(&self.limits, &self.series));
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(self.limits.connections));
        // Apart from what connections share, so that it is closed while they go on.
        let (socket, this) = self.split();
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = this.accept(&socket, &places) => accepted,
                // So that what is left of those that have ended does not add up.
                Some(_ended) = connections.join_next() => continue,
                _ = stage.wait_for(|stage| *stage != Stage::Open) => break,
            };
            let Some((stream, address, place)) = accepted else {
                continue;
            };
            let (this, builder, watcher) =
                (Arc::clone(&this), Arc::clone(&builder), graceful.watcher());
            connections.spawn(async move {
                let _connected = this.series.connected();
                this.serve(stream, address, &builder, watcher).await;
                drop(place);
            });
        }
        drop(socket);
        graceful.shutdown().await;
    }

    fn split(self) -> (TcpListener, Arc<Service>) {
        let Self {
            socket,
            handler,
            tls,
            limits,
            series,
        } = self;
        (
            socket,
            Arc::new(Service {
                handler,
                tls,
                limits,
                series,
            }),
        )
    }
}

/// What the connections of a listener share.
struct Service {
    handler: Arc<Handler>,
    tls: Option<Arc<TlsAcceptor>>,
    limits: Limits,
    series: Arc<ListenerSeries>,
}

impl Service {
    /// The next connection, once there is a place for it.
    async fn accept(
        &self,
        socket: &TcpListener,
        places: &Arc<Semaphore>,
    ) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        match socket.accept().await {
            Ok((stream, address)) => Some((stream, address, place)),
            Err(failure) => {
                self.accept_failed(&failure).await;
                None
            }
        }
    }

    /// An error of one connection says nothing of the next; any other would come again at once.
    async fn accept_failed(&self, failure: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if !matches!(
            failure.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset
        ) {
            self.series.failed("accept");
            error!(error = %failure, "connections cannot be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    async fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        builder: &hyper_util::server::conn::auto::Builder<StreamExecutor>,
        watcher: hyper_util::server::graceful::Watcher,
    ) {
        if let Err(failure) = stream.set_nodelay(true) {
            debug!(client = %address, error = %failure, "TCP_NODELAY not set");
        }
        let handler = Arc::clone(&self.handler);
        let failed = match &self.tls {
            None => {
                let io = TokioIo::new(stream);
                connection::serve(io, address, handler, builder, &self.limits, watcher).await
            }
            Some(tls) => match self.shake_hands(tls, stream, address).await {
                Ok(stream) => {
                    let io = TokioIo::new(stream);
                    connection::serve(io, address, handler, builder, &self.limits, watcher).await
                }
                Err(reason) => Some(reason),
            },
        };
        if let Some(reason) = failed {
            self.series.failed(reason);
        }
    }

    async fn shake_hands(
        &self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, &'static str> {
        let handshake = tls.accept(stream);
        match tokio::time::timeout(self.limits.handshake_timeout, handshake).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(failure)) => {
                debug!(client = %address, error = %failure, "TLS handshake failed");
                Err("tls_handshake")
            }
            Err(_elapsed) => Err("tls_handshake_timeout"),
        }
    }
}
