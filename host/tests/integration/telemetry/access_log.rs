//! The access log: one line for each request, where it is switched on.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const ON: &str = "[telemetry]\naccess_log = true\n";

fn app() -> App {
    App::new()
        .guest("p3_hello", "")
        .guest("p3_request_info", "")
        .guest("p3_sleep", "")
        .guest("p3_trap", "")
}

fn trace(n: usize) -> String {
    format!("4bf92f3577b34da6a3ce929d{n:08x}")
}

/// Asks for `path` with secrets where clients have them, as the n-th request.
async fn ask(host: &Host, n: usize, path: &str) -> u16 {
    let request = host
        .request(Method::GET, &format!("{path}?token=secret-{n}"))
        .header("authorization", "Bearer secret")
        .header("cookie", "session=secret")
        .header(
            "traceparent",
            format!("00-{}-00f067aa0ba902b7-01", trace(n)),
        );
    host.send(request).await.status
}

/// The lines of requests that the host has logged until its end.
async fn lines(host: &mut Host) -> Vec<Value> {
    host.rests().await;
    let (status, log) = host.stop().await;
    assert!(status.success(), "{log}");
    assert!(!log.contains("secret"), "{log}");
    let lines = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["target"] == "access").collect()
}

#[tokio::test]
async fn each_request_has_one_line_that_says_how_it_ended() {
    let mut host = app().config(ON).start().await;
    let kinds = [
        ("/p3_hello", "/p3_hello/...", "p3-hello", 200, Value::Null),
        ("/p3_trap", "/p3_trap/...", "p3-trap", 500, json!("trap")),
        ("/nowhere", "_unmatched", "_host", 404, Value::Null),
    ];
    let asked = (0..60).map(|n| {
        let path = format!("{}/{n}", kinds[n % 3].0);
        let host = &host;
        async move { ask(host, n, &path).await }
    });
    join_all(asked).await;
    let lines = lines(&mut host).await;
    assert_eq!(lines.len(), 60);
    for n in 0..60 {
        let (path, route, component, status, error) = &kinds[n % 3];
        let path = format!("{path}/{n}");
        let mut own = lines.iter().filter(|line| line["path"] == path);
        let line = own.next().unwrap();
        assert!(own.next().is_none(), "{path} has two lines");
        assert_eq!(line["method"], "GET");
        assert_eq!(line["route"], *route);
        assert_eq!(line["component"], *component);
        assert_eq!(line["status"], *status);
        assert_eq!(line["error"], *error);
        assert!(line["client"].as_str().unwrap().starts_with("127.0.0.1:"));
        assert_eq!(line["trace_id"], trace(n), "{line}");
        assert!(line["milliseconds"].as_f64().unwrap() > 0.0, "{line}");
        assert!(line["response_bytes"].as_u64().unwrap() > 0, "{line}");
    }
}

#[tokio::test]
async fn a_client_that_left_has_a_line_without_a_status() {
    let mut host = app().config(ON).start().await;
    let mut wire = Wire::connect(&host).await;
    wire.get("/p3_sleep/?ms=60000").await;
    host.metric_is("http_server_active_requests", &[], 1.0)
        .await;
    drop(wire);
    let lines = lines(&mut host).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["error"], "client_disconnect");
    assert_eq!(lines[0]["status"], Value::Null);
}

#[tokio::test]
async fn it_is_off_unless_it_is_switched_on() {
    let mut host = app().start().await;
    assert_eq!(ask(&host, 0, "/p3_hello").await, 200);
    assert_eq!(lines(&mut host).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_trace_goes_on_as_it_came_and_what_is_none_is_not_logged() {
    let mut host = app().config(ON).start().await;
    let valid = format!("00-{}-00f067aa0ba902b7-01", trace(1));
    for header in [valid.as_str(), "00-secret-00f067aa0ba902b7-01"] {
        let request = host
            .request(Method::GET, "/p3_request_info/")
            .header("traceparent", header)
            .header("tracestate", "vendor=value");
        let seen = host.send(request).await.json()["headers"].clone();
        let seen = seen.as_array().unwrap();
        assert!(seen.contains(&json!(["traceparent", header])), "{seen:?}");
        assert!(seen.contains(&json!(["tracestate", "vendor=value"])));
    }
    let lines = lines(&mut host).await;
    let traces: Vec<_> = lines.iter().map(|line| line["trace_id"].clone()).collect();
    assert_eq!(traces, [json!(trace(1)), Value::Null]);
}
