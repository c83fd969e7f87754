//! `GET` of its route: work that takes a while, then a message to the log directory.
//! `GET` of `download_external_logs?env=ENVIRONMENT` below it: the logs of the external service.

mod download;
mod environment;
mod route;
mod upstream;

use route::Route;
use service::request;
use service::response::{self, Response};
use spin_sdk::http::Request;
use spin_sdk::http_service;

#[http_service]
async fn handle(request: Request) -> Response {
    let route = Route::of(request.headers(), request.uri());
    if route == Route::NotFound {
        return response::not_found();
    }
    if let Some(refusal) = request::unless_read(request.method()) {
        return refusal;
    }
    match route {
        Route::DownloadExternalLogs => download::handle(request.uri().query()).await,
        _ => log_message::handle().await,
    }
}
