//! Prints `out` to standard output and `err` to standard error, with nothing added.

use p2::{IncomingRequest, ResponseOutparam, Target};
use std::io::Write as _;

p2::handler!(handle);

fn handle(request: IncomingRequest, out: ResponseOutparam) {
    print(&p2::target(&request));
    p2::text(out, "Printed");
}

fn print(target: &Target) {
    print!("{}", target.text("out"));
    eprint!("{}", target.text("err"));
    // Without it, what has no line feed at its end would stay in the guest.
    std::io::stdout().flush().expect("standard output");
}
