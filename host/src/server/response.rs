//! Responses that the host gives itself.

use super::admission::Rejection;
use super::body::ResponseBody;
use crate::engine::failure::Failure;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

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
