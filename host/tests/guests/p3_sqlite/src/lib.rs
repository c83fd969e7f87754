//! Opens an SQLite database, which Spin has and Weir does not.

use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::sqlite::Connection;

#[http_service]
async fn handle(_request: Request) -> impl IntoResponse {
    let opened = Connection::open_default().await;
    format!("{}", opened.is_ok())
}
