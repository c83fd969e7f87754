//! The command line, as a person or a script meets it.

mod build;
mod check;
mod component_id;
mod errors;
mod help;
mod options;
mod precedence;
mod watch;

use std::path::Path;
use std::process::{Command, Stdio};

/// How a command ended.
#[derive(Debug)]
struct Done {
    status: i32,
    out: String,
    err: String,
}

/// Runs `weir` in `folder` with these arguments and variables.
fn weir(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command.args(args).envs(env.iter().copied());
    let output = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done {
        status: output.status.code().unwrap(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// Both ways to say something: by a flag, and by its variable.
const FLAG_AND_VARIABLE: [bool; 2] = [true, false];
