//! `fermyon:spin/key-value@2.0.0`, on the store `store`.
//!
//! The path's last segment says what is done: `open`, `get`, `set`, `delete` and `exists` of `key`
//! (`set` to `value` or, without it, to the request's body), or `keys`, one a line. A key that is
//! not there is answered as the error `None`.

use bindings::fermyon::spin::key_value::Store;
use p2::{IncomingRequest, Outcome, ResponseOutparam};

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    p2::outcome(out, run(&request));
}

fn run(request: &IncomingRequest) -> Outcome {
    let target = p2::target(request);
    let key = target.text("key");
    let store = Store::open(target.text("store")).map_err(p2::error_name)?;
    let done = match target.operation() {
        "open" => Ok(b"ok".to_vec()),
        "get" => return store.get(key).map_err(p2::error_name)?.ok_or("None".into()),
        "set" => match target.text("value") {
            "" => store.set(key, &p2::body(request)),
            value => store.set(key, value.as_bytes()),
        }
        .map(|()| b"ok".to_vec()),
        "delete" => store.delete(key).map(|()| b"ok".to_vec()),
        "exists" => store
            .exists(key)
            .map(|exists| exists.to_string().into_bytes()),
        "keys" => store.get_keys().map(|keys| keys.join("\n").into_bytes()),
        other => return Err(format!("no operation {other}")),
    };
    done.map_err(p2::error_name)
}
