//! `weir:platform/log-directory-sync`: `entry` writes the request's body and answers the entry's
//! name; `line` appends `line` to the log `log`.

use bindings::weir::platform::log_directory_sync::{append_line, write_entry};
use p2::{IncomingRequest, Outcome, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    p2::outcome(out, run(&request));
}

fn run(request: &IncomingRequest) -> Outcome {
    let target = p2::target(request);
    let done = match target.operation() {
        "entry" => write_entry(&p2::body(request)).map(String::into_bytes),
        "line" => append_line(target.text("log"), target.text("line")).map(|()| b"ok".to_vec()),
        other => return Err(format!("no operation {other}")),
    };
    done.map_err(p2::error_name)
}
