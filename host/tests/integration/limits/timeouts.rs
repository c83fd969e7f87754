//! Guests that take too long, waiting or computing.

use super::{FAILURES, REQUESTS, app, failed, is_whole};
use crate::harness::wire::Wire;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_millis(400);

const SLOW: [(&str, &str); 6] = [
    ("p2_sleep", "?ms=60000"),
    ("p3_sleep", "?ms=60000"),
    ("p2_loop", ""),
    ("p3_loop", ""),
    ("p3_no_response", ""),
    ("p2_post_return", "?ms=0"),
];

#[tokio::test]
async fn guests_that_wait_or_compute_for_too_long_are_given_up() {
    let guests = SLOW.iter().map(|(guest, _)| *guest);
    let host = app(guests)
        .args(["--request-timeout", "400ms"])
        .start()
        .await;
    let (slow, quick) = SLOW.split_at(5);
    for (guest, query) in slow {
        let component = guest.replace('_', "-");
        let began = Instant::now();
        let answer = host.get(&format!("/{guest}{query}")).await;
        let took = began.elapsed();
        assert_eq!(answer.status, 504, "{guest}: {answer:?}");
        assert!(LIMIT <= took && took < 20 * LIMIT, "{guest} took {took:?}");
        failed(&host, &component, "timeout", 1).await;
        let labels = [
            ("component", component.as_str()),
            ("error_type", "timeout"),
            ("http_response_status_code", "504"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
    }
    for (guest, query) in quick {
        assert_eq!(host.get(&format!("/{guest}{query}")).await.status, 200);
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_guest_that_computes_after_its_head_has_its_response_broken_off() {
    let guests = ["p2_loop", "p3_loop"];
    let host = app(guests)
        .args(["--request-timeout", "400ms"])
        .start()
        .await;
    for guest in guests {
        let component = guest.replace('_', "-");
        let mut wire = Wire::connect(&host).await;
        wire.get(&format!("/{guest}?after_head=1")).await;
        assert!(wire.head().await.starts_with("HTTP/1.1 200 "));
        assert_eq!(wire.chunk().await, b"first part");
        assert_eq!(wire.rest().await, "", "no end is sent");
        failed(&host, &component, "timeout", 1).await;
        let labels = [
            ("component", component.as_str()),
            ("error_type", "timeout"),
            ("http_response_status_code", "200"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_response_may_last_longer_than_the_timeout_as_long_as_it_moves() {
    let guests = ["p2_chunks", "p3_chunks"];
    let host = app(guests).args(["--request-timeout", "2s"]).start().await;
    for guest in guests {
        let began = Instant::now();
        let answer = host.get(&format!("/{guest}?n=6&size=10&ms=500")).await;
        assert_eq!((answer.status, answer.body.len()), (200, 60));
        assert!(began.elapsed() >= Duration::from_millis(2500));
    }
    assert_eq!(host.metrics().await.sum(FAILURES, &[]), 0.0);
    is_whole(&host).await;
}

#[tokio::test]
async fn work_that_goes_on_after_the_response_is_ended_when_its_time_is_up() {
    let guests = ["p2_post_return", "p3_background"];
    let host = app(guests)
        .args(["--request-timeout", "400ms"])
        .start()
        .await;
    for guest in guests {
        let answer = host.get(&format!("/{guest}?ms=60000")).await;
        assert_eq!(answer.pair(), (200, "Answered".into()));
    }
    is_whole(&host).await;
    assert!(!host.log().contains("done"));
}

#[tokio::test]
async fn a_body_that_no_client_gets_and_that_stands_still_is_counted_too() {
    let host = app(["p3_chunks"])
        .args(["--request-timeout", "400ms"])
        .start()
        .await;
    let head = host.request(reqwest::Method::HEAD, "/p3_chunks?n=3&size=1&ms=60000");
    assert_eq!(host.send(head).await.status, 200);
    failed(&host, "p3-chunks", "timeout", 1).await;
    host.logged(&["WARN", "\"p3-chunks\"", "\"timeout\""]).await;
    is_whole(&host).await;
}
