//! `wasi:config/store@0.2.0-draft-2024-09-27`: `get` answers with the value of `name`, `all` with
//! every name and value, `name=value` a line. A name that is not there is answered as the error
//! `None`.

use bindings::wasi::config::store::{get, get_all};
use p2::{IncomingRequest, Outcome, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    p2::outcome(out, run(&request));
}

fn run(request: &IncomingRequest) -> Outcome {
    let target = p2::target(request);
    match target.operation() {
        "get" => {
            let value = get(target.text("name")).map_err(p2::error_name)?;
            value.map(String::into_bytes).ok_or("None".into())
        }
        "all" => get_all()
            .map(|all| lines(&all).into_bytes())
            .map_err(p2::error_name),
        other => Err(format!("no operation {other}")),
    }
}

fn lines(all: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| format!("{name}={value}");
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}
