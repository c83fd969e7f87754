//! Speaks HTTP on one connection: 1.1, or 2 where the client begins with it or TLS negotiated it.

use super::Limits;
use super::handler::Handler;
use super::io::{Activity, GuardedIo, Patience};
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::Watcher;
use std::net::SocketAddr;
use std::sync::Arc;
use tracing::debug;

/// Streams that a client may have open on an HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// Streams that a client may open and reset at once before it is cut off (CVE-2023-44487).
const MAX_RESET_STREAMS: usize = 64;

/// A builder of connections within `limits`.
pub fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes.max(MIN_BUFFER))
        // With it hyper buffers without a limit what a client does not read.
        .pipeline_flush(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .keep_alive_interval(limits.keep_alive_timeout)
        .keep_alive_timeout(limits.write_timeout);
    builder
}

/// The smallest buffer that hyper accepts, in bytes.
const MIN_BUFFER: usize = 8192;

/// Serves requests until the client or the drain ends the connection.
pub async fn serve<I>(
    io: I,
    address: SocketAddr,
    handler: Arc<Handler>,
    builder: &Builder<TokioExecutor>,
    limits: &Limits,
    watcher: Watcher,
) where
    I: Read + Write + Unpin + Send + 'static,
{
    let patience = Patience {
        first_request: limits.first_request_timeout,
        keep_alive: limits.keep_alive_timeout,
        write: limits.write_timeout,
    };
    let activity = Activity::new(patience);
    let io = GuardedIo::new(io, Arc::clone(&activity), patience);
    let Ok(client) = http::HeaderValue::try_from(address.to_string()) else {
        return;
    };
    let service = service_fn(move |request| {
        let (handler, client, active) = (Arc::clone(&handler), client.clone(), activity.begin());
        async move {
            let response = handler.handle(request, &client).await;
            response.map(|response| response.map(|body| body.keep(active)))
        }
    });
    let connection = builder.serve_connection(io, service).into_owned();
    if let Err(error) = watcher.watch(connection).await {
        debug!(client = %address, error = %error, "connection ended");
    }
}
