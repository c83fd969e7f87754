//! What clients send makes no new series, and no series of the host's own is folded.

use super::REQUESTS;
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::metrics::Metrics;
use futures_util::stream::{StreamExt as _, iter};
use reqwest::{Method, RequestBuilder};

/// What the SDK adds to where it folds series beyond a limit.
const FOLDED: &str = "otel_metric_overflow";

/// Sends them a few at a time.
async fn send_all(host: &Host, requests: impl IntoIterator<Item = RequestBuilder>) {
    let sent = iter(requests).map(|request| host.send(request));
    sent.buffer_unordered(32).collect::<Vec<_>>().await;
}

/// Requests that differ in all that a client can choose.
fn different(host: &Host, times: std::ops::Range<u32>) -> impl Iterator<Item = RequestBuilder> {
    times.flat_map(move |n| {
        let header = format!("x-header-{n}");
        let method = Method::from_bytes(format!("METHOD{n}").as_bytes()).unwrap();
        let trace = format!("00-4bf92f3577b34da6a3ce929d{n:08x}-00f067aa0ba902b7-01");
        let nowhere = format!("/nowhere{n}/{n}?query={n}");
        let somewhere = format!("/p3_request_info/{n}/..{n}?query={n}");
        let status = format!("/p3_bad_status/?status={}", 200 + n % 400);
        [
            host.request(Method::GET, &nowhere).header(&header, "value"),
            host.request(method, &somewhere)
                .header("traceparent", trace),
            host.request(Method::GET, &somewhere)
                .header("host", format!("host{n}.test")),
            host.request(Method::GET, &status)
                .header("user-agent", format!("agent {n}")),
        ]
    })
}

async fn quiet(host: &Host) -> Metrics {
    host.rests().await;
    host.metrics().await
}

#[tokio::test]
async fn there_are_as_many_series_whatever_clients_send() {
    let app = App::new().guest("p3_request_info", "");
    let host = app.guest("p3_bad_status", "").start().await;
    send_all(&host, different(&host, 0..400)).await;
    let before = quiet(&host).await;
    send_all(&host, different(&host, 400..1200)).await;
    let after = quiet(&host).await;
    assert_eq!(after.sum(REQUESTS, &[]), 4.0 * 1200.0);
    assert_eq!(after.samples(), before.samples());
    let methods = after.values(REQUESTS, "http_request_method");
    assert_eq!(methods, ["GET", "_OTHER"]);
    for said in ["nowhere", "METHOD", "x-header", "host1", "agent", FOLDED] {
        assert!(!after.text().contains(said), "{said} is in the metrics");
    }
}

/// More together than the 2,000 series that the SDK keeps if it is told nothing.
const ROUTES: usize = 100;
const STATUSES: usize = 30;

#[tokio::test]
async fn each_route_and_status_of_a_large_app_has_a_series_of_its_own() {
    let route =
        |n| format!("[[trigger.http]]\nroute = \"/r{n}/...\"\ncomponent = \"p3-bad-status\"\n");
    let routes: String = (0..ROUTES).map(route).collect();
    let app = App::new().guest("p3_bad_status", "").manifest(&routes);
    let host = app.start().await;
    let statuses = (400..=418).chain(421..=426).chain(500..=504);
    let requests = (0..ROUTES).flat_map(|n| {
        let path = move |status| format!("/r{n}/?status={status}");
        statuses.clone().map(path)
    });
    send_all(&host, requests.map(|path| host.request(Method::GET, &path))).await;
    let metrics = quiet(&host).await;
    let all = ROUTES * STATUSES;
    assert_eq!(
        (metrics.series(REQUESTS), metrics.sum(REQUESTS, &[])),
        (all, all as f64)
    );
    assert!(!metrics.text().contains(FOLDED));
}

/// Adds to a metric of the guest's in series of their own.
async fn add(host: &Host, name: &str, users: std::ops::Range<u32>) {
    for user in users {
        let answer = host
            .get(&format!("/p3_metrics/add?name={name}&value=1&user={user}"))
            .await;
        assert_eq!(answer.pair(), (200, "ok".into()));
    }
}

/// Grants the guest so many series by a reload.
async fn grant(host: &Host, series: u32) {
    let manifest = std::fs::read_to_string(&host.launch.manifest).unwrap();
    let (rest, _) = manifest
        .split_once("[component.p3-metrics.tool.weir]")
        .unwrap();
    let granted =
        format!("[component.p3-metrics.tool.weir]\nmetrics = {{ max_series = {series} }}\n");
    std::fs::write(&host.launch.manifest, format!("{rest}{granted}")).unwrap();
    let reload = host.client.post(format!("{}/reload", host.admin));
    assert_eq!(
        host.send(reload.header("weir-admin", "1")).await.status,
        200
    );
}

/// Series of a guest's metric beside the overflow series, and what went to that.
fn shares(metrics: &Metrics, name: &str) -> (usize, f64) {
    let own = metrics.values(name, "user").len();
    (own, metrics.sum(name, &[(FOLDED, "true")]))
}

#[tokio::test]
async fn what_a_guest_measures_after_a_reload_is_folded_only_where_it_is_counted() {
    let denied = "[component.p3-metrics.tool.weir]\nmetrics = false\n";
    let host = App::new().guest("p3_metrics", denied).start().await;
    grant(&host, 3).await;
    add(&host, "a", 0..5).await;
    grant(&host, 20).await;
    add(&host, "a", 0..7).await;
    add(&host, "b", 0..7).await;
    let metrics = host.metrics().await;
    let (a, b) = ("p3_metrics_a_total", "p3_metrics_b_total");
    assert_eq!(metrics.sum(a, &[]), 12.0);
    // A metric that is there has the room that it began with.
    assert_eq!(
        (shares(&metrics, a), shares(&metrics, b)),
        ((3, 6.0), (7, 0.0))
    );
    let counted = metrics.sum("weir_guest_metrics_overflowed_total", &[]);
    assert_eq!(counted, 6.0);
}
