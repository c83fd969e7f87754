//! What Spin's templates do, by spin-sdk 5 at WASI 0.2. The path's last segment says which:
//! `visits` counts in a key-value store, `setting` answers with a variable, `upstream` with what
//! another component answers, `page` with a file; anything else greets the route's `:user`.

#![expect(unsafe_code, reason = "generated, as exports need it")]

use spin_sdk::http::{IntoResponse, Request, Response};
use spin_sdk::http_component;
use spin_sdk::key_value::Store;
use spin_sdk::variables;
use std::error::Error;

#[http_component]
async fn handle(request: Request) -> Result<impl IntoResponse, Box<dyn Error>> {
    let answer = match request.path().rsplit('/').next() {
        Some("visits") => visits()?,
        Some("setting") => variables::get("word")?,
        Some("upstream") => upstream().await?,
        Some("page") => std::fs::read_to_string("/page.txt")?,
        _ => format!("Hello, {}", user(&request)),
    };
    Ok(Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .body(answer)
        .build())
}

fn visits() -> Result<String, Box<dyn Error>> {
    let store = Store::open_default()?;
    let before = store.get("visits")?.unwrap_or_else(|| b"0".to_vec());
    let visits = String::from_utf8(before)?.parse::<u64>()? + 1;
    store.set("visits", visits.to_string().as_bytes())?;
    Ok(visits.to_string())
}

async fn upstream() -> Result<String, Box<dyn Error>> {
    let request = Request::get("http://p3-hello.spin.internal/").build();
    let response: Response = spin_sdk::http::send(request).await?;
    Ok(String::from_utf8(response.into_body())?)
}

fn user(request: &Request) -> &str {
    let header = request.header("spin-path-match-user");
    header.and_then(|user| user.as_str()).unwrap_or("nobody")
}
