//! Sends requests over the network, with connections shared by all components.
//!
//! HTTP/1.1 and, where TLS negotiates it, HTTP/2. Certificates are checked against the system's
//! roots; where there are none, as in an image that has nothing but the host, requests over TLS fail
//! and others go on. A pooled connection that the peer has closed is replaced without the guest noticing;
//! beyond that nothing is retried.

use crate::body::idle::IdleTimer;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{HttpConnector, capture_connection};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use std::error::Error as StdError;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use tracing::warn;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// The longest wait for a connection; a guest may set less.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest wait for a head or for a part of a body, where the guest sets none. The component's
/// own timeout is usually shorter.
const READ_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a connection that nobody uses is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections that are kept for each host.
const IDLE_PER_HOST: usize = 64;

/// Connects over `http`, with TLS where that is asked for; the system says whom to trust.
pub fn connector(mut http: HttpConnector) -> io::Result<HttpsConnector<HttpConnector>> {
    // It would refuse `https`, though TLS is added here.
    http.enforce_http(false);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(with_roots(provider)?
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(http))
}

/// An HTTP client; its clones share connections.
#[derive(Clone, Debug)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, WasiBody>);

impl Client {
    /// A client without connections.
    pub fn new() -> io::Result<Self> {
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        http.set_nodelay(true);
        let client = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build(connector(http)?);
        Ok(Self(client))
    }

    /// Sends a request and waits for the head of the answer.
    pub async fn send(
        &self,
        request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<WasiBody>, Error> {
        let between = options.between_bytes_timeout.unwrap_or(READ_TIMEOUT);
        let response = self.head(request, options).await?;
        Ok(response.map(|inner| {
            ResponseBody {
                inner,
                idle: IdleTimer::new(between),
            }
            .boxed_unsync()
        }))
    }

    /// Waits for a connection, new or kept, and then for the head, each for its own time.
    async fn head(
        &self,
        mut request: Request<WasiBody>,
        options: RequestOptions,
    ) -> Result<Response<Incoming>, Error> {
        let connect = options.connect_timeout.unwrap_or(CONNECT_TIMEOUT);
        let head = options.first_byte_timeout.unwrap_or(READ_TIMEOUT);
        let mut connection = capture_connection(&mut request);
        let connected = async { drop(connection.wait_for_connection_metadata().await) };
        let mut answer = pin!(self.0.request(request));
        let early = tokio::select! {
            answered = &mut answer => Some(answered),
            connected = timeout(connect, connected) => {
                connected.map_err(|_elapsed| Error::ConnectionTimeout)?;
                None
            }
        };
        let answered = match early {
            Some(answered) => answered,
            None => timeout(head, answer)
                .await
                .map_err(|_elapsed| Error::ConnectionReadTimeout)?,
        };
        answered.map_err(|error| classify(&error))
    }
}

/// Trusts the system's roots. Who sends nothing over TLS needs none, so that there are none is no
/// error here.
fn with_roots(provider: Arc<CryptoProvider>) -> io::Result<HttpsConnectorBuilder<WantsSchemes>> {
    let missing =
        match HttpsConnectorBuilder::new().with_provider_and_native_roots(Arc::clone(&provider)) {
            Ok(connector) => return Ok(connector),
            Err(error) => error,
        };
    warn!(error = %missing, "there are no root certificates: outbound requests over TLS will fail");
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config))
}

/// The guest sees codes, so the chain of causes is turned into the one that says most.
fn classify(error: &legacy::Error) -> Error {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return match error.is_incomplete_message() || error.is_closed() {
                true => Error::ConnectionTerminated,
                false => Error::HttpProtocolError,
            };
        }
        if error.is::<rustls::Error>() {
            return Error::TlsProtocolError;
        }
        if let Some(error) = error.downcast_ref::<io::Error>() {
            match error.kind() {
                io::ErrorKind::ConnectionRefused => return Error::ConnectionRefused,
                io::ErrorKind::TimedOut => return Error::ConnectionTimeout,
                _ => {}
            }
            // What it wraps, which is not its source: that would be the source of what it wraps.
            cause = error
                .get_ref()
                .map(|inner| inner as &(dyn StdError + 'static));
            continue;
        }
        if error.to_string().starts_with("dns error") {
            return Error::DnsError {
                rcode: None,
                info_code: None,
            };
        }
        cause = error.source();
    }
    match error.is_connect() {
        true => Error::DestinationUnavailable,
        false => Error::HttpProtocolError,
    }
}

/// What [`reason`] can be.
pub const REASONS: [&str; 10] = [
    "connection_refused",
    "connect_timeout",
    "timeout",
    "connection_closed",
    "dns",
    "tls",
    "unavailable",
    "destination_not_found",
    "loop_detected",
    "protocol",
];

/// The label under which a failed request is recorded; one of [`REASONS`].
pub fn reason(error: &Error) -> &'static str {
    match error {
        Error::ConnectionRefused => "connection_refused",
        Error::ConnectionTimeout => "connect_timeout",
        Error::ConnectionReadTimeout => "timeout",
        Error::ConnectionTerminated => "connection_closed",
        Error::DnsError { .. } => "dns",
        Error::TlsProtocolError => "tls",
        Error::DestinationUnavailable => "unavailable",
        Error::DestinationNotFound => "destination_not_found",
        Error::LoopDetected => "loop_detected",
        _ => "protocol",
    }
}

/// The body of an answer, which may not stand still for too long.
struct ResponseBody {
    inner: Incoming,
    idle: IdleTimer,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if polled.is_pending() {
            return self
                .idle
                .poll_stalled(cx)
                .map(|()| Some(Err(Error::ConnectionReadTimeout)));
        }
        self.idle.moved();
        polled.map_err(Error::from)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;
    use tokio::net::{TcpSocket, TcpStream};

    /// The system takes a connection for a listener that does not only as long as there is room.
    async fn full_listener() -> (tokio::net::TcpListener, Vec<TcpStream>) {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut taken = Vec::new();
        let patience = Duration::from_millis(500);
        while let Ok(connected) = timeout(patience, TcpStream::connect(address)).await {
            taken.push(connected.unwrap());
        }
        (listener, taken)
    }

    #[tokio::test]
    async fn a_guests_own_time_to_connect_is_kept() {
        let (listener, _taken) = full_listener().await;
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let options = RequestOptions {
            connect_timeout: Some(Duration::from_millis(200)),
            first_byte_timeout: Some(Duration::from_secs(2)),
            between_bytes_timeout: None,
        };
        let request = Request::get(url).body(body).unwrap();
        let answer = Client::new().unwrap().send(request, options).await;
        let error = answer.map(drop).unwrap_err();
        assert!(matches!(error, Error::ConnectionTimeout), "{error:?}");
    }

    #[test]
    fn the_reasons_are_those_that_errors_have() {
        let dns = Error::DnsError {
            rcode: None,
            info_code: None,
        };
        let errors = [
            Error::ConnectionRefused,
            Error::ConnectionTimeout,
            Error::ConnectionReadTimeout,
            Error::ConnectionTerminated,
            dns,
            Error::TlsProtocolError,
            Error::DestinationUnavailable,
            Error::DestinationNotFound,
            Error::LoopDetected,
            Error::HttpProtocolError,
        ];
        assert_eq!(errors.each_ref().map(reason), REASONS);
    }
}
