//! Requests whose body is too large or too slow, and heads that are too large.

use super::{FAILURES, REJECTED, REQUESTS, app, is_whole};
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::{Reply, Wire};
use std::time::{Duration, Instant};

const GUESTS: [&str; 2] = ["p2_log_directory", "p3_log_directory"];

/// Guests that leave what they are sent in their log directory, once they have all of it.
async fn start(config: &str) -> Host {
    let of = |id| {
        format!(
            "[component.{id}]\nlog_directory = {{ max_entry = \"2MiB\" }}\nmax_request_body = 1000\n"
        )
    };
    let components = of("p2-log-directory") + &of("p3-log-directory");
    app(GUESTS)
        .config(&format!("{config}{components}"))
        .start()
        .await
}

fn head(guest: &str, framing: &str) -> String {
    format!("POST /{guest}/entry HTTP/1.1\r\nhost: test\r\n{framing}\r\n\r\n")
}

/// Sends a body of `size` bytes in chunks of 100.
async fn chunked(host: &Host, guest: &str, size: usize) -> Reply {
    let mut wire = Wire::connect(host).await;
    wire.send(head(guest, "transfer-encoding: chunked")).await;
    let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
    wire.send(chunk.repeat(size / 100)).await;
    wire.send("0\r\n\r\n").await;
    wire.reply().await
}

async fn declared(host: &Host, guest: &str, size: usize) -> Reply {
    let mut wire = Wire::connect(host).await;
    wire.send(head(guest, &format!("content-length: {size}")))
        .await;
    wire.send("x".repeat(size)).await;
    wire.reply().await
}

