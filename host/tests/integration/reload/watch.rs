//! `weir up --watch`: changes are followed without being asked to.

use super::{app, generation_is, put, put_bytes};
use crate::harness::eventually;
use std::os::unix::fs::symlink;
use std::time::Duration;

#[tokio::test]
async fn a_new_file_is_picked_up_and_a_broken_one_is_not() {
    let host = app("p3_hello").args(["--watch"]).start().await;
    host.logged(&["watching"]).await;
    put(host.folder(), "p3_readme");
    generation_is(&host, 2).await;
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
    host.logged(&["reloaded", "app", "\"generation\":2", "draining"])
        .await;
    put_bytes(host.folder(), b"half");
    host.logged(&["not reloaded", "not WebAssembly"]).await;
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
    put(host.folder(), "p3_hello");
    generation_is(&host, 3).await;
}

#[tokio::test]
async fn a_link_that_moves_is_seen_as_in_a_mounted_config_map() {
    let app = app("p3_hello");
    let folder = app.folder().to_owned();
    for (version, guest) in [("1", "p3_hello"), ("2", "p3_readme")] {
        std::fs::create_dir(folder.join(version)).unwrap();
        std::fs::copy(
            crate::harness::guest(guest),
            folder.join(version).join("app.wasm"),
        )
        .unwrap();
    }
    symlink("1", folder.join("..data")).unwrap();
    std::fs::remove_file(folder.join("app.wasm")).unwrap();
    symlink("..data/app.wasm", folder.join("app.wasm")).unwrap();
    let host = app.args(["--watch", "--skip-build"]).start().await;
    host.logged(&["watching"]).await;
    symlink("2", folder.join("..data_tmp")).unwrap();
    std::fs::rename(folder.join("..data_tmp"), folder.join("..data")).unwrap();
    generation_is(&host, 2).await;
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
}

#[tokio::test]
async fn a_watch_rests_while_nothing_changes() {
    let manifest = "[component.app.build]\ncommand = \"true\"\nwatch = [\"src/**/*.rs\"]\n";
    let host = app("p3_hello")
        .manifest(manifest)
        .file("src/lib.rs", "")
        .args(["--watch"])
        .start()
        .await;
    host.logged(&["watching"]).await;
    let used = async || host.metrics().await.sum("process_cpu_seconds_total", &[]);
    let before = used().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let cpu = used().await - before;
    assert!(cpu < 0.5, "{cpu} s of CPU time in three seconds");
}

const BUILD: &str = r#"
[component.app.build]
command = "echo building >> builds.txt && grep -q good source.txt && cp good.wasm new.wasm && mv new.wasm app.wasm"
watch = ["source.txt"]
"#;

#[tokio::test]
async fn an_edit_builds_the_component_whose_sources_it_is() {
    let good = std::fs::read(crate::harness::guest("p3_readme")).unwrap();
    let host = app("p3_hello")
        .manifest(BUILD)
        .file("source.txt", "")
        .file("good.wasm", good)
        .args(["--watch"])
        .start()
        .await;
    host.logged(&["watching"]).await;
    std::fs::write(host.folder().join("source.txt"), "bad").unwrap();
    host.logged(&["the build of `app` failed", "exit status: 1"])
        .await;
    assert_eq!(host.get("/").await.text(), "Hello");
    let status = host.admin("/status").await.json();
    assert_eq!(status["components"][0]["last_reload"]["success"], false);
    std::fs::write(host.folder().join("source.txt"), "good").unwrap();
    generation_is(&host, 2).await;
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
    let builds = std::fs::read_to_string(host.folder().join("builds.txt")).unwrap();
    assert_eq!(builds.lines().count(), 2);
}

#[tokio::test]
async fn files_of_a_component_are_followed() {
    let manifest = "files = [\"page.txt\"]";
    let app = app("p3_files").manifest(manifest).file("page.txt", "one");
    let host = app.args(["--watch"]).start().await;
    host.logged(&["watching"]).await;
    let read = async || host.get("/read?path=/page.txt").await.text();
    assert_eq!(read().await, "one");
    std::fs::write(host.folder().join("page.txt"), "two").unwrap();
    eventually("the new page", async || {
        (read().await == "two").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_dependency_that_changes_reloads_the_component_that_uses_it() {
    let dependency = "[component.app.dependencies]\n\"test:words\" = { path = \"words.wasm\" }";
    let words = |guest| std::fs::read(crate::harness::guest(guest)).unwrap();
    let host = app("p3_dependent")
        .manifest(dependency)
        .file("words.wasm", words("dependency_words"))
        .guest("p3_hello", "")
        .args(["--watch", "--skip-build"])
        .start()
        .await;
    host.logged(&["watching"]).await;
    assert_eq!(host.get("/greeting").await.text(), "hello");
    let status = host.admin("/status").await.json();
    let digest = status["components"][0]["digest"].clone();
    std::fs::write(
        host.folder().join("new.wasm"),
        words("dependency_words_new"),
    )
    .unwrap();
    std::fs::rename(
        host.folder().join("new.wasm"),
        host.folder().join("words.wasm"),
    )
    .unwrap();
    generation_is(&host, 2).await;
    assert_eq!(host.get("/greeting").await.text(), "good day");
    let status = host.admin("/status").await.json();
    assert_ne!(status["components"][0]["digest"], digest, "{status}");
    // The other component has not been touched.
    assert_eq!(status["components"][1]["generation"], 1, "{status}");
}

#[tokio::test]
async fn a_file_that_never_rests_does_not_keep_others_from_being_followed() {
    let manifest = "files = [\"busy.txt\"]";
    let app = app("p3_hello").manifest(manifest).file("busy.txt", "");
    let host = app.args(["--watch", "--skip-build"]).start().await;
    host.logged(&["watching"]).await;
    let busy = host.folder().join("busy.txt");
    let writing = tokio::spawn(async move {
        for n in 0.. {
            std::fs::write(&busy, "x".repeat(n % 100)).unwrap();
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    put(host.folder(), "p3_readme");
    eventually("the new code", async || {
        (host.get("/").await.text() == "Hello, /\n").then_some(())
    })
    .await;
    host.logged(&["files change all the time"]).await;
    writing.abort();
}

/// The first build edits what it has read, and the manifest.
const EDITING_BUILD: &str = r#"
[component.app.build]
command = "cat source.txt >> builds.txt && if [ ! -e edited ]; then touch edited; echo second > source.txt; sed -i 's,/[.][.][.],/moved/...,' spin.toml; fi"
watch = ["source.txt"]
"#;

#[tokio::test]
async fn edits_that_come_while_a_start_builds_are_followed() {
    let host = app("p3_hello")
        .manifest(EDITING_BUILD)
        .file("source.txt", "first\n")
        .args(["--build", "--watch"])
        .start()
        .await;
    eventually("the new route alone", async || {
        (host.get("/other").await.status == 404).then_some(())
    })
    .await;
    assert_eq!(host.get("/moved/").await.status, 200);
    let builds = host.folder().join("builds.txt");
    eventually("the second build", async || {
        let builds = std::fs::read_to_string(&builds).unwrap();
        (builds == "first\nsecond\n").then_some(())
    })
    .await;
}
