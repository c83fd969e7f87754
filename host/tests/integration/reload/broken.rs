//! Whatever is wrong with the new version, the old one goes on.

use super::{app, app_of, edit, put, put_as, put_bytes, put_bytes_as, reload};
use crate::capabilities::{call, done, error_kind};
use crate::harness::guest;

#[tokio::test]
async fn what_cannot_be_loaded_leaves_the_old_generation_serving() {
    let host = app("p3_hello").start().await;
    let whole = std::fs::read(guest("p3_readme")).unwrap();
    let broken: [(&[u8], &str); 4] = [
        (&whole[..whole.len() / 2], "does not compile"),
        (b"", "not WebAssembly"),
        (b"#!/bin/sh\n", "not WebAssembly"),
        (b"\0asm\x01\0\0\0", "core module"),
    ];
    for (count, (bytes, why)) in broken.iter().enumerate() {
        put_bytes(host.folder(), bytes);
        let done = reload(&host).await;
        assert_eq!(done.status, 409, "{done:?}");
        let error = done.json()["failed"]["app"].as_str().unwrap().to_owned();
        assert!(
            error.contains(why) && error.contains("spin.toml:"),
            "{error}"
        );
        assert_eq!(host.get("/").await.text(), "Hello");
        let labels = [("component", "app"), ("result", "failure")];
        host.metric_is("weir_reloads_total", &labels, (count + 1) as f64)
            .await;
    }
    let status = host.admin("/status").await.json();
    let last = &status["components"][0]["last_reload"];
    assert_eq!(last["success"], false, "{status}");
    host.logged(&["not reloaded", "core module"]).await;
    let failure = [("component", "app"), ("result", "failure")];
    let last = "weir_component_last_reload_timestamp_seconds";
    assert!(host.metrics().await.sum(last, &failure) > 0.0);

    put(host.folder(), "p3_readme");
    assert_eq!(reload(&host).await.status, 200);
    assert_eq!(host.get("/").await.text(), "Hello, /\n");
    assert_eq!(
        host.admin("/status").await.json()["components"][0]["generation"],
        2
    );
}

#[tokio::test]
async fn a_manifest_with_an_error_changes_nothing() {
    let host = app("p3_hello").start().await;
    let good = std::fs::read_to_string(&host.launch.manifest).unwrap();
    std::fs::write(
        &host.launch.manifest,
        good.replace("[component.app]", "[component.app]\nsorce = \"s3cret\""),
    )
    .unwrap();
    let done = reload(&host).await;
    assert_eq!(done.status, 409);
    let error = done.json()["failed"]["_app"].as_str().unwrap().to_owned();
    assert!(
        error.contains("sorce") && error.contains("source"),
        "{error}"
    );
    let status = host.admin("/status").await.json();
    let shown = status["last_reload"]["error"].as_str().unwrap();
    assert!(
        shown.contains("sorce") && shown.contains("spin.toml:"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "no text of the file: {shown}");
    assert_eq!(host.get("/").await.text(), "Hello");
    host.metric_is(
        "weir_reloads_total",
        &[("component", "_app"), ("result", "failure")],
        1.0,
    )
    .await;
    std::fs::write(&host.launch.manifest, good).unwrap();
    assert_eq!(reload(&host).await.status, 200);
    let status = host.admin("/status").await.json();
    assert_eq!(status["last_reload"], serde_json::Value::Null, "it is over");
    host.metric_is(
        "weir_reloads_total",
        &[("component", "_app"), ("result", "success")],
        1.0,
    )
    .await;
}

#[tokio::test]
async fn a_component_that_is_not_loaded_keeps_its_log_directory_and_its_limits() {
    let settings = "[component.logs.tool.weir]\nlog_directory = { max_bytes = \"1MiB\" }\n\
                    [component.own.tool.weir]\nmetrics = { max_metrics = 2 }\n";
    let host = app_of(&[("logs", "p3_log_directory"), ("own", "p3_metrics")])
        .manifest(settings)
        .start()
        .await;
    let add = async |name| call(&host, "own", "add", &[("name", name), ("value", "1")]).await;
    assert_eq!(add("a").await, done("ok"));
    edit(&host, "1MiB", "2MiB");
    edit(&host, "max_metrics = 2", "max_metrics = 1");
    for component in ["logs", "own"] {
        put_bytes_as(host.folder(), component, b"");
    }
    assert_eq!(reload(&host).await.status, 409);

    let line = [("log", "log"), ("line", "text")];
    assert_eq!(call(&host, "logs", "line", &line).await, done("ok"));
    assert_eq!(add("b").await, done("ok"), "it may still have two");
    let metrics = host.metrics().await;
    let measured = |name: &str| metrics.sum(name, &[("component", "logs")]);
    assert_eq!(measured("weir_log_directory_quota_bytes"), 1_048_576.0);
    assert_eq!(measured("weir_log_directory_files"), 1.0);

    for (component, guest) in [("logs", "p3_log_directory"), ("own", "p3_metrics")] {
        put_as(host.folder(), component, guest);
    }
    assert_eq!(reload(&host).await.status, 200);
    let metrics = host.metrics().await;
    let quota = metrics.sum("weir_log_directory_quota_bytes", &[("component", "logs")]);
    assert_eq!(quota, 2_097_152.0);
    assert_eq!(error_kind(&add("c").await), "TooManyMetrics");
}
