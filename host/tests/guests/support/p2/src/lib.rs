//! What the guests at WASI 0.2 share, over `wasi:http` as it is.

pub use request::{Outcome, Target, Url, error_name};
pub use wasip2;
pub use wasip2::http::types::{ErrorCode, IncomingRequest, ResponseOutparam};

use wasip2::http::types::{Fields, IncomingBody, OutgoingBody, OutgoingResponse};
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

/// Exports a `fn(IncomingRequest, ResponseOutparam)` as the component's handler.
#[macro_export]
macro_rules! handler {
    ($handle:path) => {
        struct Component;

        impl $crate::wasip2::exports::http::incoming_handler::Guest for Component {
            fn handle(request: $crate::IncomingRequest, out: $crate::ResponseOutparam) {
                $handle(request, out)
            }
        }

        $crate::wasip2::http::proxy::export!(Component);
    };
}

/// What the request asks for.
pub fn target(request: &IncomingRequest) -> Target {
    Target::parse(&request.path_with_query().unwrap_or_default())
}

/// The body of a response whose head has been sent. If it is dropped before it is finished, the
/// host breaks the response off.
pub struct Body {
    // Before the body, because the host wants it dropped first.
    stream: OutputStream,
    body: OutgoingBody,
}

impl Body {
    /// Sends the head of a response.
    pub fn begin(out: ResponseOutparam, status: u16, kind: &str) -> Self {
        let headers = Fields::new();
        headers
            .append("content-type", kind.as_bytes())
            .expect("a valid header");
        let response = OutgoingResponse::new(headers);
        response.set_status_code(status).expect("a valid status");
        let body = response.body().expect("the response's one body");
        ResponseOutparam::set(out, Ok(response));
        let stream = body.write().expect("the body's one stream");
        Self { stream, body }
    }

    /// Sends a part of the body, and waits until the host has taken it. An error says that nobody
    /// wants more.
    pub fn write(&self, part: &[u8]) -> Result<(), StreamError> {
        // The most that one blocking write takes.
        part.chunks(4096)
            .try_for_each(|piece| self.stream.blocking_write_and_flush(piece))
    }

    /// Ends the body.
    pub fn finish(self) {
        drop(self.stream);
        // It fails only if the client has left.
        let _ = OutgoingBody::finish(self.body, None);
    }
}

/// Answers with the whole of a body.
pub fn answer(out: ResponseOutparam, status: u16, kind: &str, body: &[u8]) {
    let response = Body::begin(out, status, kind);
    // It fails only if the client has left.
    let _ = response.write(body);
    response.finish();
}

/// Answers with text.
pub fn text(out: ResponseOutparam, text: impl AsRef<[u8]>) {
    answer(out, 200, "text/plain", text.as_ref());
}

/// Answers with JSON.
pub fn json(out: ResponseOutparam, value: &serde_json::Value) {
    answer(out, 200, "application/json", value.to_string().as_bytes());
}

/// Answers with what became of an operation.
pub fn outcome(out: ResponseOutparam, outcome: Outcome) {
    match outcome {
        Ok(body) => text(out, body),
        Err(name) => answer(out, 500, "text/plain", name.as_bytes()),
    }
}

/// Calls `take` with each part of a stream, to its end, or until `take` or the stream fails.
pub fn read(
    stream: &InputStream,
    mut take: impl FnMut(&[u8]) -> Result<(), StreamError>,
) -> Result<(), StreamError> {
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(part) => take(&part)?,
            Err(StreamError::Closed) => return Ok(()),
            Err(failed) => return Err(failed),
        }
    }
}

/// The whole of a body.
pub fn whole(body: &IncomingBody) -> Vec<u8> {
    let stream = body.stream().expect("the body's one stream");
    let mut whole = Vec::new();
    let read = read(&stream, |part| {
        whole.extend_from_slice(part);
        Ok(())
    });
    read.expect("a body that is not cut short");
    whole
}

/// The whole of a request's body.
pub fn body(request: &IncomingRequest) -> Vec<u8> {
    whole(&request.consume().expect("the request's one body"))
}
