//! What each method does to a bucket and to the list of buckets.

use crate::body::{self, BodyError};
use crate::bucket_id::{BucketId, InvalidId};
use crate::buckets::Buckets;
use crate::listing::{InvalidLimit, PageQuery};
use crate::metrics;
use http::{Method, StatusCode};
use service::request;
use service::response::{self, Response};
use service::setting::{self, SettingError};
use spin_sdk::http::Request;
use spin_sdk::key_value;

const ALLOWED: &str = "DELETE, GET, HEAD, OPTIONS, PUT";
const BYTES: &str = "application/octet-stream";

/// Answers a request for the bucket whose id is the path's last `segment`.
pub(crate) async fn bucket(segment: &[u8], request: Request) -> Response {
    let id = match BucketId::from_segment(segment) {
        Ok(id) => id,
        Err(invalid) => return Refusal::from(invalid).into(),
    };
    let answer = match *request.method() {
        Method::GET | Method::HEAD => get(&id).await,
        Method::PUT => put(&id, request).await,
        Method::DELETE => delete(&id).await,
        Method::OPTIONS => Ok(response::options(ALLOWED)),
        _ => Ok(response::method_not_allowed(ALLOWED)),
    };
    answer.unwrap_or_else(Response::from)
}

/// Answers a request for the list of buckets.
pub(crate) async fn list(request: &Request) -> Response {
    if let Some(refusal) = request::unless_read(request.method()) {
        return refusal;
    }
    let query = request.uri().query().unwrap_or_default();
    page(query).await.unwrap_or_else(Response::from)
}

async fn page(query: &str) -> Result<Response, Refusal> {
    let query = PageQuery::parse(query)?;
    let page = Buckets::open().await?.list(query).await?;
    Ok(response::json(StatusCode::OK, &page))
}

async fn get(id: &BucketId) -> Result<Response, Refusal> {
    Ok(match Buckets::open().await?.get(id).await? {
        Some(contents) => response::content(StatusCode::OK, BYTES, contents),
        None => response::not_found(),
    })
}

async fn put(id: &BucketId, request: Request) -> Result<Response, Refusal> {
    let limit = setting::bytes("max_bucket_bytes").await?;
    let contents = body::read(request.into_body(), limit).await?;
    Buckets::open().await?.put(id, &contents).await?;
    metrics::written(contents.len());
    Ok(response::empty(StatusCode::OK))
}

async fn delete(id: &BucketId) -> Result<Response, Refusal> {
    if !Buckets::open().await?.remove(id).await? {
        return Ok(response::not_found());
    }
    metrics::removed();
    Ok(response::empty(StatusCode::NO_CONTENT))
}

/// Why a request is not carried out.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Id(#[from] InvalidId),
    #[error(transparent)]
    Limit(#[from] InvalidLimit),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("the store failed")]
    Store(#[from] key_value::Error),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Id(InvalidId::Slash) => StatusCode::NOT_FOUND,
            Self::Id(_) | Self::Limit(_) | Self::Body(BodyError::Incomplete) => {
                StatusCode::BAD_REQUEST
            }
            Self::Body(BodyError::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Setting(_) | Self::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        if let Refusal::Store(error) = &refusal {
            eprintln!("store: {error}");
        }
        response::error(refusal.status(), &refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(refusal: impl Into<Refusal>) -> u16 {
        refusal.into().status().as_u16()
    }

    #[test]
    fn a_refusal_has_the_status_of_its_cause() {
        assert_eq!(status(InvalidId::Slash), 404);
        assert_eq!(status(InvalidId::TooLong), 400);
        assert_eq!(status(InvalidId::ControlCharacter), 400);
        assert_eq!(status(InvalidLimit), 400);
        assert_eq!(status(BodyError::Incomplete), 400);
        assert_eq!(status(BodyError::TooLarge(1)), 413);
        assert_eq!(status(key_value::Error::AccessDenied), 500);
    }

    #[test]
    fn an_error_of_the_store_is_not_shown_to_the_client() {
        let error = key_value::Error::Other("disk /dev/sda is on fire".into());
        let response = Response::from(Refusal::from(error));
        let body = format!("{:?}", response.body());
        assert!(
            body.contains("the store failed") && !body.contains("/dev/sda"),
            "{body}"
        );
    }
}
