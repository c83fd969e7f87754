//! What the guests at WASI 0.3 share, over `wasi:http` as it is.

pub use request::{Outcome, Target, Url, error_name};
pub use wasip3;
pub use wasip3::http::types::{ErrorCode, Request, Response, Trailers};
pub use wasip3::spawn;
pub use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter};

use wasip3::http::types::Fields;
use wasip3::{wit_future, wit_stream};

/// Exports an `async fn(Request) -> Result<Response, ErrorCode>` as the component's handler.
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        struct Component;

        impl $crate::wasip3::exports::http::handler::Guest for Component {
            async fn handle(
                request: $crate::Request,
            ) -> Result<$crate::Response, $crate::ErrorCode> {
                $handle(request).await
            }
        }

        $crate::wasip3::http::service::export!(Component);
    };
}

/// What the request asks for.
pub fn target(request: &Request) -> Target {
    Target::parse(&request.get_path_with_query().unwrap_or_default())
}

/// What follows a body: trailers, or why the body is not whole.
pub type End = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// An end without trailers.
pub fn end() -> End {
    let (_, end) = wit_future::new(|| Ok(None));
    end
}

/// The head of a response and, where there is one, the stream that its body comes from.
pub fn respond(status: u16, kind: &str, body: Option<StreamReader<u8>>, end: End) -> Response {
    let headers = Fields::new();
    headers
        .append("content-type", kind.as_bytes())
        .expect("a valid header");
    let (response, _sent) = Response::new(headers, body, end);
    response.set_status_code(status).expect("a valid status");
    response
}

/// A response of text, and the writer of its body; the body ends when the writer is dropped.
pub fn begin() -> (StreamWriter<u8>, Response) {
    let (writer, reader) = wit_stream::new();
    (writer, respond(200, "text/plain", Some(reader), end()))
}

/// A response with the whole of a body.
pub fn answer(status: u16, kind: &str, body: Vec<u8>) -> Response {
    let (mut writer, reader) = wit_stream::new();
    spawn(async move {
        writer.write_all(body).await;
    });
    respond(status, kind, Some(reader), end())
}

/// A response of text.
pub fn text(text: impl Into<Vec<u8>>) -> Response {
    answer(200, "text/plain", text.into())
}

/// A response of JSON.
pub fn json(value: &serde_json::Value) -> Response {
    answer(200, "application/json", value.to_string().into_bytes())
}

/// A response that tells what became of an operation.
pub fn outcome(outcome: Outcome) -> Response {
    match outcome {
        Ok(body) => text(body),
        Err(name) => answer(500, "text/plain", name.into_bytes()),
    }
}

/// The body of a request, and its end.
pub fn body(request: Request) -> (StreamReader<u8>, End) {
    let (_, taken) = wit_future::new(|| Ok(()));
    Request::consume_body(request, taken)
}

/// The whole of a request's body; an error if it is cut short.
pub async fn whole(request: Request) -> Result<Vec<u8>, ErrorCode> {
    let (body, end) = body(request);
    let whole = body.collect().await;
    end.await.map(|_trailers| whole)
}
