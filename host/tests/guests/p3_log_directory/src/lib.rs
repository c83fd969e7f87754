//! `weir:platform/log-directory`: `entry` writes the request's body and answers the entry's name;
//! `line` appends `line` to the log `log`.

use bindings::weir::platform::log_directory::{append_line, write_entry};
use p3::{ErrorCode, Outcome, Request, Response};

p3::handler!(handle);

async fn handle(request: Request) -> Result<Response, ErrorCode> {
    Ok(p3::outcome(run(request).await))
}

async fn run(request: Request) -> Outcome {
    let target = p3::target(&request);
    let body = p3::whole(request).await.map_err(p3::error_name)?;
    let done = match target.operation() {
        "entry" => write_entry(body).await.map(String::into_bytes),
        "line" => {
            let (log, line) = (
                target.text("log").to_owned(),
                target.text("line").to_owned(),
            );
            append_line(log, line).await.map(|()| b"ok".to_vec())
        }
        other => return Err(format!("no operation {other}")),
    };
    done.map_err(p3::error_name)
}
