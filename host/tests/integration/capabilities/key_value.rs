//! Key-value stores by `spin:key-value@3.0.0`, `fermyon:spin/key-value@2.0.0` and
//! `wasi:keyvalue@0.2.0-draft2`, which are ways to the same stores.

use super::{call, component, done, error, error_kind, no_guest_has_failed, target};
use crate::harness::app::App;
use crate::harness::host::Host;
use reqwest::Method;

const GUESTS: [&str; 3] = ["p3_key_value", "p2_key_value_sync", "p2_keyvalue_wasi"];

const GRANTED: &str = "key_value_stores = [\"default\"]";

const DEFAULT: (&str, &str) = ("store", "default");

/// Every guest with these settings.
fn app(settings: &str) -> App {
    let app = App::new();
    GUESTS
        .iter()
        .fold(app, |app, guest| app.guest(guest, settings))
}

async fn on_key(host: &Host, guest: &str, operation: &str, key: &str) -> (u16, String) {
    call(host, guest, operation, &[DEFAULT, ("key", key)]).await
}

#[tokio::test]
async fn what_one_interface_writes_every_other_reads_and_removes() {
    let host = app(GRANTED).start().await;
    for writer in GUESTS {
        for other in GUESTS {
            let pair = [DEFAULT, ("key", "k"), ("value", writer)];
            assert_eq!(call(&host, writer, "set", &pair).await, done("ok"));
            assert_eq!(on_key(&host, other, "get", "k").await, done(writer));
            assert_eq!(on_key(&host, other, "exists", "k").await, done("true"));
            assert_eq!(on_key(&host, other, "delete", "k").await, done("ok"));
            assert_eq!(on_key(&host, writer, "exists", "k").await, done("false"));
            assert_eq!(on_key(&host, writer, "get", "k").await, error("None"));
            let again = on_key(&host, other, "delete", "k").await;
            assert_eq!(again, done("ok"), "what is not there can be removed");
        }
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_value_is_bytes_and_may_be_empty() {
    let host = app(GRANTED).start().await;
    for guest in GUESTS {
        for value in [&b"\0\xff\r\n"[..], b"", &[7; 200_000]] {
            let path = target(&format!("/{guest}/set"), &[DEFAULT, ("key", "bytes")]);
            let request = host.request(Method::PUT, &path).body(value.to_vec());
            assert_eq!(host.send(request).await.pair(), done("ok"));
            for reader in GUESTS {
                let path = target(&format!("/{reader}/get"), &[DEFAULT, ("key", "bytes")]);
                let read = host.get(&path).await;
                assert_eq!((read.status, read.body.as_slice()), (200, value));
            }
        }
    }
}

#[tokio::test]
async fn every_key_is_listed_however_many_there_are() {
    let host = app(GRANTED).start().await;
    for guest in GUESTS {
        assert_eq!(call(&host, guest, "keys", &[DEFAULT]).await, done(""));
    }
    // More than the host reads at once.
    let keys: Vec<_> = (0..2500).map(|key| format!("k{key:04}")).collect();
    for some in keys.chunks(500) {
        let pairs = [DEFAULT, ("keys", &some.join(",")), ("value", "v")];
        let set = call(&host, "p2_keyvalue_wasi", "set-many", &pairs).await;
        assert_eq!(set, done("ok"));
    }
    for guest in GUESTS {
        let (status, listed) = call(&host, guest, "keys", &[DEFAULT]).await;
        let mut listed: Vec<_> = listed.lines().collect();
        listed.sort_unstable();
        assert_eq!((status, listed), (200, keys.iter().map(|k| &**k).collect()));
    }
}

#[tokio::test]
async fn a_store_that_is_not_granted_is_denied_whether_it_is_there_or_not() {
    let host = app("").guest("p3_hello", GRANTED).start().await;
    for guest in GUESTS {
        let open = async |store| call(&host, guest, "open", &[("store", store)]).await;
        assert_eq!(open("default").await, error("AccessDenied"), "{guest}");
        assert_eq!(open("nothing").await, error("AccessDenied"), "{guest}");
        assert_eq!(open("").await, error("AccessDenied"), "{guest}");
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_grant_of_one_store_is_no_grant_of_another() {
    let host = App::new()
        .config("[key_value_store.one]\ntype = \"redb\"\n[key_value_store.two]\ntype = \"spin\"")
        .manifest(&component(
            "a",
            "p3_key_value",
            "key_value_stores = [\"one\"]",
        ))
        .manifest(&component(
            "b",
            "p3_key_value",
            "key_value_stores = [\"two\"]",
        ))
        .start()
        .await;
    let one = [("store", "one"), ("key", "k"), ("value", "of one")];
    let two = [("store", "two"), ("key", "k"), ("value", "of two")];
    assert_eq!(call(&host, "a", "set", &one).await, done("ok"));
    assert_eq!(call(&host, "b", "set", &two).await, done("ok"));
    assert_eq!(call(&host, "a", "get", &one).await, done("of one"));
    assert_eq!(call(&host, "b", "get", &two).await, done("of two"));
    assert_eq!(call(&host, "a", "get", &two).await, error("AccessDenied"));
    assert_eq!(call(&host, "b", "get", &one).await, error("AccessDenied"));
}

#[tokio::test]
async fn a_label_without_a_store_is_refused_before_anything_is_served() {
    let app = App::new().guest("p3_key_value", "key_value_stores = [\"cache\"]");
    let (status, output) = app.fail().await;
    assert_eq!(status, 2, "{output}");
    assert!(output.contains("`cache`"), "{output}");
}

#[tokio::test]
async fn values_outlast_a_kill() {
    let host = app(GRANTED).start().await;
    for guest in GUESTS {
        let pair = [DEFAULT, ("key", guest), ("value", "kept")];
        assert_eq!(call(&host, guest, "set", &pair).await, done("ok"));
    }
    let host = host.kill_and_restart().await;
    for guest in GUESTS {
        assert_eq!(on_key(&host, guest, "get", guest).await, done("kept"));
    }
}

#[tokio::test]
async fn operations_are_counted_by_their_result() {
    let host = app(GRANTED).start().await;
    let long = "k".repeat(4097);
    for guest in GUESTS {
        let pair = [DEFAULT, ("key", "k"), ("value", "v")];
        call(&host, guest, "set", &pair).await;
        for operation in ["get", "get", "exists", "delete", "keys"] {
            assert_eq!(on_key(&host, guest, operation, "k").await.0, 200);
        }
        let pair = [DEFAULT, ("key", &*long), ("value", "v")];
        let refused = call(&host, guest, "set", &pair).await;
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    }
    for guest in GUESTS {
        let id = guest.replace('_', "-");
        let counts = [
            ("set", "ok", 1.0),
            ("set", "key_too_long", 1.0),
            ("get", "ok", 2.0),
            ("exists", "ok", 1.0),
            ("delete", "ok", 1.0),
            ("list", "ok", 1.0),
        ];
        for (operation, result, count) in counts {
            let labels = [
                ("component", &*id),
                DEFAULT,
                ("operation", operation),
                ("result", result),
            ];
            let name = "weir_key_value_operation_duration_seconds_count";
            host.metric_is(name, &labels, count).await;
        }
    }
    host.metric_is("weir_key_value_committed_writes_total", &[DEFAULT], 6.0)
        .await;
    let metrics = host.metrics().await;
    assert!(metrics.sum("weir_key_value_commits_total", &[DEFAULT]) > 0.0);
    assert_eq!(
        metrics.sum("weir_key_value_pending_writes", &[DEFAULT]),
        0.0
    );
}
