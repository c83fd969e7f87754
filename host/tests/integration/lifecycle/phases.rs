//! What the admin server tells while the host starts, serves and drains.

use super::{FOREVER, app, begin_to_drain, is_clean, start};
use crate::harness::host::Host;
use crate::harness::{eventually, free_address};
use rustix::process::Signal;

const READY: &str = "weir_ready";

#[tokio::test]
async fn a_host_that_waits_for_a_store_is_alive_and_not_ready() {
    let first = app("")
        .guest("p3_key_value", "key_value_stores = [\"default\"]")
        .start()
        .await;
    let admin = free_address();
    let mut second = Host::launch(first.launch.clone().with_admin(&admin));
    second.admin = format!("http://{admin}");
    let told = eventually("what it waits for", async || {
        let told = second.try_admin("/readyz").await?;
        told.text().contains("key-value").then_some(told)
    })
    .await;
    let waits = "opening key-value store `default`";
    assert_eq!(told.pair(), (503, format!("starting: {waits}\n")));
    assert_eq!(second.admin("/livez").await.pair(), (200, "ok\n".into()));
    let status = second.admin("/status").await.json();
    assert_eq!(status["state"], "starting", "{status}");
    assert_eq!(status["waiting_for"], waits, "{status}");
    assert_eq!(status["components"], serde_json::json!([]));
    second.metric_is(READY, &[], 0.0).await;
    let reload = second.client.post(format!("{}/reload", second.admin));
    let refused = second.send(reload.header("weir-admin", "1")).await;
    assert_eq!(refused.pair(), (503, "the host is not ready\n".into()));

    second.signal(Signal::TERM);
    let (status, log) = second.ended().await;
    assert!(is_clean(status), "nothing was in flight: {log}");
    assert_eq!(first.get("/p3_hello").await.status, 200);
}

#[tokio::test]
async fn a_host_that_serves_is_ready_and_says_what_it_runs() {
    let host = start("").await;
    assert_eq!(host.admin("/livez").await.pair(), (200, "ok\n".into()));
    assert_eq!(host.admin("/readyz").await.pair(), (200, "ok\n".into()));
    host.metric_is(READY, &[], 1.0).await;
    host.get("/p3_hello").await;
    host.rests().await;
    let status = host.admin("/status").await.json();
    assert_eq!(status["state"], "ready", "{status}");
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(status["application"], "test");
    assert_eq!(status.get("waiting_for"), None);
    assert!(status["uptime_seconds"].as_f64().unwrap() > 0.0);
    let listener = serde_json::json!({
        "address": host.socket(), "base_path": "/", "tls": false
    });
    assert_eq!(status["listeners"], serde_json::json!([listener]));
    let components = status["components"].as_array().unwrap();
    let ids: Vec<_> = components.iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, ["p3-chunks", "p3-echo-body", "p3-hello", "p3-sleep"]);
    let hello = &components[2];
    assert_eq!(hello["routes"], serde_json::json!(["/p3_hello/..."]));
    assert_eq!(hello["generation"], 1);
    assert_eq!(hello["instances"]["idle"], 1, "{status}");
    assert_eq!(hello["digest"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_host_that_drains_is_alive_and_not_ready() {
    let mut host = start(&format!("delay = {FOREVER}")).await;
    begin_to_drain(&host).await;
    assert_eq!(host.admin("/livez").await.pair(), (200, "ok\n".into()));
    let told = host.admin("/readyz").await;
    assert_eq!(told.pair(), (503, "draining\n".into()));
    let status = host.admin("/status").await.json();
    assert_eq!(status["state"], "draining", "{status}");
    assert_eq!(status["components"].as_array().unwrap().len(), 4);
    host.metric_is(READY, &[], 0.0).await;
    host.signal(Signal::TERM);
    assert!(is_clean(host.ended().await.0));
}

#[tokio::test]
async fn the_admin_server_stays_for_a_last_scrape() {
    let mut host = start(&format!("admin_linger = {FOREVER}")).await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    host.signal(Signal::TERM);
    host.logged(&["\"stopped\"", "\"requests\":1"]).await;
    let served = "http_server_request_duration_seconds_count";
    assert_eq!(host.metrics().await.sum(served, &[]), 1.0);
    assert_eq!(host.admin("/livez").await.status, 200);
    assert_eq!(host.admin("/readyz").await.status, 503);
    host.signal(Signal::TERM);
    assert!(is_clean(host.ended().await.0));
    assert!(host.try_admin("/livez").await.is_none());
}
