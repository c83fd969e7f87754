//! `weir compile`, and starts that find components compiled ahead.

use crate::harness::app::App;
use std::env::consts::ARCH;
use std::path::Path;

const REFUSED: &str = "compiled ahead for another engine";

/// An app whose host keeps nothing compiled but what lies in `ahead`.
fn app(ahead: &Path) -> App {
    let app = App::new().without_shared_cache();
    let cache = app.folder().join("cache");
    app.config(&format!(
        "[engine]\ncache_directory = {cache:?}\nprecompiled_directory = {ahead:?}"
    ))
    .guest("p3_hello", "")
}

/// The names of the files in a folder.
fn files(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

async fn compile(ahead: &Path, arguments: &[&str]) -> (i32, String) {
    let output = ["--output", ahead.to_str().unwrap()];
    let app = app(ahead).args(output).args(arguments.iter().copied());
    app.run("compile").await
}

#[tokio::test]
async fn a_start_compiles_nothing_that_was_compiled_ahead_for_its_processor_or_an_older_one() {
    let ahead = tempfile::tempdir().unwrap();
    let older: &[&str] = match ARCH {
        "x86_64" => &["--cpu", "x86-64"],
        // Of others no processors are named.
        _ => &[],
    };
    for arguments in [older, &[]] {
        let (status, output) = compile(ahead.path(), arguments).await;
        assert_eq!(status, 0, "{output}");
        assert!(output.starts_with("Compiled p3-hello: "), "{output}");
        assert_eq!(files(ahead.path()).len(), 1);
        let host = app(ahead.path()).start().await;
        assert_eq!(host.get("/p3_hello").await.status, 200);
        assert_eq!(files(&host.folder().join("cache")), [""; 0]);
        assert!(!host.log().contains(REFUSED), "{}", host.log());
    }
}

#[tokio::test]
async fn what_another_version_of_the_engine_compiled_is_refused_in_one_line() {
    let ahead = tempfile::tempdir().unwrap();
    compile(ahead.path(), &[]).await;
    let file = ahead.path().join(&files(ahead.path())[0]);
    let mut code = std::fs::read(&file).unwrap();
    // The major version, in front of the target with its length.
    let target = format!("{ARCH}-unknown-linux-gnu");
    let length = u8::try_from(target.len()).unwrap();
    let written = [b"48", &[length][..], target.as_bytes()].concat();
    let place = code.windows(written.len()).position(|part| part == written);
    code[place.unwrap() + 1] = b'7';
    std::fs::write(&file, code).unwrap();
    let host = app(ahead.path()).start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    let log = host.log();
    let lines = log.lines().filter(|line| line.contains(REFUSED));
    assert_eq!(lines.count(), 1, "{log}");
    assert_eq!(files(&host.folder().join("cache")).len(), 1);
}

#[tokio::test]
async fn a_folder_that_others_can_write_is_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let ahead = tempfile::tempdir().unwrap();
    compile(ahead.path(), &[]).await;
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(ahead.path(), open).unwrap();
    let host = app(ahead.path()).start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    host.logged(&["only root and the user that Weir runs as"])
        .await;
    assert_eq!(files(&host.folder().join("cache")).len(), 1);
}

#[tokio::test]
async fn a_machine_that_the_compiler_does_not_know_is_refused() {
    let ahead = tempfile::tempdir().unwrap();
    let (status, output) = compile(ahead.path(), &["--target", "pdp11-unknown-none"]).await;
    assert_eq!(status, 1, "{output}");
    assert!(output.contains("for that machine"), "{output}");
    let (status, output) = compile(ahead.path(), &["--cpu", "z80"]).await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("x86-64-v3"), "{output}");
}
