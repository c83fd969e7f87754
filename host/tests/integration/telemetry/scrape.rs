//! `/metrics`, as Prometheus and its tools ask for it.

use super::traffic::everything;
use crate::capabilities::{call, done, error_kind};
use crate::harness::app::App;
use crate::harness::metrics::Metrics;
use reqwest::Method;
use std::io::{ErrorKind, Write as _};
use std::process::{Command, Stdio};

/// What Prometheus 3 asks with.
const ACCEPT: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
    application/openmetrics-text;version=0.0.1;q=0.5,\
    text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

/// What `promtool check metrics` says; nothing where there is no promtool, unless this is CI.
fn promtool(text: &str) -> Option<(bool, String)> {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut promtool = match command.spawn() {
        Ok(promtool) => promtool,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!in_ci, "promtool is not installed");
            eprintln!("there is no promtool, so the metrics were not checked by it");
            return None;
        }
        Err(error) => panic!("promtool: {error}"),
    };
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[tokio::test]
async fn promtool_finds_nothing_wrong_with_any_metric() {
    let (host, _) = everything().await;
    let text = host.admin("/metrics").await.text();
    let Some((good, said)) = promtool(&text) else {
        return;
    };
    assert!(good && said.is_empty(), "{said}");
    let (good, _) = promtool(&text.replace("_seconds", "_milliseconds")).unwrap();
    assert!(!good, "promtool accepts everything");
}

#[tokio::test]
async fn no_attribute_of_a_guest_can_spoil_the_scrape() {
    let host = App::new()
        .guest("p3_metrics", "tool.weir.metrics = true")
        .start()
        .await;
    let value = [("name", "n"), ("value", "1")];
    assert_eq!(
        call(&host, "p3_metrics", "observe", &value).await,
        done("ok")
    );
    for key in ["le", "quantile", "otel_metric_overflow"] {
        let pairs = [&value[..], &[(key, "1")]].concat();
        let refused = call(&host, "p3_metrics", "observe", &pairs).await;
        assert_eq!(error_kind(&refused), "InvalidAttribute", "{refused:?}");
    }
    let text = host.admin("/metrics").await.text();
    assert!(text.contains("p3_metrics_n_count 1"), "{text}");
    let twice = text.lines().find(|line| line.matches("le=\"").count() > 1);
    assert_eq!(twice, None, "Prometheus refuses the whole scrape for it");
    if let Some((good, said)) = promtool(&text) {
        assert!(good && said.is_empty(), "{said}");
    }
}

#[tokio::test]
async fn prometheus_is_answered_in_a_format_that_it_asks_for() {
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\nmetrics = true\n";
    let host = App::new()
        .config(listener)
        .guest("p3_hello", "")
        .start()
        .await;
    for origin in [&host.admin, &host.addresses[0]] {
        let request = host
            .client
            .get(format!("{origin}/metrics"))
            .header("accept", ACCEPT)
            .header("accept-encoding", "gzip");
        let answer = host.send(request).await;
        assert_eq!(answer.status, 200);
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        assert_eq!(answer.header("content-type"), kind);
        // It need not be compressed, but may not be so unsaid.
        assert_eq!(answer.header("content-encoding"), "");
        assert_eq!(Metrics::parse(&answer.text()).sum("weir_ready", &[]), 1.0);
        let head = host
            .client
            .request(Method::HEAD, format!("{origin}/metrics"));
        let head = host.send(head).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn a_listener_serves_metrics_only_if_it_was_told_to() {
    let listeners = "[[listener]]\naddress = \"127.0.0.1:0\"\nmetrics = true\n\
                     [[listener]]\naddress = \"127.0.0.1:0\"\n";
    let host = App::new()
        .config(listeners)
        .guest("p3_hello", "")
        .start()
        .await;
    let ask = async |number: usize, path: &str| {
        let url = format!("{}{path}", host.addresses[number]);
        host.send(host.client.get(url)).await
    };
    let served = Metrics::parse(&ask(0, "/metrics").await.text());
    assert_eq!(served.sum("weir_build_info", &[]), 1.0);
    assert_eq!(ask(0, "/metrics/more").await.status, 404);
    let refused = ask(1, "/metrics").await;
    assert_eq!(refused.status, 404);
    assert!(!refused.text().contains("weir_build_info"));
    for number in [0, 1] {
        assert_eq!(ask(number, "/p3_hello/").await.status, 200);
    }
}

#[tokio::test]
async fn what_scrapers_and_probes_ask_a_listener_is_no_request_of_the_app() {
    let listener = "[[listener]]\naddress = \"127.0.0.1:0\"\nmetrics = true\n\
                    [telemetry]\naccess_log = true";
    let app = App::new().config(listener).guest("p3_hello", "");
    let mut host = app.start().await;
    for path in ["/metrics", "/.well-known/spin/health", "/p3_hello/"] {
        assert_eq!(host.get(path).await.status, 200);
    }
    host.rests().await;
    let count = "http_server_request_duration_seconds_count";
    host.metric_is(count, &[], 1.0).await;
    let (_, log) = host.stop().await;
    let accesses = log.lines().filter(|line| line.contains("\"access\""));
    assert_eq!(accesses.count(), 1, "{log}");
}

#[tokio::test]
async fn a_listener_serves_metrics_where_they_are_asked_for_whatever_its_routes_are() {
    let listener =
        "[[listener]]\naddress = \"127.0.0.1:0\"\nbase_path = \"/data\"\nmetrics = true\n";
    let own = "[[trigger.http]]\nroute = \"/data/...\"\nstatic_response = { body = \"own\" }";
    let host = App::new().config(listener).manifest(own).start().await;
    let served = Metrics::parse(&host.get("/metrics").await.text());
    assert_eq!(served.sum("weir_build_info", &[]), 1.0);
    assert_eq!(host.get("/metrics/more").await.pair(), (200, "own".into()));
}
