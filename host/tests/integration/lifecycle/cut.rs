//! A drain that cannot finish everything, or may not.

use super::{FOREVER, begin_to_drain, in_flight, is_clean, refuses_connections, sleeper, start};
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use reqwest::Method;
use rustix::process::Signal;

const REQUESTS: &str = "http_server_request_duration_seconds_count";
const HOUR: u64 = 3_600_000;

/// Ends with the status for requests that were cut; says in the log how many.
async fn has_cut(host: &mut Host, requests: usize) {
    let (status, log) = host.ended().await;
    assert_eq!(status.code(), Some(1), "{log}");
    host.logged(&["requests were cut", &format!("\"requests\":{requests}")])
        .await;
}

#[tokio::test]
async fn the_deadline_cuts_what_is_left_and_tells_how_much() {
    let mut host = start("deadline = \"500ms\"").await;
    let waiting = [sleeper(&host, HOUR).await, sleeper(&host, HOUR).await];
    let streaming = host.request(Method::GET, "/p3_chunks?n=1000000&size=10&ms=50");
    let mut streaming = streaming.send().await.unwrap();
    streaming.chunk().await.unwrap().unwrap();
    in_flight(&host, 3.0).await;
    host.signal(Signal::TERM);
    has_cut(&mut host, 3).await;
    for wire in waiting {
        assert_eq!(wire.await.unwrap(), "", "no answer is made up");
    }
    let rest = async {
        while streaming.chunk().await?.is_some() {}
        Ok::<_, reqwest::Error>(())
    };
    assert!(rest.await.is_err(), "the body has no end");
}

#[tokio::test]
async fn what_was_cut_is_in_the_last_scrape() {
    let mut host = start(&format!("deadline = \"200ms\"\nadmin_linger = {FOREVER}")).await;
    let waiting = sleeper(&host, HOUR).await;
    in_flight(&host, 1.0).await;
    host.signal(Signal::TERM);
    // At the deadline, and not when the admin server ends.
    assert_eq!(waiting.await.unwrap(), "");
    host.metric_is(REQUESTS, &[("error_type", "stopped")], 1.0)
        .await;
    in_flight(&host, 0.0).await;
    let of_clients = [("error_type", "client_disconnect")];
    assert_eq!(host.metrics().await.sum(REQUESTS, &of_clients), 0.0);
    host.logged(&["\"stopped\""]).await;
    host.signal(Signal::TERM);
    has_cut(&mut host, 1).await;
}

#[tokio::test]
async fn a_second_signal_ends_the_delay_and_the_wait_and_the_linger() {
    for drain in ["delay", "deadline"] {
        let linger = format!("{drain} = {FOREVER}\nadmin_linger = {FOREVER}");
        let mut host = start(&linger).await;
        let waiting = sleeper(&host, HOUR).await;
        in_flight(&host, 1.0).await;
        begin_to_drain(&host).await;
        if drain == "deadline" {
            refuses_connections(&host).await;
        }
        host.signal(Signal::INT);
        host.logged(&["a second signal ends the drain", "SIGINT"])
            .await;
        assert_eq!(waiting.await.unwrap(), "");
        has_cut(&mut host, 1).await;
    }
}

#[tokio::test]
async fn a_guest_that_computes_without_end_does_not_hold_up_the_deadline() {
    let app = super::app("deadline = \"300ms\"").guest("p3_loop", "");
    let mut host = app.args(["--request-timeout", "1h"]).start().await;
    let looping = tokio::spawn(host.request(Method::GET, "/p3_loop").send());
    in_flight(&host, 1.0).await;
    host.signal(Signal::TERM);
    assert!(looping.await.unwrap().is_err());
    has_cut(&mut host, 1).await;
}

#[tokio::test]
async fn a_client_that_only_keeps_its_connection_is_no_cut_request() {
    let mut host = start("deadline = \"300ms\"").await;
    // Nothing was sent on one, half a head on the other.
    let _silent = Wire::connect(&host).await;
    let mut half = Wire::connect(&host).await;
    half.send("GET /p3_hello HTTP/1.1\r\nho").await;
    host.metric_is("weir_connections_active", &[], 2.0).await;
    let (status, log) = host.stop().await;
    assert!(is_clean(status), "{log}");
}

#[tokio::test]
async fn guests_that_go_on_after_their_answers_are_cut_at_the_deadline() {
    let app = super::app("deadline = \"300ms\"").guest("p3_background", "");
    let mut host = app.start().await;
    let answer = host.get("/p3_background?ms=3600000").await;
    assert_eq!(answer.pair(), (200, "Answered".into()));
    let (status, log) = host.stop().await;
    assert_eq!(status.code(), Some(1), "{log}");
    let told = ["guests were cut", "\"guests\":1"];
    assert_eq!(host.log_lines(&told).len(), 1, "{log}");
    assert!(!log.contains("requests were cut"), "{log}");
}

#[tokio::test]
async fn a_further_signal_ends_the_wait_for_the_last_spans() {
    // It takes connections, and answers nothing.
    let collector = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", collector.local_addr().unwrap());
    let mut host = super::app("")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", &url)
        .env("OTEL_BSP_SCHEDULE_DELAY", "3600000")
        .start()
        .await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    host.signal(Signal::TERM);
    let exporting = tokio::task::spawn_blocking(move || collector.accept().unwrap());
    let _exporting = exporting.await.unwrap();
    host.signal(Signal::TERM);
    let (status, log) = host.ended().await;
    assert!(is_clean(status), "{log}");
    // What the exporter says when its own time is up.
    assert!(!log.contains("were not exported"), "{log}");
}