async fn rejected(host: &Host, guest: &str, status: &str, reason: &str, times: f64) {
    let component = guest.replace('_', "-");
    let of_component = ("component", component.as_str());
    host.metric_is(REJECTED, &[of_component, ("reason", reason)], times)
        .await;
    let labels = [
        of_component,
        ("http_response_status_code", status),
        ("error_type", reason),
    ];
    host.metric_is(REQUESTS, &labels, times).await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_leaves_nothing() {
    let host = start("").await;
    for guest in GUESTS {
        let component = guest.replace('_', "-");
        assert_eq!(declared(&host, guest, 1001).await.status, 413);
        rejected(&host, guest, "413", "body_too_large", 1.0).await;
        assert_eq!(chunked(&host, guest, 1100).await.status, 413);
        rejected(&host, guest, "413", "body_too_large", 2.0).await;
        assert_eq!(host.log_files(&component).len(), 0);

        assert_eq!(declared(&host, guest, 1000).await.status, 200);
        assert_eq!(chunked(&host, guest, 1000).await.status, 200);
        for file in host.log_files(&component) {
            assert_eq!(std::fs::metadata(file).unwrap().len(), 1000);
        }
        assert_eq!(host.log_files(&component).len(), 2);
    }
    let failures = host.metrics().await.sum(FAILURES, &[]);
    assert_eq!(failures, 0.0, "the guests are not to blame");
    is_whole(&host).await;
}

#[tokio::test]
async fn a_client_that_is_still_sending_gets_to_see_the_refusal() {
    let host = start("").await;
    for framing in ["content-length: 33554432", "transfer-encoding: chunked"] {
        let mut wire = Wire::connect(&host).await;
        wire.send(head("p3_log_directory", framing)).await;
        let part = "x".repeat(1 << 20);
        let part = match framing.starts_with("content") {
            true => part,
            false => format!("100000\r\n{part}\r\n"),
        };
        // A host that closed the connection now would have the answer lost.
        for _ in 0..32 {
            wire.try_send(&part).await.unwrap();
        }
        assert_eq!(wire.reply().await.status, 413, "{framing}");
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let host = start("").await;
    let mut wire = Wire::connect(&host).await;
    let framing = "content-length: 1001\r\nexpect: 100-continue";
    wire.send(head("p3_log_directory", framing)).await;
    assert_eq!(wire.reply().await.status, 413);
    let mut wire = Wire::connect(&host).await;
    let framing = "content-length: 3\r\nexpect: 100-continue";
    wire.send(head("p3_log_directory", framing)).await;
    assert_eq!(wire.reply().await.status, 100);
    wire.send("abc").await;
    assert_eq!(wire.reply().await.status, 200);
    is_whole(&host).await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_given_up() {
    let host = start("[limits]\nbody_timeout = \"400ms\"\n").await;
    for guest in GUESTS {
        let began = Instant::now();
        let mut wire = Wire::connect(&host).await;
        wire.send(head(guest, "content-length: 10")).await;
        wire.send("12345").await;
        assert_eq!(wire.reply().await.status, 408);
        assert!(began.elapsed() >= Duration::from_millis(400));
        rejected(&host, guest, "408", "body_timeout", 1.0).await;
        assert_eq!(host.log_files(&guest.replace('_', "-")).len(), 0);
    }
    assert_eq!(host.metrics().await.sum(FAILURES, &[]), 0.0);
    is_whole(&host).await;
}

#[tokio::test]
async fn a_body_that_ends_too_soon_leaves_nothing() {
    let host = start("").await;
    for guest in GUESTS {
        let component = guest.replace('_', "-");
        let mut wire = Wire::connect(&host).await;
        wire.send(head(guest, "content-length: 10")).await;
        wire.send("12345").await;
        let busy = [("component", component.as_str()), ("state", "busy")];
        host.metric_is("weir_component_instances", &busy, 1.0).await;
        drop(wire);
        let labels = [
            ("component", component.as_str()),
            ("error_type", "client_disconnect"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
        assert_eq!(host.log_files(&component).len(), 0);
    }
    is_whole(&host).await;
    let told = host.log_lines(&["hyper"]);
    assert_eq!(told, Vec::<String>::new(), "clients leave all the time");
}

#[tokio::test]
async fn a_head_that_is_too_large_or_none_at_all_is_refused() {
    let host = start("[limits]\nmax_header_bytes = \"8KiB\"\n").await;
    let fields = |count: usize| vec!["x: y"; count].join("\r\n");
    for (head, status) in [
        (format!("x-large: {}", "x".repeat(9000)), 431),
        (fields(256), 431),
        ("no header".to_owned(), 400),
    ] {
        let mut wire = Wire::connect(&host).await;
        wire.send(format!(
            "GET /p3_hello HTTP/1.1\r\nhost: test\r\n{head}\r\n\r\n"
        ))
        .await;
        assert_eq!(wire.reply().await.status, status);
    }
    for (reason, times) in [("header_too_large", 2.0), ("invalid_head", 1.0)] {
        host.metric_is("weir_connection_errors_total", &[("reason", reason)], times)
            .await;
    }
    for fits in [format!("x-large: {}", "x".repeat(7000)), fields(255)] {
        let mut wire = Wire::connect(&host).await;
        wire.send(format!(
            "GET /p3_hello HTTP/1.1\r\nhost: test\r\n{fits}\r\n\r\n"
        ))
        .await;
        assert_eq!(wire.reply().await.status, 200);
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn an_upload_that_the_host_answers_itself_is_taken_until_its_client_sees_the_answer() {
    let fixed = "[[trigger.http]]\nroute = \"/fixed\"\nstatic_response = { body = \"fixed\" }";
    let config = "[limits]\nqueue_length = 0\n\
                  [component.p3-sleep]\nmax_in_flight = 1\nmax_request_body = \"64MiB\"\n\
                  [component.p3-trap]\nmax_request_body = \"64MiB\"\n";
    let host = app(["p3_sleep", "p3_trap"])
        .manifest(fixed)
        .config(config)
        .start()
        .await;
    let mut held = Wire::connect(&host).await;
    held.get("/p3_sleep?ms=60000").await;
    let busy = [("component", "p3-sleep"), ("state", "busy")];
    host.metric_is("weir_component_instances", &busy, 1.0).await;
    for (path, status) in [
        ("/nowhere", 404),
        ("/.well-known/spin/health", 200),
        ("/fixed", 200),
        ("/p3_sleep", 503),
        ("/p3_trap", 500),
    ] {
        let mut wire = Wire::connect(&host).await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: 33554432\r\n\r\n");
        wire.send(head).await;
        for _ in 0..32 {
            let sent = wire.try_send("x".repeat(1 << 20)).await;
            assert!(sent.is_ok(), "{path} was cut off");
        }
        assert_eq!(wire.reply().await.status, status, "{path}");
    }
    drop(held);
    is_whole(&host).await;
}

#[tokio::test]
async fn an_instance_whose_client_sent_too_much_goes_on_serving() {
    let host = App::new()
        .guest("p3_log_directory", "")
        .config("[component.p3-log-directory]\nlog_directory = true\nmax_request_body = 1000\n")
        .start()
        .await;
    for _ in 0..5 {
        let refused = chunked(&host, "p3_log_directory", 1100).await;
        assert_eq!(refused.status, 413);
        host.rests().await;
    }
    let metrics = host.metrics().await;
    let created = metrics.sum("weir_component_instances_created_total", &[]);
    assert_eq!(created, 1.0, "the guest did nothing wrong");
}

#[tokio::test]
async fn a_connection_whose_upload_was_refused_is_kept_while_the_rest_comes() {
    let host = start("[limits]\nheader_timeout = \"400ms\"\n").await;
    let mut wire = Wire::connect(&host).await;
    wire.send(head("p3_log_directory", "content-length: 10000"))
        .await;
    assert_eq!(wire.reply().await.status, 413);
    for _ in 0..10 {
        // A slow client, but no silent one.
        tokio::time::sleep(Duration::from_millis(150)).await;
        wire.send("x".repeat(1000)).await;
    }
    assert_eq!(wire.ask("/p3_hello").await.status, 200);
    let errors = host.metrics().await;
    assert_eq!(errors.sum("weir_connection_errors_total", &[]), 0.0);
    drop(wire);
    is_whole(&host).await;
}
