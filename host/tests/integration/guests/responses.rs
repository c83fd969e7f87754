//! What guests answer, and what they do afterwards.

use crate::harness::app::App;
use reqwest::Method;

#[tokio::test]
async fn guests_of_both_versions_serve_side_by_side() {
    let host = App::new()
        .guest("p2_hello", "")
        .guest("p3_hello", "")
        .start()
        .await;
    for guest in ["p2_hello", "p3_hello"] {
        let answer = host.get(&format!("/{guest}/")).await;
        assert_eq!(answer.pair(), (200, "Hello".into()));
        assert_eq!(answer.header("content-type"), "text/plain");
        let labels = [
            ("component", &*guest.replace('_', "-")),
            ("http_request_method", "GET"),
            ("http_route", &*format!("/{guest}/...")),
            ("http_response_status_code", "200"),
        ];
        let name = "http_server_request_duration_seconds_count";
        host.metric_is(name, &labels, 1.0).await;
    }
}

#[tokio::test]
async fn head_is_answered_without_the_body() {
    let host = App::new()
        .guest("p2_hello", "")
        .guest("p3_hello", "")
        .start()
        .await;
    for guest in ["p2_hello", "p3_hello"] {
        let head = host.request(Method::HEAD, &format!("/{guest}/"));
        let answer = host.send(head).await;
        assert_eq!(answer.pair(), (200, String::new()));
        assert_eq!(answer.header("content-type"), "text/plain");
        // The connection is fit for more.
        assert_eq!(host.get(&format!("/{guest}/")).await.text(), "Hello");
    }
    let labels = [("http_request_method", "HEAD")];
    host.metric_is("http_server_request_duration_seconds_count", &labels, 2.0)
        .await;
    host.metric_is("http_server_response_body_size_bytes_sum", &[], 10.0)
        .await;
}

#[tokio::test]
async fn any_status_from_200_to_599_is_passed_on_and_others_are_a_failure() {
    let host = App::new()
        .guest("p2_bad_status", "")
        .guest("p3_bad_status", "")
        .start()
        .await;
    for guest in ["p2_bad_status", "p3_bad_status"] {
        let answer = async |status: u16| {
            let answer = host.get(&format!("/{guest}/?status={status}")).await;
            (answer.status, answer.text())
        };
        for status in [200, 204, 299, 304, 418, 499, 503, 599] {
            assert_eq!(answer(status).await, (status, String::new()), "{guest}");
        }
        for status in [100, 101, 199] {
            let failed = answer(status).await;
            assert_eq!(failed.0, 500, "{guest} {status}: {}", failed.1);
        }
        for status in [600, 999] {
            // WASI 0.3 does not even let a guest say so.
            let expected = match guest {
                "p2_bad_status" => 500,
                _ => 200,
            };
            let (status, text) = answer(status).await;
            assert_eq!((status, text == "refused"), (expected, expected == 200));
        }
        let labels = [
            ("component", &*guest.replace('_', "-")),
            ("reason", "invalid_status"),
        ];
        let failures = if guest == "p2_bad_status" { 5.0 } else { 3.0 };
        host.metric_is("weir_component_failures_total", &labels, failures)
            .await;
        let name = "http_server_request_duration_seconds_count";
        let failed = [labels[0], ("error_type", "invalid_status")];
        host.metric_is(name, &failed, failures).await;
        // What has no registered meaning is counted under its class.
        for (class, count) in [("2xx", 1.0), ("4xx", 1.0), ("5xx", 1.0)] {
            let labels = [labels[0], ("http_response_status_code", class)];
            host.metric_is(name, &labels, count).await;
        }
        assert_eq!(
            answer(10).await,
            (200, "refused".into()),
            "no status at all"
        );
    }
}

#[tokio::test]
async fn a_guest_goes_on_after_its_answer() {
    let host = App::new()
        .guest("p2_post_return", "")
        .guest("p3_background", "")
        .start()
        .await;
    for guest in ["p2_post_return", "p3_background"] {
        let answer = host.get(&format!("/{guest}/?ms=1000")).await;
        assert_eq!(answer.text(), "Answered");
        let id = format!("\"{}\"", guest.replace('_', "-"));
        let log = host.log();
        let early = log
            .lines()
            .any(|line| line.contains(&id) && line.contains("\"done\""));
        assert!(!early, "{guest} was waited for");
        host.logged(&[&id, "\"done\"", &format!("/{guest}/...")])
            .await;
    }
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum("weir_component_failures_total", &[]), 0.0);
}
