//! Responses that the host gives itself, and the last look at every response.

use super::admission::Rejection;
use super::body::{Fault, ResponseBody};
use super::record::Recorder;
use crate::engine::failure::Failure;
use crate::telemetry::registry::{self, Registry};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode};

/// When a client that was refused should come again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// A response with a line of text.
pub fn text(status: StatusCode, line: impl std::fmt::Display) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::full(format!("{line}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// Everything that is measured, for Prometheus.
pub fn metrics(registry: &Registry) -> Response<ResponseBody> {
    match registry.render() {
        Ok(text) => {
            let mut response = Response::new(ResponseBody::full(text));
            let kind = HeaderValue::from_static(registry::CONTENT_TYPE);
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, error),
    }
}

/// The response for a component that failed.
pub fn failure(failure: Failure) -> Response<ResponseBody> {
    let mut response = text(failure.status(), failure);
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    }
    response
}

/// The response for a request that was not admitted.
pub fn rejection(rejection: Rejection) -> Response<ResponseBody> {
    let line = match rejection {
        Rejection::QueueFull => "too many requests are in flight",
        Rejection::QueueTimeout => "too many requests were in flight for too long",
    };
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, line);
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}

/// The response for a request whose body is faulty.
pub fn fault(fault: Fault) -> Response<ResponseBody> {
    let (status, line) = match fault {
        Fault::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "the request's body is too large",
        ),
        Fault::TooSlow => (
            StatusCode::REQUEST_TIMEOUT,
            "the request's body did not arrive in time",
        ),
        Fault::Cut => (StatusCode::BAD_REQUEST, "the request's body is not whole"),
    };
    text(status, line)
}

/// Hands the recorder to the body, which knows when the response ends.
pub fn seal(response: &mut Response<ResponseBody>, mut recorder: Recorder) {
    recorder.answered(response.status());
    fit(response, recorder.method(), Some(&recorder));
    response.body_mut().record_with(recorder);
}

/// Withholds the body where the method or the status has none; `recorder` is the request's, if it is
/// recorded.
pub fn fit(response: &mut Response<ResponseBody>, method: &Method, recorder: Option<&Recorder>) {
    let is_head = method == Method::HEAD;
    let has_none = matches!(
        response.status(),
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
    );
    if is_head
        && !has_none
        && let Some(length) = response.body().whole()
    {
        // HEAD is told what GET would be.
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    if is_head || has_none {
        response.body_mut().withhold(recorder);
    }
}
