//! Answers with the request as JSON: method, scheme, authority, path_with_query, headers.

use p2::wasip2::http::types::{Method, Scheme};
use p2::{IncomingRequest, ResponseOutparam};
use serde_json::json;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let headers = request.headers().entries();
    let headers = headers
        .iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(value)));
    let info = json!({
        "method": method(request.method()),
        "scheme": request.scheme().map(scheme),
        "authority": request.authority(),
        "path_with_query": request.path_with_query(),
        "headers": headers.collect::<Vec<_>>(),
    });
    p2::json(out, &info);
}

fn method(method: Method) -> String {
    match method {
        Method::Other(other) => other,
        known => p2::error_name(known).to_uppercase(),
    }
}

fn scheme(scheme: Scheme) -> String {
    match scheme {
        Scheme::Http => "http".to_owned(),
        Scheme::Https => "https".to_owned(),
        Scheme::Other(other) => other,
    }
}
