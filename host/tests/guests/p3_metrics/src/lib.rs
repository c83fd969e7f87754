//! `weir:platform/metrics`, as the path and the query say.

use p3::{ErrorCode, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    Ok(p3::outcome(bindings::metrics::run(&p3::target(&request))))
}
