//! Commands by `weir run`, and log directories by `weir logs`.

mod compile;
mod health_check;
mod run;
mod traffic;

use crate::harness::app::App;
use crate::harness::root;
use std::path::Path;

/// The commands of this project, with their own manifest.
fn commands() -> App {
    let folder = root();
    let manifest = std::fs::read_to_string(folder.join("commands.toml"));
    App::of(manifest.unwrap()).args(["--app-dir", folder.to_str().unwrap()])
}

/// Exit status and output of the command `name` with these variables, which keeps its state in
/// `state`.
async fn run(name: &str, variables: &[(&str, &str)], state: &Path) -> (i32, String) {
    let app = commands().args(["--state-dir", state.to_str().unwrap()]);
    let app = variables.iter().fold(app, |app, (variable, value)| {
        app.args(["--variable", &format!("{variable}={value}")])
    });
    app.args([name]).run("run").await
}
