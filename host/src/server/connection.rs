//! Speaks HTTP on one connection: 1.1, or 2 where the client begins with it or TLS negotiated it.

use super::Limits;
use super::client::Client;
use super::handler::Handler;
use super::io::{Activity, GuardedIo, Patience};
use super::linger::Upload;
use super::request::MAX_FIELDS;
use super::stream::{Parts, StreamExecutor};
use crate::telemetry::metrics::host::{ConnectionError, ListenerSeries};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tracing::debug;

/// Streams that a client may have open on an HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// Streams that a client may open and reset at once before it is cut off (CVE-2023-44487).
const MAX_RESET_STREAMS: usize = 64;

/// A builder of connections within `limits`, whose streams are counted in `series` when they end
/// badly.
pub fn builder(limits: &Limits, series: &Arc<ListenerSeries>) -> Builder<StreamExecutor> {
    let mut builder = Builder::new(StreamExecutor::new(limits.write_timeout, series));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(pause_and_head(limits))
        .max_buf_size(limits.header_bytes.max(MIN_BUFFER))
        .max_headers(MAX_FIELDS)
        // With it hyper buffers without a limit what a client does not read.
        .pipeline_flush(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(heads(limits))
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .keep_alive_interval(limits.keep_alive_timeout)
        .keep_alive_timeout(limits.write_timeout);
    builder
}

/// Bytes of a head that HTTP/2 takes. What it does not take it refuses by itself, without telling
/// anybody, so it takes more than the limit, up to which the handler refuses and counts.
fn heads(limits: &Limits) -> u32 {
    let most = limits.header_bytes.saturating_mul(COUNTED);
    u32::try_from(most).unwrap_or(u32::MAX)
}

/// How many times the limit a head of HTTP/2 may have and be refused with a count.
const COUNTED: usize = 4;

/// What hyper may wait for the end of a head, the pause before it included. `GuardedIo` has a limit
/// for each of the two, so this one is never reached; but without any, hyper does not look for the
/// next request after a response, and nobody would notice that the client is silent.
fn pause_and_head(limits: &Limits) -> Duration {
    let pause = limits.first_byte_timeout.max(limits.keep_alive_timeout);
    pause.saturating_add(limits.header_timeout)
}

/// The smallest buffer that hyper accepts, in bytes.
const MIN_BUFFER: usize = 8192;

/// Serves requests until the client or the drain ends the connection. Says how, if it ended badly
/// before or between requests, or because its client took nothing.
pub async fn serve<I>(
    io: I,
    address: SocketAddr,
    handler: Arc<Handler>,
    builder: &Builder<StreamExecutor>,
    limits: &Limits,
    watcher: Watcher,
) -> Option<ConnectionError>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let patience = Patience {
        first_byte: limits.first_byte_timeout,
        header: limits.header_timeout,
        keep_alive: limits.keep_alive_timeout,
        write: limits.write_timeout,
    };
    let activity = Activity::new(patience);
    let io = GuardedIo::new(io, Arc::clone(&activity));
    let client = Arc::new(Client {
        address: http::HeaderValue::try_from(address.to_string()).ok()?,
        stage: handler.stage.clone(),
    });
    let begun = Arc::clone(&activity);
    let service = service_fn(move |request| {
        let version = request.version();
        let active = begun.begin(version);
        let request = Upload::of(request, &begun);
        let (handler, client) = (Arc::clone(&handler), Arc::clone(&client));
        async move {
            let response = handler.handle(request, &client).await;
            response.map(|response| response.map(|body| Parts::new(body.keep(active), version)))
        }
    });
    let connection = builder.serve_connection(io, service).into_owned();
    let error = watcher.watch(connection).await.err()?;
    debug!(client = %address, %error, "connection ended");
    activity.cut().or_else(|| refused(&*error))
}

/// Why hyper refused a head, or gave up a connection whose client breaks HTTP/2's rules, as one does
/// that floods it with resets. None if it did neither.
fn refused(error: &(dyn Error + 'static)) -> Option<ConnectionError> {
    let error = error.downcast_ref::<hyper::Error>()?;
    match error.is_parse() {
        true if error.is_parse_too_large() => Some(ConnectionError::HeaderTooLarge),
        true => Some(ConnectionError::InvalidHead),
        false => {
            let cause = error.source()?.downcast_ref::<h2::Error>()?;
            cause.is_library().then_some(ConnectionError::Http2)
        }
    }
}
