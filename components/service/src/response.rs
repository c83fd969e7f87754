//! Answers in the form that all services give them.
//!
//! Every answer is held as a whole, so each says its length; to HEAD, a handler gives what it
//! would give to GET, and the host keeps the body back. Errors are JSON, `{"error":"..."}`.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

/// An answer with its whole body.
pub type Response = http::Response<Full<Bytes>>;

/// The media type of errors and of other structured answers.
pub const JSON: &str = "application/json";

/// An answer with a body of the media type `kind`.
pub fn content(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = empty(status);
    let body = body.into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    *response.body_mut() = Full::new(body);
    response
}

/// An answer with a JSON body, ended by a line feed.
pub fn json(status: StatusCode, value: &Value) -> Response {
    content(status, JSON, format!("{value}\n"))
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(0));
    }
    response
}

/// An answer that says what went wrong.
pub fn error(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "error": message }))
}

/// There is nothing under this path.
pub fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "not found")
}

/// The path has no work for the method; `allowed` are those it has, as `Allow` lists them.
pub fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The answer to OPTIONS.
pub fn options(allowed: &'static str) -> Response {
    let mut response = empty(StatusCode::NO_CONTENT);
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
        response
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap())
    }

    #[test]
    fn an_error_is_json_and_ends_with_a_line_feed() {
        let response = error(StatusCode::NOT_FOUND, "say \"what\"");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(header(&response, "content-type"), Some("application/json"));
        assert_eq!(header(&response, "content-length"), Some("25"));
        let body = format!("{:?}", response.body());
        assert!(
            body.contains(r#"{\"error\":\"say \\\"what\\\"\"}\n"#),
            "{body}"
        );
    }

    #[test]
    fn a_refused_method_is_told_which_are_allowed() {
        let response = method_not_allowed("GET, HEAD, OPTIONS");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&response, "allow"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(header(&response, "content-type"), Some("application/json"));
    }

    #[test]
    fn only_an_answer_that_may_have_a_body_says_its_length() {
        assert_eq!(header(&empty(StatusCode::OK), "content-length"), Some("0"));
        let options = options("GET, HEAD, OPTIONS");
        assert_eq!(options.status(), StatusCode::NO_CONTENT);
        assert_eq!(header(&options, "content-length"), None);
    }
}
