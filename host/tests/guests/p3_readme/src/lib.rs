//! Greets: the component that the README shows.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    format!("Hello, {}\n", request.uri().path())
}
