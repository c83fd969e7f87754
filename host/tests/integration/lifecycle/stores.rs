//! What was acknowledged is there after a drain, however busy the host was.

use super::refuses_connections;
use crate::harness::app::App;
use crate::harness::host::{Answer, Host, client};
use futures_util::future::join_all;
use reqwest::Method;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const WRITERS: usize = 8;
/// Writes that are acknowledged before the drain begins.
const BEFORE: usize = 100;

/// What one writer was told: the keys that were set, and the names of entries.
#[derive(Default)]
struct Acknowledged {
    keys: Vec<String>,
    entries: Vec<String>,
}

/// Writes until the host takes no more.
async fn write_on(host: &Host, writer: usize, written: &AtomicUsize) -> Acknowledged {
    let client = client();
    let post = async |path: String| {
        let url = format!("{}{path}", host.addresses[0]);
        let sent = client.request(Method::POST, url).body("value").send();
        let response = sent.await.ok()?;
        Some((response.status().as_u16(), response.bytes().await.ok()?))
    };
    let mut done = Acknowledged::default();
    for number in 0.. {
        let key = format!("{writer}-{number}");
        let set = format!("/p3_key_value/set?store=default&key={key}");
        match post(set).await {
            Some((200, _)) => done.keys.push(key),
            Some(other) => panic!("a request that was accepted failed: {other:?}"),
            None => break,
        }
        match post("/p3_log_directory/entry".into()).await {
            Some((200, name)) => done.entries.push(String::from_utf8(name.into()).unwrap()),
            Some(other) => panic!("a request that was accepted failed: {other:?}"),
            None => break,
        }
        written.fetch_add(1, Relaxed);
    }
    done
}

async fn drain_once_busy(host: &Host, written: &AtomicUsize) {
    crate::harness::eventually("enough writes", async || {
        (written.load(Relaxed) >= BEFORE).then_some(())
    })
    .await;
    host.signal(Signal::TERM);
    refuses_connections(host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_acknowledged_is_lost() {
    let granted = "[component.p3-log-directory.tool.weir]\nlog_directory = true";
    let mut host = App::new()
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .guest("p3_log_directory", granted)
        .start()
        .await;
    let written = AtomicUsize::new(0);
    let writers = (0..WRITERS).map(|writer| write_on(&host, writer, &written));
    let (told, ()) = tokio::join!(join_all(writers), drain_once_busy(&host, &written));
    let (status, log) = host.ended().await;
    assert_eq!(status.code(), Some(0), "{log}");

    let entries: BTreeSet<_> = host
        .log_files("p3-log-directory")
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    let next = Host::start(host.launch.clone()).await;
    let listed = next.get("/p3_key_value/keys?store=default").await;
    let keys = listed.text();
    let keys: BTreeSet<_> = keys.lines().collect();
    for told in &told {
        assert!(!told.keys.is_empty(), "each writer was served");
        for key in &told.keys {
            assert!(keys.contains(key.as_str()), "{key} is lost");
        }
        for entry in &told.entries {
            assert!(entries.contains(entry), "{entry} is lost");
        }
    }
    read(&next, &told[0].keys[0]).await;
}

async fn read(host: &Host, key: &str) {
    let path = format!("/p3_key_value/get?store=default&key={key}");
    let answer: Answer = host.get(&path).await;
    assert_eq!(answer.pair(), (200, "value".into()));
}

#[tokio::test]
async fn a_file_that_is_no_store_is_named_with_where_it_stands() {
    let sqlite = "SQLite format 3\0".to_owned() + &"x".repeat(8192);
    let app = App::new()
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .file("spin.db", &sqlite)
        .config("[key_value_store.default]\ntype = \"spin\"\npath = \"spin.db\"");
    let file = app.folder().join("spin.db").display().to_string();
    let (status, text) = app.fail().await;
    assert_eq!(status, 2, "{text}");
    let what = format!("key-value store `default` cannot be opened: {file} (");
    assert!(text.contains(&what), "{text}");
    assert!(text.contains("weir.toml:5): "), "{text}");
    assert!(text.contains("it is not a store of Weir's"), "{text}");
    assert!(text.contains("the SQLite files of Spin"), "{text}");
}

#[tokio::test]
async fn a_store_without_a_folder_is_named_with_its_file() {
    let app = App::new()
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .file("state/key-value", "in the way");
    let file = app.folder().join("state/key-value/default.redb");
    let (status, text) = app.fail().await;
    assert_eq!(status, 2, "{text}");
    let what = format!("`default` cannot be opened: {}: ", file.display());
    assert!(text.contains(&what), "{text}");
    assert!(!text.contains("a store of Weir's"), "{text}");
}
