//! `GET` of its route: work that takes a while, then a message to the log directory.

use service::request;
use service::response::{self, Response};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Response {
    if !request::path(request.headers(), request.uri()).is_empty() {
        return response::not_found();
    }
    match request::unless_read(request.method()) {
        Some(refusal) => refusal,
        None => log_message::handle().await,
    }
}
