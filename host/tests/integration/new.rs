//! `weir new`: what it writes builds, passes its own test and serves, at once.

use crate::harness::host::{Host, Launch};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Runs `weir new` in `folder`; gives the exit status and what was written.
fn new(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = command
        .arg("new")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (output.status.code().unwrap(), text)
}

/// Lets the package keep what it compiles for the next run of the tests.
fn keep_what_is_compiled(package: &Path) {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new");
    std::fs::create_dir_all(&kept).unwrap();
    std::os::unix::fs::symlink(kept, package.join("target")).unwrap();
}

/// Builds the app in `folder`, however long that takes, and serves it.
async fn build_and_serve(folder: &Path) -> Host {
    let manifest = folder.join("spin.toml");
    let mut build = Command::new(env!("CARGO_BIN_EXE_weir"));
    let output = build
        .arg("build")
        .arg("--from")
        .arg(&manifest)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let state = folder.join("state").display().to_string();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--state-dir",
        &state,
    ];
    let launch = Launch {
        manifest,
        args: arguments.map(str::to_owned).into(),
        ..Launch::default()
    };
    Host::start(launch).await
}

fn passes_its_test(package: &Path) {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet"]).current_dir(package);
    // Set by the cargo that runs this, for this project.
    cargo.env_remove("RUSTUP_TOOLCHAIN");
    let output = cargo.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1 passed"),
        "{text}"
    );
}

#[tokio::test]
async fn a_component_of_its_own_builds_serves_and_passes_its_test() {
    let folder = TempDir::new().unwrap();
    let (status, text) = new(folder.path(), &["my-service"]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("/my-service/..."), "{text}");
    let package = folder.path().join("my-service");
    keep_what_is_compiled(&package);
    passes_its_test(&package);
    let host = build_and_serve(&package).await;
    let answer = host.get("/my-service/a").await.pair();
    assert_eq!(answer, (200, "Hello from /my-service/a\n".into()));
}

#[tokio::test]
async fn in_an_app_a_component_is_added_beside_the_others() {
    let folder = TempDir::new().unwrap();
    let hello = crate::harness::guest("p3_hello");
    let app = format!(
        "# Ours.\nspin_manifest_version = 2\n[application]\nname = \"app\"\n\
         [[trigger.http]]\nroute = \"/hello\"\ncomponent = \"hello\" # short\n\
         [component.hello]\nsource = {hello:?}\n"
    );
    std::fs::write(folder.path().join("spin.toml"), &app).unwrap();
    let (status, text) = new(folder.path(), &["counter", "--template", "key-value"]);
    assert_eq!(status, 0, "{text}");
    let manifest = std::fs::read_to_string(folder.path().join("spin.toml")).unwrap();
    assert!(manifest.starts_with(&app), "{manifest}");
    let package = folder.path().join("counter");
    keep_what_is_compiled(&package);
    passes_its_test(&package);
    let host = build_and_serve(folder.path()).await;
    assert_eq!(host.get("/hello").await.text(), "Hello");
    for visits in ["1\n", "2\n"] {
        assert_eq!(host.get("/counter/a").await.pair(), (200, visits.into()));
    }
    let (status, text) = new(folder.path(), &["counter"]);
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("counter is there already"), "{text}");
}
