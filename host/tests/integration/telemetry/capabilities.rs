//! What components do through their capabilities is counted call by call.

use crate::harness::app::App;
use crate::harness::host::Host;
use futures_util::future::join_all;
use reqwest::Method;

/// Asks for all paths at once.
async fn ask(host: &Host, paths: impl IntoIterator<Item = String>, status: u16) {
    let asked = paths.into_iter().map(async |path| {
        let answer = host.get(&path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    });
    join_all(asked).await;
}

/// The series of a metric with these labels and no others sum up to these values.
async fn are(host: &Host, name: &str, key: &str, expected: &[(&str, f64)]) {
    let metrics = host.metrics().await;
    for (value, times) in expected {
        assert_eq!(metrics.sum(name, &[(key, value)]), *times, "{name} {value}");
    }
    let all: f64 = expected.iter().map(|(_, times)| times).sum();
    assert_eq!(metrics.sum(name, &[]), all, "{name} over all");
}

#[tokio::test]
async fn key_value_operations_are_counted_by_operation_and_result() {
    let app = App::new().guest("p3_key_value", "key_value_stores = [\"default\"]");
    let host = app.start().await;
    let path = |operation: &str, n: usize| {
        format!("/p3_key_value/{operation}?store=default&key={n}&value=x")
    };
    ask(&host, (0..40).map(|n| path("set", n)), 200).await;
    ask(&host, (0..30).map(|n| path("get", n)), 200).await;
    ask(&host, (0..20).map(|n| path("exists", n)), 200).await;
    ask(&host, (0..10).map(|n| path("delete", n)), 200).await;
    ask(&host, (0..5).map(|n| path("keys", n)), 200).await;
    let too_long = "k".repeat(10_000);
    let too_long = format!("/p3_key_value/set?store=default&key={too_long}&value=x");
    ask(&host, [too_long], 500).await;
    let name = "weir_key_value_operation_duration_seconds_count";
    let by_operation = [
        ("set", 41.0),
        ("get", 30.0),
        ("exists", 20.0),
        ("delete", 10.0),
        ("list", 5.0),
    ];
    are(&host, name, "operation", &by_operation).await;
    are(
        &host,
        name,
        "result",
        &[("ok", 105.0), ("key_too_long", 1.0)],
    )
    .await;
    let errors = "weir_key_value_errors_total";
    are(&host, errors, "result", &[("key_too_long", 1.0)]).await;
    are(&host, name, "component", &[("p3-key-value", 106.0)]).await;
    let metrics = host.metrics().await;
    assert_eq!(
        metrics.sum("weir_key_value_committed_writes_total", &[]),
        50.0
    );
    let commits = metrics.sum("weir_key_value_commits_total", &[]);
    assert!((2.0..=50.0).contains(&commits), "{commits}");
    assert_eq!(metrics.sum("weir_key_value_pending_writes", &[]), 0.0);
}

#[tokio::test]
async fn entries_and_lines_are_counted_and_so_are_files_and_bytes() {
    let granted = "[component.p3-log-directory.tool.weir]\nlog_directory = true\n";
    let host = App::new().guest("p3_log_directory", granted).start().await;
    let entries = (0..30).map(async |_| {
        let write = host.request(Method::POST, "/p3_log_directory/entry");
        assert_eq!(host.send(write.body("ten bytes.")).await.status, 200);
    });
    join_all(entries).await;
    let line = |log: &str| format!("/p3_log_directory/line?log={log}&line=ten%20bytes");
    ask(&host, (0..20).map(|_| line("app")), 200).await;
    ask(&host, (0..5).map(|_| line("..%2Fapp")), 500).await;
    let name = "weir_log_directory_write_duration_seconds_count";
    are(&host, name, "operation", &[("entry", 30.0), ("line", 25.0)]).await;
    are(
        &host,
        name,
        "result",
        &[("ok", 50.0), ("invalid_name", 5.0)],
    )
    .await;
    let errors = "weir_log_directory_errors_total";
    are(&host, errors, "result", &[("invalid_name", 5.0)]).await;
    let metrics = host.metrics().await;
    let files = host.log_files("p3-log-directory");
    assert_eq!(
        metrics.sum("weir_log_directory_files", &[]),
        files.len() as f64
    );
    let bytes = files.iter().map(|file| file.metadata().unwrap().len());
    let bytes = bytes.sum::<u64>() as f64;
    assert_eq!(
        (metrics.sum("weir_log_directory_size_bytes", &[]), bytes),
        (500.0, 500.0)
    );
    let quota = metrics.sum("weir_log_directory_quota_bytes", &[]);
    assert_eq!(quota, f64::from(256 << 20));
}

#[tokio::test]
async fn requests_of_components_are_counted_by_where_they_go_and_how_they_end() {
    let hosts =
        "allowed_outbound_hosts = [\"http://127.0.0.1:*\", \"http://p3-bad-status.spin.internal\"]";
    let app = App::new().guest("p3_outbound", hosts);
    let host = app.guest("p3_bad_status", "").start().await;
    let to = |url: &str| format!("/p3_outbound/?url={url}");
    let outside = format!("{}/p3_bad_status/?status=", host.addresses[0]);
    let inside = "http://p3-bad-status.spin.internal/?status=";
    for (url, times) in [
        (format!("{outside}204"), 15),
        (format!("{outside}404"), 10),
        ("http://127.0.0.1:1/".to_owned(), 5),
        (format!("{inside}202"), 20),
        (format!("{inside}599"), 10),
        ("http://denied.test/".to_owned(), 7),
    ] {
        ask(&host, (0..times).map(|_| to(&url)), 200).await;
    }
    let client = "http_client_request_duration_seconds_count";
    are(&host, client, "component", &[("p3-outbound", 30.0)]).await;
    let metrics = host.metrics().await;
    let of = |key, value| metrics.sum(client, &[(key, value), ("http_request_method", "GET")]);
    assert_eq!(of("http_response_status_code", "204"), 15.0);
    assert_eq!(of("http_response_status_code", "404"), 10.0);
    assert_eq!(of("error_type", "connection_refused"), 5.0);
    let chained = "weir_chained_request_duration_seconds_count";
    let status = "http_response_status_code";
    are(&host, chained, status, &[("202", 20.0), ("5xx", 10.0)]).await;
    are(&host, chained, "component", &[("p3-bad-status", 30.0)]).await;
    are(
        &host,
        "weir_outbound_denied_total",
        "component",
        &[("p3-outbound", 7.0)],
    )
    .await;
}

#[tokio::test]
async fn what_is_not_granted_is_counted_and_what_guests_call_it_is_no_label() {
    let host = App::new()
        .guest("p3_key_value", "")
        .guest("p2_request_info", "key_value_stores = [\"default\"]")
        .guest("p3_log_directory", "")
        .guest("p3_metrics", "")
        .start()
        .await;
    let paths = [
        "/p3_key_value/open?store=default",
        "/p3_key_value/open?store=made-up",
        "/p3_log_directory/line?log=a&line=b",
        "/p3_metrics/add?name=a&value=1",
    ];
    ask(&host, paths.map(str::to_owned), 500).await;
    let metrics = host.metrics().await;
    let operations = "weir_key_value_operation_duration_seconds_count";
    let opened = |store, result| {
        let labels = [("operation", "open"), ("store", store), ("result", result)];
        metrics.sum(operations, &labels)
    };
    assert_eq!(opened("default", "access_denied"), 1.0);
    assert_eq!(opened("_unknown", "access_denied"), 1.0);
    assert!(!metrics.text().contains("made-up"));
    let denied = |name| metrics.sum(name, &[("result", "access_denied")]);
    let written = "weir_log_directory_write_duration_seconds_count";
    assert_eq!(denied(written), 1.0);
    let refused = [("component", "p3-metrics"), ("reason", "access_denied")];
    let refused = metrics.sum("weir_guest_metrics_refused_total", &refused);
    assert_eq!(refused, 1.0);
}
