//! Sends a request to `url` with the method `method` and its own request's body; answers with the
//! status, headers and body of the response as JSON, or with the error code's name as `error`.

use p3::wasip3::http::client;
use p3::wasip3::http::types::{Fields, Method, Scheme};
use p3::wasip3::wit_future;
use p3::{ErrorCode, Request, Response, Url};
use serde_json::{Value, json};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let outgoing = build(request);
    let answer = match send(outgoing).await {
        Ok(answer) => answer,
        Err(code) => json!({ "error": p3::error_name(code) }),
    };
    Ok(p3::json(&answer))
}

/// The request to send; its body comes straight from `request`.
fn build(request: Request) -> Request {
    let target = p3::target(&request);
    let url = Url::parse(target.text("url"));
    let (body, end) = p3::body(request);
    let (outgoing, _sent) = Request::new(Fields::new(), Some(body), end, None);
    outgoing
        .set_method(&method(target.text("method")))
        .expect("a valid method");
    outgoing
        .set_scheme(Some(&scheme(url.scheme)))
        .expect("a valid scheme");
    outgoing
        .set_authority(Some(url.authority))
        .expect("a valid authority");
    outgoing
        .set_path_with_query(Some(url.path_with_query))
        .expect("a valid path");
    outgoing
}

async fn send(request: Request) -> Result<Value, ErrorCode> {
    let response = client::send(request).await?;
    let status = response.get_status_code();
    let headers = response.get_headers().copy_all();
    let headers = headers
        .iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(value)));
    let headers: Vec<_> = headers.collect();
    let (_, taken) = wit_future::new(|| Ok(()));
    let (body, end) = Response::consume_body(response, taken);
    let body = body.collect().await;
    end.await?;
    let body = String::from_utf8_lossy(&body);
    Ok(json!({ "status": status, "headers": headers, "body": body }))
}

fn method(name: &str) -> Method {
    match name {
        "" | "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        other => Method::Other(other.to_owned()),
    }
}

fn scheme(name: &str) -> Scheme {
    match name {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    }
}
