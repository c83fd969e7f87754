//! Files, which a component sees only as far as the manifest names them, and never writes.

use super::{done, no_guest_has_failed, target};
use crate::harness::app::App;
use crate::harness::eventually;
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

/// Both guests' components see these and nothing else.
async fn sees(settings: &str, seen: &[&str], hidden: &[&str]) {
    let host = app(settings).start().await;
    for guest in GUESTS {
        for path in seen {
            assert_eq!(read(&host, guest, path).await.0, 200, "{guest}: {path}");
        }
        for path in hidden {
            assert_eq!(read(&host, guest, path).await.0, 500, "{guest}: {path}");
        }
    }
}

#[tokio::test]
async fn a_pattern_grants_files_and_no_folder_that_it_matches() {
    let below = ["/public/deep/b.txt"];
    sees("files = [\"public/*\"]", &["/public/a.txt"], &below).await;
    sees("files = [\"public\"]", &below, &["/private.txt"]).await;
}

#[tokio::test]
async fn the_state_directory_is_granted_by_no_pattern() {
    let all = "files = [\"**/*\", { source = \".\", destination = \"/all\" }]\n\
               key_value_stores = [\"default\"]";
    let host = app(all).start().await;
    let store = "state/key-value/default.redb";
    assert!(host.folder().join(store).exists());
    for guest in GUESTS {
        for folder in ["", "/all"] {
            let path = format!("{folder}/private.txt");
            assert_eq!(read(&host, guest, &path).await, done("hidden"));
            let (status, body) = read(&host, guest, &format!("{folder}/{store}")).await;
            assert_eq!(status, 500, "{body}");
        }
    }
    let state = "files = [\"state/key-value/default.redb\"]\nkey_value_stores = [\"default\"]";
    let (status, output) = app(state).fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("keeps files of its own"), "{output}");
}

#[tokio::test]
async fn sources_outside_the_app_stop_the_start() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let outside = outside.path().display().to_string();
    for source in ["../x", &outside] {
        for mount in [
            format!("files = [{source:?}]"),
            format!("files = [{{ source = {source:?}, destination = \"/x\" }}]"),
        ] {
            let (status, output) = app(&mount).fail().await;
            assert_eq!(status, 2, "{output}");
            assert!(output.contains("leads out of the app's folder"), "{output}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_stops_the_start() {
    let (status, output) = app("files = [\"missing.txt\"]").fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("no file `missing.txt`"), "{output}");
}

async fn reload(host: &Host) {
    let request = host.client.post(format!("{}/reload", host.admin));
    let done = host.send(request.header("weir-admin", "1")).await;
    assert_eq!(done.status, 200, "{done:?}");
}

/// Copies of all components, of whichever host.
fn copies(host: &Host) -> usize {
    let hosts = std::fs::read_dir(host.folder().join("state/files")).unwrap();
    let copies = hosts.filter_map(|host| host.unwrap().path().read_dir().ok());
    copies.map(Iterator::count).sum()
}

#[tokio::test]
async fn copies_of_a_host_that_was_killed_are_removed_by_the_next() {
    let host = app(MOUNTS).start().await;
    let manifest = std::fs::read_to_string(&host.launch.manifest).unwrap();
    let all = manifest.replace("exclude_files = [\"public/secret.txt\"]", "");
    std::fs::write(&host.launch.manifest, all).unwrap();
    reload(&host).await;
    let host = host.kill_and_restart().await;
    assert_eq!(copies(&host), GUESTS.len());
    assert_eq!(read(&host, GUESTS[0], "/public/a.txt").await, done("a"));
}

#[tokio::test]
async fn hosts_that_share_a_state_directory_keep_their_own_copies() {
    let first = app(MOUNTS).start().await;
    let mut second = Host::start(first.launch.clone()).await;
    assert_eq!(read(&second, GUESTS[0], "/public/a.txt").await, done("a"));
    second.stop().await;
    assert_eq!(read(&first, GUESTS[0], "/public/a.txt").await, done("a"));
}

#[tokio::test]
async fn a_component_that_comes_back_keeps_its_files_when_its_old_requests_end() {
    let component = |guest: &str| super::component("again", guest, "files = [\"public/*\"]");
    let host = App::new()
        .file("public/a.txt", "a")
        .guest("p3_hello", "")
        .manifest(&component("p3_sleep"))
        .start()
        .await;
    let with = std::fs::read_to_string(&host.launch.manifest).unwrap();
    let manifest = |text: &str| std::fs::write(&host.launch.manifest, text).unwrap();
    let old = tokio::spawn(host.request(reqwest::Method::GET, "/again/?ms=6000").send());
    host.metric_is("http_server_active_requests", &[], 1.0)
        .await;
    manifest(&with.replace(&component("p3_sleep"), ""));
    reload(&host).await;
    manifest(&with.replace(&component("p3_sleep"), &component("p3_files")));
    reload(&host).await;
    assert_eq!(old.await.unwrap().unwrap().status(), 200);
    host.metric_is("weir_component_instances", &[("component", "again")], 0.0)
        .await;
    eventually("the end of the old copy", async || {
        (copies(&host) == 1).then_some(())
    })
    .await;
    assert_eq!(read(&host, "again", "/public/a.txt").await, done("a"));
}
