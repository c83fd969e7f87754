//! Requests from one component to another, or to the app, that stay inside the host.

use super::{no_guest_has_failed, target};
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use serde_json::{Value, json};

const GUESTS: [&str; 2] = ["p2_outbound", "p3_outbound"];
const FAILURES: &str = "weir_component_failures_total";
const REJECTED: &str = "weir_requests_rejected_total";
const CHAINED: &str = "weir_chained_request_duration_seconds_count";

/// Both guests, allowed to send to these hosts, beside components that they can send to.
fn app(hosts: &[&str]) -> App {
    let allowed = format!("allowed_outbound_hosts = {hosts:?}");
    let app = App::new()
        .guest("p2_request_info", "")
        .guest("p3_request_info", "")
        .guest("p3_trap", "");
    GUESTS
        .iter()
        .fold(app, |app, guest| app.guest(guest, &allowed))
}

async fn send(host: &Host, guest: &str, url: &str) -> Value {
    let path = target(&format!("/{guest}/"), &[("url", url)]);
    host.get(&path).await.json()
}

/// What the asked component was told.
fn told(answer: &Value) -> Value {
    assert_eq!(answer["status"], 200, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

fn header<'i>(info: &'i Value, name: &str) -> Option<&'i Value> {
    let headers = info["headers"].as_array().unwrap();
    headers
        .iter()
        .find(|pair| pair[0] == name)
        .map(|pair| &pair[1])
}

async fn denied(host: &Host, url: &str) {
    for guest in GUESTS {
        let answer = send(host, guest, url).await;
        assert_eq!(answer, json!({ "error": "HttpRequestDenied" }), "{url}");
    }
}

#[tokio::test]
async fn a_component_asks_another_by_its_id() {
    let host = app(&[
        "http://p2-request-info.spin.internal",
        "http://p3-request-info.spin.internal",
    ])
    .start()
    .await;
    for guest in GUESTS {
        for id in ["p2-request-info", "p3-request-info"] {
            let url = format!("http://{id}.spin.internal/any/path?q=1");
            let info = told(&send(&host, guest, &url).await);
            assert_eq!(info["method"], "GET");
            assert_eq!(info["path_with_query"], "/any/path?q=1");
            assert_eq!(info["authority"], format!("{id}.spin.internal"));
            let path_info = header(&info, "spin-path-info");
            assert_eq!(path_info, Some(&json!("/any/path")), "{info}");
        }
    }
    let name = "weir_chained_request_duration_seconds_count";
    for id in ["p2-request-info", "p3-request-info"] {
        let labels = [("component", id), ("http_response_status_code", "200")];
        host.metric_is(name, &labels, 2.0).await;
    }
}

#[tokio::test]
async fn chained_requests_are_neither_server_nor_client_requests_of_http() {
    let host = app(&["http://*.spin.internal"]).start().await;
    let before = host
        .metrics()
        .await
        .sum("weir_connections_accepted_total", &[]);
    for guest in GUESTS {
        told(&send(&host, guest, "http://p3-request-info.spin.internal/").await);
    }
    host.metric_is("http_server_request_duration_seconds_count", &[], 2.0)
        .await;
    let metrics = host.metrics().await;
    let client = metrics.series("http_client_request_duration_seconds_count");
    assert_eq!(client, 0, "it was sent over the network");
    let asked = [("component", "p3-request-info")];
    let served = metrics.sum("http_server_request_duration_seconds_count", &asked);
    assert_eq!(served, 0.0);
    let after = metrics.sum("weir_connections_accepted_total", &[]);
    assert!(
        after - before <= 1.0,
        "the host asks itself over the network"
    );
}

