//! Answers with the request as JSON: method, scheme, authority, path_with_query, headers.

use p3::wasip3::http::types::{Method, Scheme};
use p3::{ErrorCode, Request, Response};
use serde_json::json;

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    let headers = request.get_headers().copy_all();
    let headers = headers
        .iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(value)));
    Ok(p3::json(&json!({
        "method": method(request.get_method()),
        "scheme": request.get_scheme().map(scheme),
        "authority": request.get_authority(),
        "path_with_query": request.get_path_with_query(),
        "headers": headers.collect::<Vec<_>>(),
    })))
}

fn method(method: Method) -> String {
    match method {
        Method::Other(other) => other,
        known => p3::error_name(known).to_uppercase(),
    }
}

fn scheme(scheme: Scheme) -> String {
    match scheme {
        Scheme::Http => "http".to_owned(),
        Scheme::Https => "https".to_owned(),
        Scheme::Other(other) => other,
    }
}
