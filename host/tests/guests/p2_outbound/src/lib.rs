//! Sends a request to `url` with the method `method` and its own request's body; answers with the
//! status, headers and body of the response as JSON, or with the error code's name as `error`.

use p2::wasip2::http::outgoing_handler;
use p2::wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme,
};
use p2::{IncomingRequest, ResponseOutparam, Target, Url};
use serde_json::{Value, json};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let target = p2::target(&request);
    let answer = match send(&target, &p2::body(&request)) {
        Ok(response) => describe(&response),
        Err(code) => json!({ "error": p2::error_name(code) }),
    };
    p2::json(out, &answer);
}

fn send(target: &Target, contents: &[u8]) -> Result<IncomingResponse, ErrorCode> {
    let request = build(target);
    let body = request.body().expect("the request's one body");
    let response = outgoing_handler::handle(request, None)?;
    if !contents.is_empty() {
        let stream = body.write().expect("the body's one stream");
        // What fails here shows in the response.
        let _ = contents
            .chunks(4096)
            .try_for_each(|part| stream.blocking_write_and_flush(part));
    }
    OutgoingBody::finish(body, None)?;
    response.subscribe().block();
    response
        .get()
        .expect("an answer after the wait")
        .expect("the one answer")
}

fn build(target: &Target) -> OutgoingRequest {
    let url = Url::parse(target.text("url"));
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_method(&method(target.text("method")))
        .expect("a valid method");
    request
        .set_scheme(Some(&scheme(url.scheme)))
        .expect("a valid scheme");
    request
        .set_authority(Some(url.authority))
        .expect("a valid authority");
    request
        .set_path_with_query(Some(url.path_with_query))
        .expect("a valid path");
    request
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

fn describe(response: &IncomingResponse) -> Value {
    let headers = response.headers().entries();
    let headers = headers
        .iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(value)));
    let body = response.consume().expect("the response's one body");
    let whole = p2::whole(&body);
    json!({
        "status": response.status(),
        "headers": headers.collect::<Vec<_>>(),
        "body": String::from_utf8_lossy(&whole),
    })
}
