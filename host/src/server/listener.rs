//! Accepts connections, and goes on accepting whatever happens to one of them.

use super::Limits;
use super::connection;
use super::handler::Handler;
use super::stream::StreamExecutor;
use super::tls::TlsAcceptor;
use crate::drain::Stage;
use crate::telemetry::logs::throttle::Throttle;
use crate::telemetry::metrics::host::{ConnectionError, ListenerSeries};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;
use tracing::{debug, error};

/// How long to wait after an error of the listening socket itself, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// A connection, its client, and its place among those that the listener may have.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

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
        // Outside what is waited for, so that a connection that ends meanwhile does not end it.
        let mut pause = None;
        loop {
            let accepted = tokio::select! {
                accepted = this.accept(&socket, &places, pause) => accepted,
                // So that what is left of those that have ended does not add up.
                Some(_ended) = connections.join_next() => continue,
                _ = stage.wait_for(|stage| *stage != Stage::Open) => break,
            };
            let (stream, address, place) = match accepted {
                Ok(accepted) => accepted,
                Err(failure) => {
                    pause = this.accept_failed(&failure);
                    continue;
                }
            };
            pause = None;
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
                accept_lines: Throttle::default(),
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
    /// Lines in the log about connections that cannot be accepted.
    accept_lines: Throttle,
}

impl Service {
    /// The next connection, once the pause is over and there is a place for it.
    async fn accept(
        &self,
        socket: &TcpListener,
        places: &Arc<Semaphore>,
        pause: Option<Instant>,
    ) -> io::Result<Accepted> {
        if let Some(end) = pause {
            tokio::time::sleep_until(end).await;
        }
        let place = Arc::clone(places).acquire_owned().await;
        let place = place.map_err(io::Error::other)?;
        let (stream, address) = socket.accept().await?;
        Ok((stream, address, place))
    }

    /// An error of one connection says nothing of the next; any other would come again at once, so
    /// it gives the end of a pause.
    fn accept_failed(&self, failure: &io::Error) -> Option<Instant> {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(
            failure.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset
        ) {
            return None;
        }
        self.series.failed(ConnectionError::Accept);
        if let Some(suppressed) = self.accept_lines.admit() {
            error!(error = %failure, suppressed, "connections cannot be accepted");
        }
        Some(Instant::now() + ACCEPT_PAUSE)
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
                Err(error) => Some(error),
            },
        };
        if let Some(error) = failed {
            self.series.failed(error);
        }
    }

    async fn shake_hands(
        &self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        address: SocketAddr,
    ) -> Result<TlsStream<TcpStream>, ConnectionError> {
        let handshake = tls.accept(stream);
        match tokio::time::timeout(self.limits.handshake_timeout, handshake).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(failure)) => {
                debug!(client = %address, error = %failure, "TLS handshake failed");
                Err(ConnectionError::TlsHandshake)
            }
            Err(_elapsed) => Err(ConnectionError::TlsHandshakeTimeout),
        }
    }
}
