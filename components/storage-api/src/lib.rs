//! Buckets of bytes by id, kept in the key-value store `default`.
//!
//! `/api/buckets/:id` takes PUT, GET, HEAD and DELETE of one bucket; `/api/buckets` lists the ids.
//! The manifest's routes tell the two apart: the host gives the id in `spin-path-match-id`.

mod body;
mod bucket_id;
mod buckets;
mod handler;
mod listing;
mod metrics;

use service::response::Response;
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Response {
    match request.headers().get("spin-path-match-id").cloned() {
        Some(id) => handler::bucket(id.as_bytes(), request).await,
        None => handler::list(&request).await,
    }
}
