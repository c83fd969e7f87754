//! Requests that share an instance of WASI 0.3 with one that brings it down.

use super::{FAILURES, REQUESTS, app, failed, is_whole};
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use futures_util::future::join_all;
use std::time::Instant;

/// The answer comes after the instance has worked on something else for a while.
async fn after(host: &Host, milliseconds: u32, path: &str) -> u16 {
    let waited = host.get(&format!("/p3_sleep?ms={milliseconds}")).await;
    assert_eq!(waited.status, 200);
    host.get(path).await.status
}

#[tokio::test]
async fn who_shares_an_instance_with_a_loop_gets_500_and_the_loop_504() {
    let host = app(["p3_loop", "p3_sleep"])
        .args(["--request-timeout", "10s"])
        .start()
        .await;
    // They come to the same instance while the first one still waits, and their time would be up
    // a second later than its own.
    let sibling = || after(&host, 1000, "/p3_loop?ms=60000");
    let culprit = async { host.get("/p3_loop?ms=6000").await.status };
    let siblings = async {
        let of_component = [("component", "p3-loop")];
        host.metric_is("http_server_active_requests", &of_component, 1.0)
            .await;
        join_all([sibling(), sibling(), sibling()]).await
    };
    let (culprit, siblings) = futures_util::future::join(culprit, siblings).await;
    assert_eq!((culprit, siblings), (504, vec![500, 500, 500]));
    let created = ("component", "p3-loop");
    host.metric_is("weir_component_instances_created_total", &[created], 1.0)
        .await;
    for (reason, times) in [("timeout", 1.0), ("sibling", 3.0)] {
        host.metric_is(FAILURES, &[("reason", reason)], times).await;
        host.metric_is(REQUESTS, &[("error_type", reason)], times)
            .await;
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_request_that_comes_while_an_instance_computes_is_served_by_another() {
    let host = app(["p3_loop", "p3_sleep"])
        .args(["--request-timeout", "10s"])
        .start()
        .await;
    let looping = async {
        let status = host.get("/p3_loop").await.status;
        (status, Instant::now())
    };
    let late = async {
        assert_eq!(host.get("/p3_sleep?ms=1000").await.status, 200);
        let mut wire = Wire::connect(&host).await;
        wire.get("/p3_loop?after_head=1").await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Instant::now()
    };
    let ((status, given_up), answered) = futures_util::future::join(looping, late).await;
    assert_eq!(status, 504);
    assert!(answered < given_up, "it waited for the other one's end");
    failed(&host, "p3-loop", "timeout", 1).await;
    is_whole(&host).await;
}
