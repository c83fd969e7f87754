//! The answers of the admin server.

use super::Sources;
use super::health::Phase;
use crate::telemetry::registry;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

const PATHS: &str = "/metrics  everything measured, for Prometheus\n\
                     /livez    whether the process works\n\
                     /readyz   whether it takes traffic\n\
                     /status   what runs, as JSON\n\
                     /reload   POST: replaces what changed\n";

const RELOAD: &str = "/reload";

/// Answers one request.
pub(super) async fn respond<B>(
    request: &Request<B>,
    sources: &Arc<Sources>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == RELOAD {
        return Ok(reload(request, sources).await);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed here\n");
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    Ok(match request.uri().path() {
        "/metrics" => metrics(sources),
        "/livez" => live(sources),
        "/readyz" => ready(sources),
        "/status" => status(sources),
        "/" => text(StatusCode::OK, PATHS),
        _ => text(
            StatusCode::NOT_FOUND,
            format!("not found; there are\n{PATHS}"),
        ),
    })
}

/// Reloads, if the client may ask for it.
async fn reload<B>(request: &Request<B>, sources: &Arc<Sources>) -> Response<Full<Bytes>> {
    if request.method() != Method::POST {
        let mut response = text(
            StatusCode::METHOD_NOT_ALLOWED,
            "only POST is allowed here\n",
        );
        let allowed = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if let Err(refusal) = sources.authority.check(request.headers()) {
        return text(StatusCode::FORBIDDEN, format!("{refusal}\n"));
    }
    let sources = Arc::clone(sources);
    let done = tokio::task::spawn_blocking(move || (sources.reload)()).await;
    match done {
        Ok(Some(done)) if done.failed.is_empty() => json(StatusCode::OK, &done),
        Ok(Some(done)) => json(StatusCode::CONFLICT, &done),
        Ok(None) => text(StatusCode::SERVICE_UNAVAILABLE, "the host is not ready\n"),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn metrics(sources: &Sources) -> Response<Full<Bytes>> {
    match sources.registry.render() {
        Ok(rendered) => answer(StatusCode::OK, registry::CONTENT_TYPE, rendered),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn live(sources: &Sources) -> Response<Full<Bytes>> {
    match sources.health.is_alive() {
        true => text(StatusCode::OK, "ok\n"),
        false => text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the main runtime runs no tasks\n",
        ),
    }
}

fn ready(sources: &Sources) -> Response<Full<Bytes>> {
    match sources.health.phase() {
        Phase::Ready => text(StatusCode::OK, "ok\n"),
        Phase::Starting(what) => text(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("starting: {what}\n"),
        ),
        Phase::Draining => text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
    }
}

fn status(sources: &Sources) -> Response<Full<Bytes>> {
    json(StatusCode::OK, &(sources.status)())
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Full<Bytes>> {
    match serde_json::to_vec_pretty(value) {
        Ok(mut json) => {
            json.push(b'\n');
            answer(status, JSON, json)
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    answer(status, TEXT, body)
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
