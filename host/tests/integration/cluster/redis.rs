//! Key-value stores in a real Redis.

use crate::capabilities::{call, component, done, error_kind, no_guest_has_failed};
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::server::Redis;
use futures_util::future::join_all;
use std::path::Path;

const GUESTS: [&str; 3] = ["p3_key_value", "p2_key_value_sync", "p2_keyvalue_wasi"];
const WASI: &str = "p2_keyvalue_wasi";
const GRANTED: &str = "key_value_stores = [\"default\"]";
const DEFAULT: (&str, &str) = ("store", "default");

/// A host on `redis` with every guest.
async fn start(redis: &Redis) -> Host {
    let app = App::new().config(&redis.store());
    let app = GUESTS
        .iter()
        .fold(app, |app, guest| app.guest(guest, GRANTED));
    app.start().await
}

async fn on(host: &Host, guest: &str, operation: &str, pairs: &[(&str, &str)]) -> (u16, String) {
    call(host, guest, operation, &[&[DEFAULT], pairs].concat()).await
}

#[tokio::test]
async fn what_one_host_writes_by_any_interface_another_reads_and_removes() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (start(&redis).await, start(&redis).await);
    let key = ("key", "k*[1]{}:é");
    for writer in GUESTS {
        for reader in GUESTS {
            let set = on(&one, writer, "set", &[key, ("value", writer)]).await;
            assert_eq!(set, done("ok"));
            assert_eq!(on(&other, reader, "get", &[key]).await, done(writer));
            assert_eq!(on(&other, reader, "exists", &[key]).await, done("true"));
            assert_eq!(on(&one, writer, "keys", &[]).await.1.trim(), key.1);
            assert_eq!(on(&other, reader, "delete", &[key]).await, done("ok"));
            assert_eq!(on(&one, writer, "exists", &[key]).await, done("false"));
        }
    }
    let labels = [DEFAULT, ("operation", "get"), ("result", "ok")];
    let name = "weir_key_value_operation_duration_seconds_count";
    other.metric_is(name, &labels, 9.0).await;
    no_guest_has_failed(&one).await;
}

#[tokio::test]
async fn every_key_is_listed_and_none_of_another_app_or_store() {
    let Some(redis) = Redis::start() else { return };
    let host = start(&redis).await;
    let other = App::new()
        .config(&redis.store().replace("default", "other"))
        .guest(WASI, "key_value_stores = [\"other\"]");
    let other = other.start().await;
    let set = [("store", "other"), ("key", "stranger"), ("value", "v")];
    assert_eq!(call(&other, WASI, "set", &set).await, done("ok"));
    let keys: Vec<_> = (0..2500).map(|key| format!("k{key:04}")).collect();
    for some in keys.chunks(500) {
        let pairs = [("keys", &*some.join(",")), ("value", "v")];
        assert_eq!(on(&host, WASI, "set-many", &pairs).await, done("ok"));
    }
    for guest in GUESTS {
        let (status, listed) = on(&host, guest, "keys", &[]).await;
        let mut listed: Vec<_> = listed.lines().collect();
        listed.sort_unstable();
        assert_eq!((status, listed), (200, keys.iter().map(|k| &**k).collect()));
    }
    // All keys of a store lie on one node of a cluster.
    let slots: Vec<_> = ["weir:{test/default}:a", "weir:{test/default}:b"]
        .map(|key| redis.ask(&format!("CLUSTER KEYSLOT {key}")))
        .into();
    assert_eq!(slots[0], slots[1]);
    assert!(redis.ask("EXISTS weir:{test/default}:k0000").contains(":1"));
}

#[tokio::test]
async fn hosts_that_change_a_value_at_once_lose_nothing() {
    let Some(redis) = Redis::start() else { return };
    let hosts = [start(&redis).await, start(&redis).await];
    let add = |number: usize| {
        on(
            &hosts[number % 2],
            WASI,
            "increment",
            &[("key", "n"), ("delta", "2")],
        )
    };
    let sums = join_all((0..50).map(add)).await;
    let mut sums: Vec<u64> = sums.iter().map(|(_, sum)| sum.parse().unwrap()).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=50).map(|n| n * 2).collect::<Vec<_>>());

    let hosts = &hosts;
    let swap = |number: usize| async move {
        let value = number.to_string();
        let pairs = [("key", "k"), ("value", &*value), ("ms", "1000")];
        on(&hosts[number % 2], WASI, "cas", &pairs).await
    };
    let swapped = join_all((0..8).map(swap)).await;
    let winners = swapped.iter().filter(|(status, _)| *status == 200);
    assert_eq!(winners.count(), 1, "{swapped:?}");
}

