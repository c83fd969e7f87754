//! `GET /download_logs`: log lines, for who sends an integration key as a bearer token.
//!
//! It stands in for a service of someone else's, so that fetching external logs can be tried
//! without one. Its route is private: only other components of the app reach it.

mod authorization;
mod logs;

use authorization::Keys;
use http::StatusCode;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue};
use service::request;
use service::response::{self, Response};
use service::setting::{self, SettingError};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Response {
    if request.uri().path() != "/download_logs" {
        return response::not_found();
    }
    match request::unless_read(request.method()) {
        Some(refusal) => refusal,
        None => download(request.headers())
            .await
            .unwrap_or_else(Response::from),
    }
}

async fn download(headers: &HeaderMap) -> Result<Response, SettingError> {
    let keys = Keys {
        development: setting::text("dev_integration_key").await?,
        staging: setting::text("staging_integration_key").await?,
        production: setting::text("prod_integration_key").await?,
    };
    let token = headers
        .get(AUTHORIZATION)
        .and_then(authorization::bearer_token);
    Ok(match token.and_then(|token| keys.environment_of(token)) {
        Some(environment) => response::json(StatusCode::OK, &logs::of(environment)),
        None => unauthorized(),
    })
}

fn unauthorized() -> Response {
    let mut response = response::error(StatusCode::UNAUTHORIZED, "unauthorized");
    response
        .headers_mut()
        .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
