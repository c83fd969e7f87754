//! What Spin's templates do, by spin-sdk 7 at WASI 0.3. The path's last segment says which:
//! `visits` counts in a key-value store, `setting` answers with a variable, `upstream` with what
//! another component answers, `network` with what the address in the header `url` answers, `page`
//! with a file; anything else greets the route's `:user`.

use spin_sdk::http::body::IncomingBodyExt as _;
use spin_sdk::http::{self, IntoResponse, Request};
use spin_sdk::http_service;
use spin_sdk::key_value::Store;
use spin_sdk::variables;

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    match request.uri().path().rsplit('/').next() {
        Some("visits") => visits().await,
        Some("setting") => variables::get("word").await.expect("a variable"),
        Some("upstream") => get("http://p3-hello.spin.internal/").await,
        Some("network") => get(header(&request, "url").expect("an address")).await,
        Some("page") => std::fs::read_to_string("/page.txt").expect("a file"),
        _ => format!("Hello, {}", user(&request)),
    }
}

async fn visits() -> String {
    let store = Store::open_default().await.expect("the default store");
    let before = store.get("visits").await.expect("what is stored");
    let before = before.map_or(0, |bytes| {
        String::from_utf8_lossy(&bytes).parse().unwrap_or(0)
    });
    let visits: u64 = before + 1;
    let written = store.set("visits", visits.to_string()).await;
    written.expect("to be stored");
    visits.to_string()
}

async fn get(url: &str) -> String {
    let response = http::get(url).await;
    let body = response.expect("an answer").into_body();
    let bytes = body.bytes().await.expect("a whole body");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn user(request: &Request) -> &str {
    header(request, "spin-path-match-user").unwrap_or("nobody")
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers().get(name)?.to_str().ok()
}
