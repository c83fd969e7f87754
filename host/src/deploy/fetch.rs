//! Fetches the code of components whose source is a URL with a digest.
//!
//! The digest decides: a file that has it is never fetched again, whatever the URL would give by
//! now, and one that has not is never used, wherever it came from. Connections are retried; an
//! answer that says no, or content with another digest, is not. It is done when a component is
//! loaded, so a start without network works as long as the folder is kept.
//!
//! A URL may carry a signature or a password, so what is said of one is scheme, host and path. The
//! user and the password go to the server that it names, as Basic authorization, and to no other
//! that it redirects to.

use crate::capability::outbound_http::client::connector;
use crate::engine::compile_cache::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use bytesize::ByteSize;
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::{info, warn};
use url::Url;

/// The most bytes that a component may have.
const MAX_BYTES: usize = 256 << 20;
/// How often a server is tried, and how long to wait before the second time; then twice as long.
const ATTEMPTS: u32 = 4;
const RETRY: Duration = Duration::from_millis(250);
/// How long one attempt may take, to the last byte.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;

/// A URL as it may be shown: scheme, host and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    fn of(url: &Url) -> Self {
        let (origin, path) = (url.origin().ascii_serialization(), url.path());
        Self(format!("{origin}{path}"))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server cannot be reached, or breaks off.
    #[error("{0} cannot be fetched: {1}")]
    Unreachable(Shown, String),
    /// The server answers with something else.
    #[error("{0} cannot be fetched: the server answers with status {1}")]
    Status(Shown, StatusCode),
    /// It leads on and on, or to something that is no HTTP.
    #[error("{0} cannot be fetched: it redirects {1}")]
    Redirect(Shown, &'static str),
    /// It is larger than any component.
    #[error("{0} cannot be fetched: it has more than {max}", max = ByteSize::b(MAX_BYTES as u64))]
    TooLarge(Shown),
    /// It is not what the manifest says.
    #[error("{url} has the digest sha256:{found}, not the one in the manifest")]
    Digest {
        /// Where it came from.
        url: Shown,
        /// Its digest.
        found: Digest,
    },
    /// It cannot be kept.
    #[error("{0} cannot be kept: {1}")]
    Io(PathBuf, io::Error),
}

impl FetchError {
    /// Whether another attempt may end otherwise.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable(..) => true,
            Self::Status(_, status) => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            _ => false,
        }
    }
}

/// The file with the code at `url`, which has `digest`; kept in `folder`. Blocks.
pub fn file(url: &Url, digest: &Digest, folder: &Path) -> Result<PathBuf, FetchError> {
    let path = folder.join(format!("{digest}.wasm"));
    if std::fs::read(&path).is_ok_and(|kept| Digest::of(&kept) == *digest) {
        return Ok(path);
    }
    let io = |error| FetchError::Io(path.clone(), error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(io)?;
    let code = runtime.block_on(fetch(url))?;
    let found = Digest::of(&code);
    if found != *digest {
        let url = Shown::of(url);
        return Err(FetchError::Digest { url, found });
    }
    keep(&path, folder, &code).map_err(io)?;
    info!(url = %Shown::of(url), bytes = code.len(), "component fetched");
    Ok(path)
}

fn keep(path: &Path, folder: &Path, code: &[u8]) -> io::Result<()> {
    crate::capability::folder::create(folder, 0o700)?;
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    std::fs::write(&partial, code)?;
    std::fs::rename(&partial, path)
}

async fn fetch(url: &Url) -> Result<Bytes, FetchError> {
    let client = client().map_err(|error| unreachable(url, &error))?;
    let mut wait = RETRY;
    for _ in 1..ATTEMPTS {
        match attempt(&client, url).await {
            Err(error) if error.is_passing() => {
                warn!(%error, ?wait, "fetched again");
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            done => return done,
        }
    }
    attempt(&client, url).await
}

async fn attempt(client: &HttpClient, url: &Url) -> Result<Bytes, FetchError> {
    match tokio::time::timeout(TIMEOUT, get(client, url)).await {
        Ok(done) => done,
        Err(_elapsed) => Err(FetchError::Unreachable(
            Shown::of(url),
            format!("it takes longer than {TIMEOUT:?}"),
        )),
    }
}

async fn get(client: &HttpClient, url: &Url) -> Result<Bytes, FetchError> {
    let mut from = url.clone();
    for _ in 0..=MAX_REDIRECTS {
        let response = send(client, url, &from).await?;
        match response.status() {
            StatusCode::OK => return body(url, response).await,
            status if status.is_redirection() => from = target(url, &from, &response)?,
            status => return Err(FetchError::Status(Shown::of(url), status)),
        }
    }
    Err(FetchError::Redirect(Shown::of(url), "too often"))
}

async fn send(
    client: &HttpClient,
    url: &Url,
    from: &Url,
) -> Result<Response<Incoming>, FetchError> {
    let uri: Uri = from
        .as_str()
        .parse()
        .map_err(|error| unreachable(url, &error))?;
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri;
    if from.origin() == url.origin()
        && let Some(value) = authorization(url)
    {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    client
        .request(request)
        .await
        .map_err(|error| unreachable(url, innermost(&error)))
}

/// The header for the user and the password in `url`, if there are any.
fn authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let user = percent_decode_str(url.username());
    let password = percent_decode_str(url.password().unwrap_or_default());
    let pair: Vec<u8> = user.chain([b':']).chain(password).collect();
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn target(url: &Url, from: &Url, response: &Response<Incoming>) -> Result<Url, FetchError> {
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let target = location.and_then(|location| from.join(location).ok());
    let target = target.filter(|target| matches!(target.scheme(), "http" | "https"));
    target.ok_or_else(|| FetchError::Redirect(Shown::of(url), "to nothing that can be fetched"))
}

async fn body(url: &Url, response: Response<Incoming>) -> Result<Bytes, FetchError> {
    let body = Limited::new(response.into_body(), MAX_BYTES);
    let whole = body
        .collect()
        .await
        .map_err(|error| match error.is::<LengthLimitError>() {
            true => FetchError::TooLarge(Shown::of(url)),
            false => unreachable(url, innermost(&*error)),
        })?;
    Ok(whole.to_bytes())
}

type HttpClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A client that trusts the system's certificate authorities.
fn client() -> io::Result<HttpClient> {
    let connector = connector(HttpConnector::new())?;
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn unreachable(url: &Url, why: &(impl std::fmt::Display + ?Sized)) -> FetchError {
    FetchError::Unreachable(Shown::of(url), why.to_string())
}

/// The cause of the causes, which is the system's error.
fn innermost<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> &'e (dyn std::error::Error + 'static) {
    std::iter::successors(Some(error), |error| error.source())
        .last()
        .unwrap_or(error)
}
