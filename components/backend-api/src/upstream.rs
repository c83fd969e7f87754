//! The external service: where it is, and what its answers become.
//!
//! No answer repeats the integration key, nor anything of what the service says when it fails:
//! only that it failed, and with which status.

use crate::environment::Environment;
use bytes::Bytes;
use http::{StatusCode, Uri};
use http_body_util::LengthLimitError;
use serde::de::IgnoredAny;
use service::response::{self, Response};
use spin_sdk::wasip3::http::types::ErrorCode;
use std::error::Error;

/// Why there are no logs.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the integration key is not one that can be sent")]
    InvalidKey,
    #[error("external logs are not an allowed host")]
    NotAllowed,
    #[error("external logs cannot be reached")]
    Unreachable,
    #[error("external logs did not answer in time")]
    Timeout,
    #[error("external logs answered with status {}", .0.as_u16())]
    Status(StatusCode),
    #[error("external logs broke off their answer")]
    Incomplete,
    #[error("external logs are too large")]
    TooLarge,
    #[error("external logs did not answer with JSON")]
    NotJson,
    #[error("external logs answered with the integration key")]
    RepeatsKey,
}

impl Failure {
    /// Why reading the body failed.
    pub(crate) fn of_body(error: Box<dyn Error + Send + Sync>) -> Self {
        if error.is::<LengthLimitError>() {
            return Self::TooLarge;
        }
        match error.downcast_ref::<ErrorCode>().map(Self::of_code) {
            Some(Self::Timeout) => Self::Timeout,
            _ => Self::Incomplete,
        }
    }

    fn of_code(code: &ErrorCode) -> Self {
        match code {
            ErrorCode::DnsTimeout
            | ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout => Self::Timeout,
            ErrorCode::HttpRequestDenied => Self::NotAllowed,
            _ => Self::Unreachable,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidKey => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::BAD_GATEWAY,
        }
    }
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        eprintln!("external logs: {code}");
        Self::of_code(&code)
    }
}

/// Where the logs are, for a service at `url`.
pub(crate) fn endpoint(url: &str) -> Option<Uri> {
    let uri: Uri = format!("{}/download_logs", url.trim_end_matches('/'))
        .parse()
        .ok()?;
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    (known && uri.authority().is_some() && uri.query().is_none()).then_some(uri)
}

/// The client's answer: the logs, if they are JSON and do not repeat `key`.
pub(crate) fn answer(logs: Result<Bytes, Failure>, key: &str) -> Response {
    match logs.and_then(|logs| check(logs, key)) {
        Ok(logs) => response::content(StatusCode::OK, response::JSON, logs),
        Err(failure) => response::error(failure.status(), &failure.to_string()),
    }
}

/// The client's answer if no key is set for `environment`: nothing is sent then.
pub(crate) fn key_not_configured(environment: Environment) -> Response {
    let message = format!(
        "integration key for {} is not configured",
        environment.name()
    );
    response::error(StatusCode::INTERNAL_SERVER_ERROR, &message)
}

fn check(logs: Bytes, key: &str) -> Result<Bytes, Failure> {
    if serde_json::from_slice::<IgnoredAny>(&logs).is_err() {
        return Err(Failure::NotJson);
    }
    match logs
        .windows(key.len())
        .any(|window| window == key.as_bytes())
    {
        true => Err(Failure::RepeatsKey),
        false => Ok(logs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> String {
        format!("{:?}", response.body())
    }

    #[test]
    fn the_endpoint_lies_below_the_url() {
        let at = |url| endpoint(url).map(|uri| uri.to_string());
        let expected = Some("http://external-logs.spin.internal/download_logs".to_owned());
        assert_eq!(at("http://external-logs.spin.internal"), expected);
        assert_eq!(at("http://external-logs.spin.internal/"), expected);
        assert_eq!(
            at("https://h:8443/v1"),
            Some("https://h:8443/v1/download_logs".to_owned())
        );
    }

    #[test]
    fn what_is_no_http_url_has_no_endpoint() {
        for url in [
            "",
            "logs",
            "/logs",
            "ftp://logs",
            "http://",
            "http://h/?a=b",
        ] {
            assert_eq!(endpoint(url), None, "{url}");
        }
    }

    #[test]
    fn json_is_passed_on_as_it_came() {
        let response = answer(Ok(Bytes::from_static(b"{\"a\": [1]}")), "key");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert!(body(&response).contains(r#"{\"a\": [1]}"#));
    }

    #[test]
    fn what_is_not_json_is_a_bad_gateway() {
        for logs in ["", "<html>", "{\"a\": 1", "{} {}"] {
            let response = answer(Ok(Bytes::from_static(logs.as_bytes())), "key");
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{logs}");
            assert!(body(&response).contains("did not answer with JSON"));
        }
    }

    #[test]
    fn an_answer_that_repeats_the_key_is_not_passed_on() {
        let response = answer(
            Ok(Bytes::from_static(b"{\"seen\": \"Bearer s3cret\"}")),
            "s3cret",
        );
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert!(!body(&response).contains("s3cret"));
    }

    #[test]
    fn a_failing_service_is_a_bad_gateway_that_names_the_status() {
        let response = answer(Err(Failure::Status(StatusCode::FORBIDDEN)), "key");
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        assert!(body(&response).contains("answered with status 403"));
    }

    #[test]
    fn a_slow_service_is_a_gateway_timeout() {
        for code in [ErrorCode::ConnectionTimeout, ErrorCode::HttpResponseTimeout] {
            let response = answer(Err(code.into()), "key");
            assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        }
        let response = answer(Err(Failure::Timeout), "key");
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    }

    #[test]
    fn a_service_that_cannot_be_reached_is_a_bad_gateway() {
        for code in [ErrorCode::ConnectionRefused, ErrorCode::HttpRequestDenied] {
            let response = answer(Err(code.into()), "key");
            assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        }
    }

    #[test]
    fn a_body_that_is_too_large_is_told_from_one_that_broke_off() {
        assert_eq!(
            Failure::of_body(Box::new(ErrorCode::ConnectionTerminated)),
            Failure::Incomplete
        );
        assert_eq!(
            Failure::of_body(Box::new(ErrorCode::ConnectionReadTimeout)),
            Failure::Timeout
        );
        let limited = http_body_util::Limited::new(http_body_util::Full::new(Bytes::from("ab")), 1);
        let collected = http_body_util::BodyExt::collect(limited);
        let error = futures_util::FutureExt::now_or_never(collected)
            .unwrap()
            .unwrap_err();
        assert_eq!(Failure::of_body(error), Failure::TooLarge);
    }

    #[test]
    fn a_missing_key_is_told_by_its_environment() {
        let response = key_not_configured(Environment::Staging);
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body(&response).contains("integration key for staging is not configured"));
    }
}
