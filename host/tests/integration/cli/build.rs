//! `weir build`.

use super::weir;
use crate::harness::app::App;
use tempfile::TempDir;

/// A component whose build notes that it ran, and where.
fn component(id: &str, build: &str) -> String {
    format!(
        "[[trigger.http]]\nroute = \"/{id}\"\ncomponent = \"{id}\"\n\
         [component.{id}]\nsource = \"{id}.wasm\"\n[component.{id}.build]\n{build}\n"
    )
}

/// Two components that can be built, and one that is given.
fn app() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = [
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n".to_owned(),
        component(
            "first",
            "command = [\"echo one >> done\", \"echo two >> done\"]\nworkdir = \"inner\"",
        ),
        component("second", "command = \"pwd > second.wasm\""),
        "[component.given]\nsource = \"given.wasm\"\n".to_owned(),
    ];
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    std::fs::write(folder.path().join("spin.toml"), manifest.concat()).unwrap();
    folder
}

fn read(folder: &TempDir, path: &str) -> Option<String> {
    std::fs::read_to_string(folder.path().join(path)).ok()
}

#[test]
fn every_component_is_built_in_its_workdir_one_command_after_the_other() {
    let folder = app();
    let done = weir(folder.path(), &["build"], &[]);
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(read(&folder, "inner/done").unwrap(), "one\ntwo\n");
    let built = read(&folder, "second.wasm").unwrap();
    let here = folder.path().canonicalize().unwrap();
    assert_eq!(built.trim(), here.to_str().unwrap());
    for said in ["Building first: echo one", "Building second: pwd"] {
        assert!(done.err.contains(said), "{done:?}");
    }
}

#[test]
fn only_what_is_named_is_built() {
    for args in [
        &["build", "second"][..],
        &["build", "-c", "second"],
        &["build", "--component-id", "second"],
    ] {
        let folder = app();
        let done = weir(folder.path(), args, &[]);
        assert_eq!(done.status, 0, "{done:?}");
        assert!(read(&folder, "second.wasm").is_some());
        assert_eq!(read(&folder, "inner/done"), None, "{args:?}");
    }
}

#[test]
fn what_cannot_be_built_is_named_with_the_nearest() {
    let folder = app();
    let done = weir(folder.path(), &["build", "secnd", "given"], &[]);
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.err.contains("no component `secnd`"), "{done:?}");
    assert!(done.err.contains("did you mean `second`?"), "{done:?}");
    assert!(done.err.contains("no component `given`"), "{done:?}");
    assert!(done.err.ends_with("2 problems\n"), "{done:?}");
    assert_eq!(read(&folder, "second.wasm"), None);
}

#[test]
fn a_build_that_fails_names_the_component_and_ends_the_rest() {
    let folder = app();
    let manifest = read(&folder, "spin.toml").unwrap();
    let manifest = manifest.replace("\"echo two >> done\"", "\"exit 7\", \"echo two >> done\"");
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    let done = weir(folder.path(), &["build"], &[]);
    assert_eq!(done.status, 1, "{done:?}");
    let why = "error: the build of `first` failed: `exit 7` ended with exit status: 7\n";
    assert!(done.err.ends_with(why), "{done:?}");
    assert_eq!(read(&folder, "inner/done").unwrap(), "one\n");
    assert_eq!(read(&folder, "second.wasm"), None);
}

#[test]
fn a_workdir_that_is_not_there_is_named() {
    let folder = app();
    std::fs::remove_dir(folder.path().join("inner")).unwrap();
    let done = weir(folder.path(), &["build", "first"], &[]);
    assert_eq!(done.status, 1, "{done:?}");
    assert!(
        done.err.contains("`first`") && done.err.contains("/inner:"),
        "{done:?}"
    );
}

const COPIED: &str = "[[trigger.http]]\nroute = \"/...\"\ncomponent = \"app\"\n\
                      [component.app]\nsource = \"app.wasm\"\n\
                      [component.app.build]\ncommand = \"cp from.wasm app.wasm\"\n";

fn copied() -> App {
    let bytes = std::fs::read(crate::harness::guest("p3_hello")).unwrap();
    App::new().manifest(COPIED).file("from.wasm", bytes)
}

#[tokio::test]
async fn up_builds_first_if_it_is_told_to() {
    let (status, text) = copied().fail().await;
    assert_eq!(status, 2, "{text}");
    assert!(text.contains("weir build app"), "{text}");
    let flag = copied().args(["--build"]).start().await;
    assert_eq!(flag.get("/").await.text(), "Hello");
    for value in ["1", "true", "yes"] {
        let variable = copied().env("WEIR_BUILD", value).start().await;
        assert_eq!(variable.get("/").await.text(), "Hello", "{value}");
    }
    let (status, _) = copied().env("WEIR_BUILD", "0").fail().await;
    assert_eq!(status, 2, "nothing was built");
}
