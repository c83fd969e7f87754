//! Answers with the variable `name`, by `spin:variables@3.0.0` and spin-sdk.

use p3::{Response, Target};
use spin_sdk::http::Request;
use spin_sdk::{http_service, variables};

#[http_service]
async fn handle(request: Request) -> Response {
    let target = Target::parse(
        request
            .uri()
            .path_and_query()
            .map_or("", |both| both.as_str()),
    );
    let value = variables::get(target.text("name")).await;
    p3::outcome(value.map(String::into_bytes).map_err(p3::error_name))
}