#[tokio::test]
async fn only_the_components_that_are_named_can_be_asked() {
    let host = app(&["http://p3-request-info.spin.internal"]).start().await;
    told(
        &send(
            &host,
            "p2_outbound",
            "http://p3-request-info.spin.internal/",
        )
        .await,
    );
    denied(&host, "http://p2-request-info.spin.internal/").await;
    denied(&host, "http://nobody.spin.internal/").await;
    denied(&host, "http://self.alt/p2_request_info/").await;
    for id in ["p2-outbound", "p3-outbound"] {
        host.metric_is("weir_outbound_denied_total", &[("component", id)], 3.0)
            .await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_component_that_is_not_there_is_not_found() {
    let host = app(&["http://*.spin.internal"]).start().await;
    for guest in GUESTS {
        let answer = send(&host, guest, "http://nobody.spin.internal/").await;
        assert_eq!(answer, json!({ "error": "DestinationNotFound" }));
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn the_app_is_asked_by_its_routes() {
    let host = app(&["http://self"]).start().await;
    for guest in GUESTS {
        let info = told(&send(&host, guest, "http://self.alt/p2_request_info/x").await);
        assert_eq!(info["path_with_query"], "/p2_request_info/x");
        assert_eq!(header(&info, "spin-path-info"), Some(&json!("/x")));
        let nowhere = send(&host, guest, "http://self.alt/nowhere").await;
        assert_eq!(nowhere["error"], "DestinationNotFound", "{nowhere}");
    }
    denied(&host, "http://p2-request-info.spin.internal/").await;
}

#[tokio::test]
async fn a_private_component_is_reached_from_within_and_not_from_outside() {
    let private = crate::harness::guest("p3_request_info");
    let host = App::new()
        .guest(
            "p3_outbound",
            "allowed_outbound_hosts = [\"http://inner.spin.internal\", \"http://self\"]",
        )
        .manifest(&format!(
            "[[trigger.http]]\nroute = {{ private = true }}\ncomponent = \"inner\"\n\
             [component.inner]\nsource = {private:?}"
        ))
        .start()
        .await;
    let info = told(&send(&host, "p3_outbound", "http://inner.spin.internal/x").await);
    assert_eq!(info["path_with_query"], "/x");
    for path in ["/inner", "/inner/x", "/x", "/", "/private"] {
        assert_eq!(host.get(path).await.status, 404, "{path}");
        let from_within = send(&host, "p3_outbound", &format!("http://self.alt{path}")).await;
        assert_eq!(from_within["error"], "DestinationNotFound", "{path}");
    }
    let request = host.request(reqwest::Method::GET, "/x");
    let named = request.header("host", "inner.spin.internal");
    assert_eq!(host.send(named).await.status, 404);
}

#[tokio::test]
async fn who_asks_a_component_that_fails_gets_the_status_that_a_client_gets() {
    let host = app(&["http://*.spin.internal"]).start().await;
    for guest in GUESTS {
        let answer = send(&host, guest, "http://p3-trap.spin.internal/").await;
        assert_eq!(answer["status"], 500, "{answer}");
    }
    let failed = [("component", "p3-trap"), ("reason", "trap")];
    host.metric_is("weir_component_failures_total", &failed, 2.0)
        .await;
    host.metric_is("weir_component_failures_total", &[], 2.0)
        .await;
}

/// Asks a component that is asked by `p3_outbound`, and nothing else.
async fn chain(asked: &str, settings: &str) -> Host {
    let allowed = "allowed_outbound_hosts = [\"http://*.spin.internal\"]";
    App::new()
        .guest("p3_outbound", allowed)
        .guest(asked, settings)
        .start()
        .await
}

#[tokio::test]
async fn a_chained_answer_that_breaks_off_is_a_failure_of_who_was_asked() {
    let host = chain("p3_head_then_trap", "").await;
    let answer = send(
        &host,
        "p3_outbound",
        "http://p3-head-then-trap.spin.internal/",
    )
    .await;
    assert!(answer["error"].is_string(), "{answer}");
    let failed = [("component", "p3-head-then-trap"), ("reason", "trap")];
    host.metric_is(FAILURES, &failed, 1.0).await;
    host.metric_is(FAILURES, &[], 1.0).await;
}

#[tokio::test]
async fn a_chained_answer_that_stands_still_is_a_failure_of_who_was_asked() {
    // Whoever asks waits longer.
    let settings = "[component.p3-chunks.tool.weir]\ntimeout = \"400ms\"";
    let host = chain("p3_chunks", settings).await;
    let url = "http://p3-chunks.spin.internal/?n=2&size=5&ms=60000";
    let answer = host.get(&target("/p3_outbound/", &[("url", url)])).await;
    assert_ne!(answer.status, 404, "{answer:?}");
    let failed = [("component", "p3-chunks"), ("reason", "timeout")];
    host.metric_is(FAILURES, &failed, 1.0).await;
    let route = "\"route\":\"/...\"";
    host.logged(&["WARN", "p3-chunks", "\"timeout\"", route])
        .await;
}

#[tokio::test]
async fn a_chained_request_whose_caller_leaves_is_recorded_without_a_status() {
    let host = chain("p3_sleep", "").await;
    let url = "http://p3-sleep.spin.internal/?ms=60000";
    let mut wire = Wire::connect(&host).await;
    wire.get(&target("/p3_outbound/", &[("url", url)])).await;
    let busy = [("component", "p3-sleep"), ("state", "busy")];
    host.metric_is("weir_component_instances", &busy, 1.0).await;
    drop(wire);
    host.metric_is(CHAINED, &[("component", "p3-sleep")], 1.0)
        .await;
    let statuses = host.metrics().await;
    let statuses = statuses.values(CHAINED, "http_response_status_code");
    assert_eq!(statuses, Vec::<String>::new());
    host.metric_is(FAILURES, &[], 0.0).await;
}

/// A component that asks itself `depth` times, and then `last`.
fn nested(guest: &str, depth: usize, last: &str) -> String {
    let id = guest.replace('_', "-");
    (0..depth).fold(last.to_owned(), |url, _| {
        target(&format!("http://{id}.spin.internal/"), &[("url", &url)])
    })
}

/// Whether the innermost answer is that of the component that was asked last.
fn arrived(mut answer: Value) -> bool {
    loop {
        if answer["status"] != 200 {
            assert_eq!(answer["error"], "LoopDetected", "{answer}");
            return false;
        }
        answer = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        if answer.get("path_with_query").is_some() {
            return true;
        }
    }
}

#[tokio::test]
async fn a_component_that_keeps_asking_itself_is_stopped() {
    let host = app(&["http://*.spin.internal"]).start().await;
    let last = "http://p3-request-info.spin.internal/";
    for guest in GUESTS {
        // With the last one they are eight.
        let answer = send(&host, guest, &nested(guest, 7, last)).await;
        assert!(arrived(answer), "{guest}");
        let answer = send(&host, guest, &nested(guest, 8, last)).await;
        assert!(!arrived(answer), "{guest}");
        let id = format!("\"{}\"", guest.replace('_', "-"));
        host.logged(&["in a loop", &id]).await;
        let id = guest.replace('_', "-");
        let labels = [("component", &*id), ("error_type", "loop_detected")];
        let name = "http_client_request_duration_seconds_count";
        host.metric_is(name, &labels, 1.0).await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_component_that_is_not_there_is_told_logged_and_counted() {
    let host = app(&["http://*.spin.internal"]).start().await;
    for guest in GUESTS {
        let answer = send(&host, guest, "http://nobody.spin.internal/").await;
        assert_eq!(answer, json!({ "error": "DestinationNotFound" }));
        let id = guest.replace('_', "-");
        let labels = [("component", &*id), ("error_type", "destination_not_found")];
        let name = "http_client_request_duration_seconds_count";
        host.metric_is(name, &labels, 1.0).await;
        host.logged(&[&id, "nobody.spin.internal", "no component of the app"])
            .await;
    }
}

/// Asks `url` with a body of so many bytes.
async fn post(host: &Host, guest: &str, url: &str, size: usize) -> Value {
    let path = target(&format!("/{guest}/"), &[("url", url), ("method", "POST")]);
    let request = host.request(reqwest::Method::POST, &path);
    host.send(request.body("x".repeat(size))).await.json()
}

#[tokio::test]
async fn a_chained_body_has_the_limit_of_who_is_asked() {
    let allowed = "allowed_outbound_hosts = [\"http://*.spin.internal\"]";
    let host = App::new()
        .guest("p2_outbound", allowed)
        .guest("p3_outbound", allowed)
        // It answers when it has read all.
        .guest(
            "p3_log_directory",
            "[component.p3-log-directory.tool.weir]\nlog_directory = true\n",
        )
        .config("[component.p3-log-directory]\nmax_request_body = 10")
        .start()
        .await;
    let url = "http://p3-log-directory.spin.internal/entry";
    for (guest, times) in [("p2_outbound", 1.0), ("p3_outbound", 2.0)] {
        let fits = post(&host, guest, url, 10).await;
        assert_eq!(fits["status"], 200, "{fits}");
        let refused = post(&host, guest, url, 11).await;
        assert_eq!(refused["status"], 413, "{refused}");
        assert_eq!(refused["body"], "the request's body is too large\n");
        let labels = [
            ("component", "p3-log-directory"),
            ("reason", "body_too_large"),
        ];
        host.metric_is(REJECTED, &labels, times).await;
        let labels = [
            ("component", "p3-log-directory"),
            ("http_response_status_code", "413"),
        ];
        host.metric_is(CHAINED, &labels, times).await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn chained_requests_count_for_the_limit_of_who_is_asked() {
    let allowed = "allowed_outbound_hosts = [\"http://*.spin.internal\"]";
    let host = App::new()
        .guest("p3_outbound", allowed)
        .guest("p3_sleep", "")
        .config("[limits]\nqueue_length = 0\n[component.p3-sleep]\nmax_in_flight = 1")
        .start()
        .await;
    let direct = "/p3_sleep?ms=60000".to_owned();
    let url = "http://p3-sleep.spin.internal/?ms=60000";
    let chained = target("/p3_outbound/", &[("url", url)]);
    for held in [direct, chained] {
        let request = host.request(reqwest::Method::GET, &held);
        let held = tokio::spawn(async move { drop(request.send().await) });
        let busy = [("component", "p3-sleep"), ("state", "busy")];
        host.metric_is("weir_component_instances", &busy, 1.0).await;
        assert_eq!(host.get("/p3_sleep?ms=0").await.status, 503);
        let answer = send(&host, "p3_outbound", "http://p3-sleep.spin.internal/?ms=0").await;
        assert_eq!(answer["status"], 503, "{answer}");
        held.abort();
        host.rests().await;
    }
    let labels = [("component", "p3-sleep"), ("reason", "queue_full")];
    host.metric_is(REJECTED, &labels, 4.0).await;
    let answer = send(&host, "p3_outbound", "http://p3-sleep.spin.internal/?ms=0").await;
    assert_eq!(answer["status"], 200, "{answer}");
}

#[tokio::test]
async fn a_component_that_fills_its_limit_by_asking_itself_is_told_so() {
    let allowed = "allowed_outbound_hosts = [\"http://*.spin.internal\"]";
    let host = App::new()
        .guest("p3_outbound", allowed)
        .guest("p3_hello", "")
        .config("[limits]\nqueue_timeout = \"200ms\"\n[component.p3-outbound]\nmax_in_flight = 1")
        .start()
        .await;
    let url = nested("p3_outbound", 1, "http://p3-hello.spin.internal/");
    let answer = send(&host, "p3_outbound", &url).await;
    assert_eq!(answer["status"], 503, "{answer}");
    let labels = [("component", "p3-outbound"), ("reason", "queue_timeout")];
    host.metric_is(REJECTED, &labels, 1.0).await;
    host.rests().await;
}