#[tokio::test]
async fn only_a_number_can_be_incremented_and_batches_are_whole() {
    let Some(redis) = Redis::start() else { return };
    let host = start(&redis).await;
    on(&host, WASI, "set", &[("key", "n"), ("value", "no number")]).await;
    let add = [("key", "n"), ("delta", "1")];
    let refused = on(&host, WASI, "increment", &add).await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    assert!(refused.1.contains("decimal number"), "{refused:?}");
    let most = i64::MAX.to_string();
    on(&host, WASI, "set", &[("key", "n"), ("value", &most)]).await;
    assert_eq!(on(&host, WASI, "increment", &add).await.0, 500);
    assert_eq!(on(&host, WASI, "get", &[("key", "n")]).await, done(most));

    let set = [("keys", "a,b,c"), ("value", "v")];
    assert_eq!(on(&host, WASI, "set-many", &set).await, done("ok"));
    let read = on(&host, WASI, "get-many", &[("keys", "a,none,c")]).await;
    assert_eq!(read, done("a=v\nnone\nc=v"));
    let gone = on(&host, WASI, "delete-many", &[("keys", "a,b,none,n")]).await;
    assert_eq!(gone, done("ok"));
    assert_eq!(on(&host, WASI, "keys", &[]).await, done("c"));
}

#[tokio::test]
async fn a_runtime_configuration_file_of_spin_says_where_redis_is() {
    let Some(redis) = Redis::start() else { return };
    let app = App::new().file("runtime.toml", redis.store());
    let file = app.folder().join("runtime.toml");
    let app = app.args(["--runtime-config-file", file.to_str().unwrap()]);
    let host = app.guest(WASI, GRANTED).start().await;
    let set = [("key", "k"), ("value", "v")];
    assert_eq!(on(&host, WASI, "set", &set).await, done("ok"));
    assert!(redis.ask("GET weir:{test/default}:k").contains("$1\r\nv"));
}

#[tokio::test]
async fn stores_of_one_host_may_lie_in_a_file_and_in_redis() {
    let Some(redis) = Redis::start() else { return };
    let host = App::new()
        .config(&redis.store().replace("default", "shared"))
        .manifest(&component(
            "a",
            WASI,
            "key_value_stores = [\"shared\", \"default\"]",
        ))
        .start()
        .await;
    for store in ["shared", "default"] {
        let set = [("store", store), ("key", "k"), ("value", store)];
        assert_eq!(call(&host, "a", "set", &set).await, done("ok"));
    }
    for store in ["shared", "default"] {
        let get = [("store", store), ("key", "k")];
        assert_eq!(call(&host, "a", "get", &get).await, done(store));
    }
    assert!(redis.ask("DBSIZE").contains(":1\r\n"));
}

/// Writes a certificate of its own for 127.0.0.1 into `folder`.
fn certify(folder: &Path) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), certified.cert.pem()).unwrap();
    std::fs::write(
        folder.join("key.pem"),
        certified.signing_key.serialize_pem(),
    )
    .unwrap();
}

#[tokio::test]
async fn by_tls_a_server_is_used_only_if_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let Some(redis) = Redis::start_tls(folder.path()) else {
        return;
    };
    let app = || {
        let store = redis.store().replace("redis://", "rediss://");
        App::new().config(&store).guest(WASI, GRANTED)
    };
    let trusted = folder.path().join("cert.pem");
    let host = app().env("SSL_CERT_FILE", trusted.to_str().unwrap());
    let host = host.start().await;
    let set = [("key", "k"), ("value", "v")];
    assert_eq!(on(&host, WASI, "set", &set).await, done("ok"));
    assert_eq!(on(&host, WASI, "get", &[("key", "k")]).await, done("v"));

    let (status, output) = app().fail().await;
    assert_eq!(status, 1, "{output}");
    assert!(output.contains("certificate"), "{output}");
}

#[tokio::test]
async fn an_answer_that_would_be_too_large_is_refused_in_the_server() {
    let Some(redis) = Redis::start() else { return };
    let host = start(&redis).await;
    let path = format!("/{WASI}/set?store=default&key=k");
    let set = host.request(reqwest::Method::POST, &path);
    assert_eq!(host.send(set.body(vec![b'x'; 7 << 20])).await.status, 200);
    let many = ["k"; 20].join(",");
    let refused = on(&host, WASI, "get-many", &[("keys", &many)]).await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    assert!(
        refused.1.contains("the answer has more than"),
        "{refused:?}"
    );
    on(&host, WASI, "set", &[("key", "a"), ("value", "v")]).await;
    let few = on(&host, WASI, "get-many", &[("keys", "a,none,a")]).await;
    assert_eq!(few, done("a=v\nnone\na=v"));
    no_guest_has_failed(&host).await;
}
