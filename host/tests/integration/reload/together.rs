//! What changes together is replaced together, and meanwhile the host does everything else.

use super::{app, app_of, edit, far, put_as, reload};
use crate::harness::gate::Gate;
use rustix::process::Signal;
use serde_json::json;

#[tokio::test]
async fn a_drain_begins_at_once_while_a_reload_waits() {
    let gate = Gate::start().await;
    let mut host = app("p3_hello").start().await;
    edit(&host, "source = \"app.wasm\"", &far(&gate));
    host.signal(Signal::HUP);
    let _waiting = gate.asked().await;
    let (status, log) = host.stop().await;
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("\"draining\""), "{log}");
}

#[tokio::test]
async fn new_code_waits_for_that_of_the_others_and_for_its_routes() {
    let gate = Gate::start().await;
    let host = app_of(&[("one", "p3_hello"), ("two", "p3_hello")])
        .start()
        .await;
    put_as(host.folder(), "one", "p3_readme");
    edit(&host, "\"/one/...\"", "\"/first/...\"");
    edit(&host, "source = \"two.wasm\"", &far(&gate));
    let replaced = async {
        let waiting = gate.asked().await;
        assert_eq!(host.get("/one").await.text(), "Hello", "the old route");
        assert_eq!(host.get("/first").await.status, 404, "the new route");
        waiting.answer(&crate::sources::code()).await;
    };
    let (done, ()) = tokio::join!(reload(&host), replaced);
    assert_eq!(done.json()["reloaded"], json!(["one", "two"]), "{done:?}");
    assert_eq!(host.get("/first").await.text(), "Hello, /first\n");
    assert_eq!(host.get("/one").await.status, 404);
}

#[tokio::test]
async fn what_needs_a_restart_is_said_until_it_is_what_runs_again() {
    let host = app("p3_hello").start().await;
    let config = host.folder().join("weir.toml");
    let started = std::fs::read_to_string(&config).unwrap();
    let needs = async |text: &str| {
        std::fs::write(&config, text).unwrap();
        reload(&host).await.json()["needs_restart"].clone()
    };
    let other = format!("{started}\n[telemetry]\naccess_log = true\n");
    for _ in 0..2 {
        assert_eq!(needs(&other).await, json!(["[telemetry]"]));
    }
    assert_eq!(needs(&started).await, json!([]));
}

#[tokio::test]
async fn of_a_store_counts_what_it_was_opened_with() {
    let host = app("p3_hello").start().await;
    let config = host.folder().join("weir.toml");
    let started = std::fs::read_to_string(&config).unwrap();
    let needs = async |path: &str| {
        let store =
            format!("{started}\n[key_value_store.more]\ntype = \"redb\"\npath = \"{path}\"\n");
        std::fs::write(&config, store).unwrap();
        reload(&host).await.json()["needs_restart"].clone()
    };
    assert_eq!(needs("a.redb").await, json!([]));
    assert_eq!(needs("b.redb").await, json!([]), "it is not open yet");
    edit(
        &host,
        "source = \"app.wasm\"",
        "source = \"app.wasm\"\nkey_value_stores = [\"more\"]",
    );
    assert_eq!(needs("c.redb").await, json!([]));
    for _ in 0..2 {
        assert_eq!(needs("d.redb").await, json!(["[key_value_store]"]));
    }
    assert_eq!(needs("c.redb").await, json!([]));
}
