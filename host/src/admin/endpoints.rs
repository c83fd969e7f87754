//! The answers of the admin server.

use super::Sources;
use crate::health::Phase;
use crate::server::body::ResponseBody;
use crate::server::response::{self, text};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use std::fmt::Display;
use std::sync::Arc;

const JSON: &str = "application/json";

const PATHS: &str = "/metrics  everything measured, for Prometheus\n\
                     /livez    whether the process works\n\
                     /readyz   whether it takes traffic\n\
                     /status   what runs, as JSON\n\
                     /reload   POST: replaces what changed";

const RELOAD: &str = "/reload";

/// Answers one request.
pub(super) async fn respond<B>(
    request: &Request<B>,
    sources: &Arc<Sources>,
) -> Response<ResponseBody> {
    if request.uri().path() == RELOAD {
        return reload(request, sources).await;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is allowed here");
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match request.uri().path() {
        "/metrics" => response::metrics(&sources.registry),
        "/livez" => live(sources),
        "/readyz" => ready(sources),
        "/status" => status(sources),
        "/" => text(StatusCode::OK, PATHS),
        _ => text(
            StatusCode::NOT_FOUND,
            format_args!("not found; there are\n{PATHS}"),
        ),
    }
}

/// Reloads, if the client may ask for it.
async fn reload<B>(request: &Request<B>, sources: &Arc<Sources>) -> Response<ResponseBody> {
    if request.method() != Method::POST {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only POST is allowed here");
        let allowed = HeaderValue::from_static("POST");
        response.headers_mut().insert(ALLOW, allowed);
        return response;
    }
    if let Err(refusal) = sources.authority.check(request.headers()) {
        return text(StatusCode::FORBIDDEN, refusal);
    }
    if let Phase::Draining = sources.health.phase() {
        return unavailable("the host is draining and replaces nothing any more");
    }
    let sources = Arc::clone(sources);
    let done = tokio::task::spawn_blocking(move || (sources.reload)()).await;
    match done {
        Ok(Some(done)) if done.failed.is_empty() => json(StatusCode::OK, &done),
        Ok(Some(done)) => json(StatusCode::CONFLICT, &done),
        Ok(None) => unavailable("the host is not ready"),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

fn live(sources: &Sources) -> Response<ResponseBody> {
    match sources.health.is_alive() {
        true => text(StatusCode::OK, "ok"),
        false => unavailable("the main runtime runs no tasks"),
    }
}

fn ready(sources: &Sources) -> Response<ResponseBody> {
    match sources.health.phase() {
        Phase::Ready => text(StatusCode::OK, "ok"),
        Phase::Starting(what) => unavailable(format_args!("starting: {what}")),
        Phase::Draining => unavailable("draining"),
    }
}

fn status(sources: &Sources) -> Response<ResponseBody> {
    json(StatusCode::OK, &(sources.status)())
}

fn unavailable(why: impl Display) -> Response<ResponseBody> {
    text(StatusCode::SERVICE_UNAVAILABLE, why)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<ResponseBody> {
    match serde_json::to_vec_pretty(value) {
        Ok(mut json) => {
            json.push(b'\n');
            let mut response = Response::new(ResponseBody::full(json));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static(JSON);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}
