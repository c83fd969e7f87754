//! Sends the request's body back, part by part as it comes.

use p2::{Body, IncomingRequest, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().expect("the request's one body");
    let stream = incoming.stream().expect("the body's one stream");
    let response = Body::begin(out, 200, "application/octet-stream");
    if p2::read(&stream, |part| response.write(part)).is_ok() {
        response.finish();
    }
}
