//! Fetches the external logs of an environment.
//!
//! The wait for them is bounded as a whole, from the first byte sent to the last one received.

use crate::environment::Environment;
use crate::upstream::{self, Failure};
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt as _, Collected, Limited};
use service::response::{self, Response};
use service::setting::{self, SettingError};
use spin_sdk::http::EmptyBody;
use spin_sdk::time::sleep;
use std::pin::pin;

/// The most bytes of logs that are passed on.
const MAX_LOGS: usize = 1 << 20;

/// Answers with the logs of the environment that `query` names.
pub(crate) async fn handle(query: Option<&str>) -> Response {
    match Environment::from_query(query.unwrap_or_default()) {
        Some(environment) => download(environment).await.unwrap_or_else(Response::from),
        None => response::error(StatusCode::BAD_REQUEST, "Invalid environment"),
    }
}

async fn download(environment: Environment) -> Result<Response, SettingError> {
    let key = setting::text(environment.key_variable()).await?;
    if key.is_empty() {
        return Ok(upstream::key_not_configured(environment));
    }
    let endpoint = endpoint().await?;
    let fetched = pin!(fetch(endpoint, &key));
    let timeout = pin!(sleep(
        setting::seconds("external_logs_timeout_seconds").await?
    ));
    let logs = match select(fetched, timeout).await {
        Either::Left((logs, _)) => logs,
        Either::Right(_) => Err(Failure::Timeout),
    };
    Ok(upstream::answer(logs, &key))
}

async fn endpoint() -> Result<Uri, SettingError> {
    let (name, wanted) = ("external_logs_url", "an http or https URL");
    let url = setting::text(name).await?;
    upstream::endpoint(&url).ok_or(SettingError::Invalid { name, wanted })
}

async fn fetch(endpoint: Uri, key: &str) -> Result<Bytes, Failure> {
    let response = spin_sdk::http::send(request(endpoint, key)?).await?;
    match response.status() {
        status if status.is_success() => {
            let body = Limited::new(response.into_body(), MAX_LOGS).collect().await;
            body.map(Collected::to_bytes).map_err(Failure::of_body)
        }
        status => Err(Failure::Status(status)),
    }
}

fn request(endpoint: Uri, key: &str) -> Result<http::Request<EmptyBody>, Failure> {
    let mut authorization =
        HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| Failure::InvalidKey)?;
    authorization.set_sensitive(true);
    let mut request = http::Request::new(EmptyBody::new());
    *request.uri_mut() = endpoint;
    request.headers_mut().insert(AUTHORIZATION, authorization);
    Ok(request)
}
