//! What `wasi:keyvalue@0.2.0-draft2` has beyond the other interfaces: atomics and batches.

use super::{call, done, error, error_kind, no_guest_has_failed};
use crate::harness::app::App;
use crate::harness::host::Host;
use futures_util::future::join_all;
use reqwest::Method;

const GUEST: &str = "p2_keyvalue_wasi";
const DEFAULT: (&str, &str) = ("store", "default");

async fn start() -> Host {
    App::new()
        .guest(GUEST, "key_value_stores = [\"default\"]")
        .start()
        .await
}

async fn on(host: &Host, operation: &str, pairs: &[(&str, &str)]) -> (u16, String) {
    call(host, GUEST, operation, &[&[DEFAULT], pairs].concat()).await
}

#[tokio::test]
async fn increments_at_the_same_time_lose_nothing() {
    let host = start().await;
    let add = |delta: &'static str| {
        let host = &host;
        async move { on(host, "increment", &[("key", "n"), ("delta", delta)]).await }
    };
    let sums = join_all((0..50).map(|_| add("2"))).await;
    let mut sums: Vec<u64> = sums.iter().map(|(_, sum)| sum.parse().unwrap()).collect();
    sums.sort_unstable();
    let expected: Vec<_> = (1..=50).map(|n| n * 2).collect();
    assert_eq!(sums, expected, "each is answered with its own sum");
    assert_eq!(add("-100").await, done("0"));
}

#[tokio::test]
async fn only_a_number_can_be_incremented() {
    let host = start().await;
    on(&host, "set", &[("key", "n"), ("value", "no number")]).await;
    let refused = on(&host, "increment", &[("key", "n"), ("delta", "1")]).await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    assert_eq!(on(&host, "get", &[("key", "n")]).await, done("no number"));
    let most = i64::MAX.to_string();
    on(&host, "set", &[("key", "n"), ("value", &most)]).await;
    let over = on(&host, "increment", &[("key", "n"), ("delta", "1")]).await;
    assert_eq!(error_kind(&over), "Other", "{over:?}");
    assert_eq!(on(&host, "get", &[("key", "n")]).await, done(most));
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_swap_is_done_only_if_nobody_was_faster() {
    let host = start().await;
    let swap = async |value: &str, milliseconds: &str| {
        let pairs = [("key", "k"), ("value", value), ("ms", milliseconds)];
        on(&host, "cas", &pairs).await
    };
    assert_eq!(swap("first", "0").await, done(""), "there was nothing yet");
    assert_eq!(swap("second", "0").await, done("first"));
    // All of them compare before the first swaps.
    let values: Vec<_> = (0..8).map(|n| n.to_string()).collect();
    let swapped = join_all(values.iter().map(|value| swap(value, "1000"))).await;
    let winners = swapped.iter().filter(|answer| **answer == done("second"));
    assert_eq!(winners.count(), 1, "{swapped:?}");
    let losers = swapped
        .iter()
        .filter(|answer| **answer == error("CasFailed"));
    assert_eq!(losers.count(), 7, "{swapped:?}");
    let winner = swapped
        .iter()
        .position(|(status, _)| *status == 200)
        .unwrap();
    let now = on(&host, "get", &[("key", "k")]).await;
    assert_eq!(now, done(winner.to_string()));
}

#[tokio::test]
async fn batches_are_read_written_and_removed_whole() {
    let host = start().await;
    let set = [("keys", "a,b,c"), ("value", "v")];
    assert_eq!(on(&host, "set-many", &set).await, done("ok"));
    let read = on(&host, "get-many", &[("keys", "a,none,c")]).await;
    assert_eq!(read, done("a=v\nnone\nc=v"));
    let long = format!("d,{}", "k".repeat(4097));
    let refused = on(&host, "set-many", &[("keys", &long), ("value", "w")]).await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    let nothing = on(&host, "exists", &[("key", "d")]).await;
    assert_eq!(nothing, done("false"), "a part of a refused batch is there");
    let gone = on(&host, "delete-many", &[("keys", "a,b,none")]).await;
    assert_eq!(gone, done("ok"));
    assert_eq!(on(&host, "keys", &[]).await, done("c"));
}

#[tokio::test]
async fn an_answer_may_not_be_larger_than_the_host_can_bear() {
    let host = start().await;
    let large = vec![b'x'; 7 << 20];
    let set = host.request(Method::POST, "/p2_keyvalue_wasi/set?store=default&key=k");
    assert_eq!(host.send(set.body(large)).await.status, 200);
    let keys = ["k"; 20].join(",");
    let refused = on(&host, "get-many", &[("keys", &keys)]).await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    assert!(
        refused.1.contains("the answer has more than"),
        "{refused:?}"
    );
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn comparisons_that_a_guest_keeps_are_counted() {
    let host = start().await;
    on(&host, "set", &[("key", "k"), ("value", "v")]).await;
    let keep = async |n: &str| on(&host, "keep-cas", &[("key", "k"), ("n", n)]).await;
    assert_eq!(keep("1000").await, done("1000"));
    assert_eq!(keep("1000").await, done("1000"), "they were given back");
    let refused = keep("2000").await;
    assert_eq!(error_kind(&refused), "Other", "{refused:?}");
    no_guest_has_failed(&host).await;
}
