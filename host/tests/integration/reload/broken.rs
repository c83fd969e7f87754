//! Whatever is wrong with the new version, the old one goes on.

use super::{app, put, put_bytes, reload};
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
    host.metric_is(
        "weir_reloads_total",
        &[("component", "_app"), ("result", "success")],
        1.0,
    )
    .await;
}
