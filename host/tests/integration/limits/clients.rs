//! Clients that send nothing, send slowly, or take nothing.

use super::{REQUESTS, app, is_whole};
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use std::time::{Duration, Instant};

async fn start(limits: &str) -> Host {
    app(["p3_chunks", "p2_chunks"])
        .config(&format!("[limits]\n{limits}"))
        .start()
        .await
}

/// What came until the host closed the connection, and how long that took.
async fn closed(wire: Wire) -> (String, Duration) {
    let began = Instant::now();
    (wire.rest().await, began.elapsed())
}

async fn connection_error(host: &Host, reason: &str, times: f64) {
    host.metric_is("weir_connection_errors_total", &[("reason", reason)], times)
        .await;
}

#[tokio::test]
async fn a_connection_that_stays_silent_is_closed() {
    let host = start("first_byte_timeout = \"500ms\"").await;
    let (text, took) = closed(Wire::connect(&host).await).await;
    assert_eq!(text, "");
    assert!(took >= Duration::from_millis(400), "{took:?}");
    host.metric_is("weir_connections_active", &[], 0.0).await;
    is_whole(&host).await;
}

#[tokio::test]
async fn a_head_that_trickles_in_is_given_up() {
    let host = start("header_timeout = \"700ms\"\nfirst_byte_timeout = \"60s\"").await;
    let began = Instant::now();
    let mut wire = Wire::connect(&host).await;
    wire.send("GET /p3_hello HTTP/1.1\r\n").await;
    let mut line = 0;
    // Each line is in time, the head is not.
    while wire.try_send(format!("x-{line}: 1\r\n")).await.is_ok() {
        line += 1;
        assert!(began.elapsed() < Duration::from_secs(30), "{line} lines");
        assert_eq!(host.get("/p3_chunks?n=2&size=1&ms=50").await.status, 200);
    }
    assert!(began.elapsed() >= Duration::from_millis(700));
    connection_error(&host, "header_timeout", 1.0).await;
    is_whole(&host).await;
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_for_as_long_as_is_set() {
    let limits =
        "keep_alive_timeout = \"4s\"\nheader_timeout = \"2s\"\nfirst_byte_timeout = \"2s\"";
    let host = start(limits).await;
    let mut wire = Wire::connect(&host).await;
    for _ in 0..3 {
        assert_eq!(wire.ask("/p3_hello").await.status, 200);
    }
    let (text, took) = closed(wire).await;
    assert_eq!(text, "");
    assert!(took >= Duration::from_millis(3900), "{took:?}");
    is_whole(&host).await;
}

#[tokio::test]
async fn an_active_request_keeps_its_connection_however_long_it_takes() {
    let limits =
        "keep_alive_timeout = \"2s\"\nheader_timeout = \"2s\"\nfirst_byte_timeout = \"2s\"";
    let host = start(limits).await;
    let mut wire = Wire::connect(&host).await;
    let answer = wire.ask("/p3_chunks?n=3&size=5&ms=2500").await;
    assert_eq!(answer.text(), "3".repeat(15));
    is_whole(&host).await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_response_is_cut_off() {
    let host = start("write_timeout = \"500ms\"").await;
    for guest in ["p2_chunks", "p3_chunks"] {
        let component = guest.replace('_', "-");
        let mut wire = Wire::connect_narrow(&host).await;
        wire.get(&format!("/{guest}?n=1000&size=65536&ms=0")).await;
        let labels = [
            ("component", component.as_str()),
            ("http_response_status_code", "200"),
            ("error_type", "client_disconnect"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
        host.rests().await;
        drop(wire);
    }
    connection_error(&host, "write_timeout", 2.0).await;
    is_whole(&host).await;
}

#[tokio::test]
async fn a_client_that_takes_its_response_slowly_gets_all_of_it() {
    let limit = Duration::from_secs(3);
    let host = start("write_timeout = \"3s\"").await;
    let mut wire = Wire::connect_narrow(&host).await;
    let began = Instant::now();
    wire.get("/p3_chunks?n=20&size=65536&ms=0").await;
    assert!(wire.head().await.starts_with("HTTP/1.1 200 "));
    let mut length = 0;
    loop {
        let chunk = wire.chunk().await;
        length += chunk.len();
        if chunk.is_empty() {
            break;
        }
        // Longer over all than the limit, never for one part.
        assert_eq!(host.get("/p3_chunks?n=2&size=1&ms=200").await.status, 200);
    }
    assert_eq!(length, 20 * 65536);
    assert!(began.elapsed() > limit, "it was not slow");
    is_whole(&host).await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_until_others_leave() {
    let host = start("max_connections = 2").await;
    let mut first = Wire::connect(&host).await;
    let mut second = Wire::connect(&host).await;
    assert_eq!(first.ask("/p3_hello").await.status, 200);
    assert_eq!(second.ask("/p3_hello").await.status, 200);
    let mut third = Wire::connect(&host).await;
    third.get("/p3_hello").await;
    assert_eq!(second.ask("/p3_hello").await.status, 200);
    let accepted = host
        .metrics()
        .await
        .sum("weir_connections_accepted_total", &[]);
    assert_eq!(accepted, 2.0);
    drop(first);
    assert_eq!(third.reply().await.status, 200);
    drop((second, third));
    is_whole(&host).await;
}
