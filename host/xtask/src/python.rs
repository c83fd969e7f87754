//! Builds the guest that is written in Python, with tools from PyPI in a folder of the project's
//! own. Nothing is done again unless something it is made of has changed: the tools take seconds to
//! fetch, and the guest, which has a Python interpreter inside, takes seconds to build.

use crate::step::run;
use anyhow::Result;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

const SOURCE: &str = "host/tests/guests/python_spin_app";
/// Where it is built, beside the guests in Rust; the interpreter leaves files of its own there.
const BUILD: &str = "host/tests/guests/target/python";
/// Where the tests look for it.
const GUEST: &str = "host/tests/guests/target/python/python_spin_app.wasm";
const TOOLS: &str = "target/tools/componentize-py";
/// The world of Spin's templates, which the SDK brings along.
const WORLD: &str = "spin:up/http-trigger@4.1.0";
/// What the guest uses of it.
const USED: &str = "test:python/used";

/// Builds the guest unless it is newer than its sources.
pub(crate) fn build() -> Result<()> {
    let guest = Path::new(GUEST);
    if modified(guest).is_some_and(sources_are_older) {
        println!("python guest: it is built");
        return Ok(());
    }
    install()?;
    fs::create_dir_all(BUILD)?;
    fs::copy(
        Path::new(SOURCE).join("app.py"),
        Path::new(BUILD).join("app.py"),
    )?;
    componentize()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn sources_are_older(built: SystemTime) -> bool {
    let sources = ["app.py", "world.wit", "requirements.txt"];
    let mut times = sources
        .map(|source| modified(&Path::new(SOURCE).join(source)))
        .into_iter();
    times.all(|time| time.is_some_and(|time| time < built))
}

/// Fetches the tools, unless those that are there are the ones that are asked for.
fn install() -> Result<()> {
    let wanted = fs::read(Path::new(SOURCE).join("requirements.txt"))?;
    let installed = Path::new(TOOLS).join("requirements.txt");
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if Path::new(TOOLS).exists() {
        fs::remove_dir_all(TOOLS)?;
    }
    let requirements = format!("{SOURCE}/requirements.txt");
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ])
    .args(["--root-user-action", "ignore", "--target", TOOLS])
    .args(["--requirement", &requirements]);
    run(&mut pip)?;
    Ok(fs::write(installed, wanted)?)
}

fn componentize() -> Result<()> {
    let mut tool = Command::new(format!("{TOOLS}/bin/componentize-py"));
    tool.env("PYTHONPATH", TOOLS)
        .args(["--quiet", "--wit-path", SOURCE, "--world", WORLD])
        .args(["componentize", "--intersect-world", USED])
        .args(["--python-path", BUILD, "--python-path", TOOLS])
        .args(["app", "--output", GUEST]);
    run(&mut tool)
}
