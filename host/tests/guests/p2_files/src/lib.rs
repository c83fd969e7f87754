//! Reads the file `path`, or tries to write the file `write`; answers its contents, `written`, or
//! the error's name.

use p2::{IncomingRequest, ResponseOutparam};
use std::fs;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    let target = p2::target(&request);
    let done = match target.text("write") {
        "" => fs::read(target.text("path")),
        path => fs::write(path, "written by a guest").map(|()| b"written".to_vec()),
    };
    p2::outcome(out, done.map_err(|error| p2::error_name(error.kind())));
}
