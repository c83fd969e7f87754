//! What Spin's templates do, by spin-sdk 5 at WASI 0.2. The path's last segment says which:
//! `visits` counts in a key-value store, `setting` answers with a variable, `upstream` with what
//! another component answers, `network` with what the address in the header `url` answers, `page`
//! with a file; anything else greets the route's `:user`.

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
        Some("upstream") => get("http://p3-hello.spin.internal/").await?,
        Some("network") => get(header(&request, "url").ok_or("no address")?).await?,
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

async fn get(url: &str) -> Result<String, Box<dyn Error>> {
    let request = Request::get(url).build();
    let response: Response = spin_sdk::http::send(request).await?;
    Ok(String::from_utf8(response.into_body())?)
}

fn user(request: &Request) -> &str {
    header(request, "spin-path-match-user").unwrap_or("nobody")
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.header(name)?.as_str()
}
