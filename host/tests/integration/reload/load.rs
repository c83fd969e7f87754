//! Reloads under load, and many of them.

use super::{app, generation_is, put, put_bytes, reload};
use crate::harness::host::{Answer, Host, client};
use reqwest::Client;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Asks until it is told to stop; gives what it was answered.
async fn ask_on(host: &Host, kept: bool, stop: &AtomicBool) -> Vec<(u16, String)> {
    let mut answers = Vec::new();
    let mut own = client();
    while !stop.load(Relaxed) {
        if !kept {
            own = client();
        }
        answers.push(ask(&own, host).await);
    }
    answers
}

async fn ask(client: &Client, host: &Host) -> (u16, String) {
    let response = client.get(format!("{}/x", host.addresses[0])).send().await;
    let response = response.unwrap_or_else(|error| panic!("a request was dropped: {error:?}"));
    Answer::read(response).await.pair()
}

/// Fifty reloads between two versions, with twenty broken files in between.
async fn reload_often(host: &Host, stop: &AtomicBool) {
    for round in 0..50 {
        let version = ["p3_readme", "p3_hello"][round % 2];
        put(host.folder(), version);
        assert_eq!(reload(host).await.status, 200);
        if round % 5 < 2 {
            put_bytes(host.folder(), b"\0asm broken");
            assert_eq!(reload(host).await.status, 409);
        }
    }
    stop.store(true, Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_no_request_fails_and_each_answer_is_from_one_version() {
    let host = app("p3_hello").start().await;
    let stop = AtomicBool::new(false);
    let clients = (0..8).map(|client| ask_on(&host, client % 2 == 0, &stop));
    let (answers, ()) = futures_util::future::join(
        futures_util::future::join_all(clients),
        reload_often(&host, &stop),
    )
    .await;
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    for (status, text) in &answers {
        assert_eq!(*status, 200);
        assert!(
            ["Hello", "Hello, /x\n"].contains(&text.as_str()),
            "{text:?}"
        );
    }
    for version in ["Hello", "Hello, /x\n"] {
        assert!(
            answers.iter().any(|(_, text)| text == version),
            "{version:?} never served"
        );
    }
    let labels = [("http_response_status_code", "200")];
    let count = "http_server_request_duration_seconds_count";
    host.metric_is(count, &labels, answers.len() as f64).await;
    host.metric_is(
        "weir_reloads_total",
        &[("component", "app"), ("result", "success")],
        50.0,
    )
    .await;
    host.metric_is(
        "weir_reloads_total",
        &[("component", "app"), ("result", "failure")],
        20.0,
    )
    .await;
}

#[tokio::test]
async fn a_response_that_streams_is_finished_by_the_old_generation() {
    let host = app("p3_chunks").start().await;
    let streaming = host.request(reqwest::Method::GET, "/?n=20&size=10&ms=50");
    let mut response = streaming.send().await.unwrap();
    let mut text = response.chunk().await.unwrap().unwrap().to_vec();
    put(host.folder(), "p3_hello");
    assert_eq!(reload(&host).await.status, 200);
    assert_eq!(host.get("/").await.text(), "Hello");
    let status = host.admin("/status").await.json();
    assert_eq!(
        status["components"][0]["draining"][0]["requests"], 1,
        "{status}"
    );
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.extend(chunk);
    }
    assert_eq!(text.len(), 200);
    crate::harness::eventually("the old generation's end", async || {
        let status = host.admin("/status").await.json();
        (status["components"][0]["draining"] == serde_json::json!([])).then_some(())
    })
    .await;
}

async fn resident(host: &Host) -> f64 {
    host.metrics()
        .await
        .sum("process_resident_memory_bytes", &[])
}

async fn alternate(host: &Host, times: usize) {
    for round in 0..times {
        put(host.folder(), ["p3_readme", "p3_hello"][round % 2]);
        assert_eq!(reload(host).await.status, 200);
        assert_eq!(host.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn two_hundred_reloads_leave_neither_memory_nor_series_behind() {
    let host = app("p3_hello").start().await;
    alternate(&host, 20).await;
    let (memory, series) = (
        resident(&host).await,
        host.metrics().await.text().lines().count(),
    );
    alternate(&host, 200).await;
    generation_is(&host, 221).await;
    assert_eq!(host.metrics().await.text().lines().count(), series);
    let grown = resident(&host).await / memory;
    // What a generation leaves behind would double it; the allocator alone moves it by a tenth.
    assert!(grown < 1.3, "resident memory grew by a factor of {grown}");
}
