//! From a client's request to the one that a component gets.
//!
//! The component sees a whole URI, the path with the listener's base in front, and Spin's headers,
//! which say how the request was routed. What a client sends under those names is removed: a
//! component can trust them. Values are passed on as bytes, so a path or header that is not UTF-8
//! fails no request.

use super::route::RouteHeaders;
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, Version};

const PREFIX: &str = "spin-";
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const RAW_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// Where a request came from and how it was routed.
#[derive(Debug)]
pub struct Routed<'a> {
    /// The headers of its route.
    pub headers: &'a RouteHeaders,
    /// The route's parameters as header names, and what they stand for.
    pub parameters: (&'a [HeaderName], &'a [&'a str]),
    /// What the route's `...` stands for, without the slash before it; `None` if it has none.
    pub rest: Option<&'a str>,
    /// The path it was routed by.
    pub path: &'a str,
    /// `http` or `https`.
    pub scheme: &'a Scheme,
    /// The client's address as a header's value.
    pub client: &'a HeaderValue,
}

/// Why a request is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// It does not say properly what it is for.
    #[error("the request's target or Host header is not valid")]
    Target,
    /// Its head is larger than the listener's clients may send.
    #[error("the request's head is too large")]
    TooLarge,
}

impl HeadError {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Target, Self::TooLarge];

    /// The status that the client gets.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Target => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }

    /// The label under which it is counted; one of a closed set.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Target => "invalid_target",
            Self::TooLarge => "header_too_large",
        }
    }
}

/// Fields that a head may have, whatever their size.
pub const MAX_FIELDS: usize = 256;

/// What HTTP/2 counts for a field beside its name and value, in bytes (RFC 9113, 6.5.2).
const FIELD: usize = 32;

/// Whether a request can be passed on, as far as its head alone says. Heads of HTTP/1 that have more
/// than `most` bytes do not get here.
pub fn check<B>(request: &Request<B>, most: usize) -> Result<(), HeadError> {
    match request.version() == Version::HTTP_2 && is_larger(request, most) {
        true => Err(HeadError::TooLarge),
        false => check_host(request),
    }
}

fn is_larger<B>(request: &Request<B>, most: usize) -> bool {
    let target = request.uri().path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let fields = request.headers().iter();
    let fields = fields.map(|(name, value)| name.as_str().len() + value.len() + FIELD);
    request.headers().len() > MAX_FIELDS || target + fields.sum::<usize>() > most
}

/// Whether a client says which host it means as its version of HTTP wants: HTTP/1.1 once, in its
/// header whatever its target is, and none of them twice (RFC 9112, 3.2).
pub fn check_host<B>(request: &Request<B>) -> Result<(), HeadError> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => Err(HeadError::Target),
        (_, Some(_)) => Err(HeadError::Target),
        (_, None) => Ok(()),
    }
}

/// What a request's head says its body's length is, in bytes; 0 if it does not say.
pub fn declared_length<B>(request: &Request<B>) -> u64 {
    let value = request.headers().get(CONTENT_LENGTH);
    value
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .unwrap_or(0)
}

/// The request as the component gets it, with the body that came.
pub fn prepare<B>(request: Request<B>, routed: &Routed<'_>) -> Result<Request<B>, HeadError> {
    let (mut parts, body) = request.into_parts();
    let seen = uri(&parts.uri, &parts.headers, routed)?;
    set_headers(&mut parts.headers, &parts.uri, &seen, routed);
    parts.uri = seen;
    Ok(Request::from_parts(parts, body))
}

/// The URI that the component sees: scheme and authority filled in, the path it was routed by.
fn uri(uri: &Uri, headers: &HeaderMap, routed: &Routed<'_>) -> Result<Uri, HeadError> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(routed.scheme.clone());
    parts.authority = Some(authority(uri, headers)?);
    parts.path_and_query = Some(path_and_query(uri, routed.path)?);
    Uri::from_parts(parts).map_err(|_| HeadError::Target)
}

/// HTTP/2 has it in the URI, HTTP/1.1 in a header; HTTP/1.0 may have none.
fn authority(uri: &Uri, headers: &HeaderMap) -> Result<Authority, HeadError> {
    if let Some(authority) = uri.authority() {
        return Ok(authority.clone());
    }
    match headers.get(HOST) {
        Some(host) => Authority::try_from(host.as_bytes()).map_err(|_| HeadError::Target),
        None => Ok(Authority::from_static("localhost")),
    }
}

fn path_and_query(uri: &Uri, path: &str) -> Result<PathAndQuery, HeadError> {
    match uri.path_and_query() {
        // Nothing was put in front, so what came can be kept as it is.
        Some(whole) if whole.path() == path => Ok(whole.clone()),
        _ => {
            let mut text = String::from(path);
            if let Some(query) = uri.query() {
                text.push('?');
                text.push_str(query);
            }
            PathAndQuery::try_from(text).map_err(|_| HeadError::Target)
        }
    }
}

/// Removes what a client may not say, and adds Spin's headers. `sent` is the client's own URI.
fn set_headers(headers: &mut HeaderMap, sent: &Uri, seen: &Uri, routed: &Routed<'_>) {
    strip(headers);
    headers.insert(MATCHED_ROUTE, routed.headers.matched.clone());
    headers.insert(RAW_ROUTE, routed.headers.raw.clone());
    headers.insert(COMPONENT_ROUTE, routed.headers.component.clone());
    headers.insert(BASE_PATH, HeaderValue::from_static("/"));
    headers.insert(CLIENT_ADDR, routed.client.clone());
    insert(headers, FULL_URL, full_url(sent, seen, routed.scheme));
    insert(headers, PATH_INFO, path_info(routed));
    let (names, values) = routed.parameters;
    for (name, value) in names.iter().zip(values) {
        insert(
            headers,
            name.clone(),
            Bytes::copy_from_slice(value.as_bytes()),
        );
    }
}

fn strip(headers: &mut HeaderMap) {
    headers.remove(CONNECTION);
    let forged: Vec<_> = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PREFIX))
        .cloned()
        .collect();
    for name in forged {
        headers.remove(name);
    }
}

/// A value with bytes that no header can hold is left out rather than failing the request.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: Bytes) {
    if let Ok(value) = HeaderValue::from_maybe_shared(value) {
        headers.insert(name, value);
    }
}

fn full_url(sent: &Uri, seen: &Uri, scheme: &Scheme) -> Bytes {
    let authority = seen.authority().map_or("", Authority::as_str);
    let path = sent.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut url = BytesMut::with_capacity(scheme.as_str().len() + 3 + authority.len() + path.len());
    for part in [scheme.as_str(), "://", authority, path] {
        url.put_slice(part.as_bytes());
    }
    url.freeze()
}

/// What the route's `...` stands for, with the slash before it and the one that ends the path.
fn path_info(routed: &Routed<'_>) -> Bytes {
    let Some(rest) = routed.rest else {
        return Bytes::new();
    };
    let mut info = BytesMut::with_capacity(rest.len() + 2);
    if !rest.is_empty() {
        info.put_u8(b'/');
        info.put_slice(rest.as_bytes());
    }
    if routed.path.ends_with('/') {
        info.put_u8(b'/');
    }
    info.freeze()
}
