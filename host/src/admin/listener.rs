//! Accepts the admin server's connections and serves them, within limits.
//!
//! Those who ask are few, but the server may be told to listen where anybody can reach it. So there
//! are few places, which are taken before a connection is accepted, and none can be held by a client
//! that sends nothing or takes nothing.

use super::Sources;
use super::endpoints::respond;
use crate::server::io::{Activity, GuardedIo, Patience};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tracing::debug;

/// Open connections: several of each probe, scraper and person.
const CONNECTIONS: usize = 64;

/// How long to wait after an error of the listening socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What clients may take. Between two requests it is longer than scrapers pause.
const PATIENCE: Patience = Patience {
    first_byte: Duration::from_secs(10),
    header: Duration::from_secs(10),
    keep_alive: Duration::from_secs(90),
    write: Duration::from_secs(30),
};

/// Serves until it is dropped.
pub(super) async fn serve(socket: TcpListener, sources: Arc<Sources>) {
    let Ok(socket) = tokio::net::TcpListener::from_std(socket) else {
        return;
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                debug!(%error, "admin connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let sources = Arc::clone(&sources);
        tokio::spawn(async move {
            converse(stream, sources).await;
            drop(place);
        });
    }
}

async fn converse(stream: TcpStream, sources: Arc<Sources>) {
    let activity = Activity::new(PATIENCE);
    let io = GuardedIo::new(TokioIo::new(stream), Arc::clone(&activity));
    let service = service_fn(|request| {
        let active = activity.begin(request.version());
        let sources = Arc::clone(&sources);
        async move {
            let response = respond(&request, &sources).await;
            Ok::<_, Infallible>(response.map(|body| body.keep(active)))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // `GuardedIo` keeps the limits; without this one hyper asks for no second request.
        .header_read_timeout(PATIENCE.keep_alive + PATIENCE.header)
        .serve_connection(io, service);
    if let Err(error) = connection.await {
        debug!(%error, "admin connection ended");
    }
}
