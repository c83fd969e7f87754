//! Files, which a component sees only as far as the manifest names them, and never writes.

use super::{done, no_guest_has_failed, target};
use crate::harness::app::App;
use crate::harness::host::Host;

const GUESTS: [&str; 2] = ["p2_files", "p3_files"];

const MOUNTS: &str = r#"
files = ["public/**/*", { source = "public", destination = "/static" }]
exclude_files = ["public/secret.txt"]
"#;

fn app(settings: &str) -> App {
    let app = App::new()
        .file("public/a.txt", "a")
        .file("public/deep/b.txt", "b")
        .file("public/secret.txt", "hidden")
        .file("private.txt", "hidden");
    GUESTS
        .iter()
        .fold(app, |app, guest| app.guest(guest, settings))
}

async fn read(host: &Host, guest: &str, path: &str) -> (u16, String) {
    let path = target(&format!("/{guest}/"), &[("path", path)]);
    host.get(&path).await.pair()
}

async fn write(host: &Host, guest: &str, path: &str) -> (u16, String) {
    let path = target(&format!("/{guest}/"), &[("write", path)]);
    host.get(&path).await.pair()
}

#[tokio::test]
async fn files_of_the_manifest_are_read_where_it_places_them() {
    let host = app(MOUNTS).start().await;
    for guest in GUESTS {
        for folder in ["public", "static"] {
            let a = read(&host, guest, &format!("/{folder}/a.txt")).await;
            assert_eq!(a, done("a"), "{guest}");
            let b = read(&host, guest, &format!("/{folder}/deep/b.txt")).await;
            assert_eq!(b, done("b"), "{guest}");
        }
    }
}

#[tokio::test]
async fn what_is_excluded_or_not_named_or_outside_is_not_there() {
    let host = app(MOUNTS).start().await;
    for guest in GUESTS {
        for path in [
            "/public/secret.txt",
            "/static/secret.txt",
            "/private.txt",
            "/public/../private.txt",
            "/../private.txt",
            "/../../spin.toml",
            "/../../../../../../../../etc/passwd",
            "/etc/passwd",
            "",
        ] {
            let (status, body) = read(&host, guest, path).await;
            assert_eq!(status, 500, "{guest} reads {path}: {body}");
        }
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn nothing_can_be_written() {
    let host = app(MOUNTS).start().await;
    for guest in GUESTS {
        for path in [
            "/public/a.txt",
            "/new.txt",
            "/public/new.txt",
            "/../new.txt",
        ] {
            let (status, body) = write(&host, guest, path).await;
            assert_eq!(status, 500, "{guest} writes {path}: {body}");
        }
        assert_eq!(read(&host, guest, "/public/a.txt").await, done("a"));
    }
    let own = std::fs::read_to_string(host.folder().join("public/a.txt"));
    assert_eq!(own.unwrap(), "a");
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_component_without_files_sees_no_folder() {
    let host = app("").start().await;
    for guest in GUESTS {
        for path in ["/public/a.txt", "/private.txt", "/", "."] {
            let (status, body) = read(&host, guest, path).await;
            assert_eq!(status, 500, "{guest} reads {path}: {body}");
        }
        let (status, body) = write(&host, guest, "/new.txt").await;
        assert_eq!(status, 500, "{guest}: {body}");
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_running_component_keeps_the_files_it_was_loaded_with() {
    let host = app(MOUNTS).start().await;
    std::fs::write(host.folder().join("public/a.txt"), "changed").unwrap();
    std::fs::remove_file(host.folder().join("public/deep/b.txt")).unwrap();
    for guest in GUESTS {
        assert_eq!(read(&host, guest, "/public/a.txt").await, done("a"));
        assert_eq!(read(&host, guest, "/public/deep/b.txt").await, done("b"));
    }
}

#[tokio::test]
async fn files_that_are_not_there_stop_the_start() {
    let missing = "files = [{ source = \"missing\", destination = \"/\" }]";
    let (status, output) = app(missing).fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("missing"), "{output}");
}
