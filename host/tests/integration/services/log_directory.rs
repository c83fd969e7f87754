//! What the services leave in the log directory, as files; only Weir has one.

use super::native::app;
use crate::harness::eventually;
use std::collections::HashSet;

#[tokio::test]
async fn an_entry_is_a_file_that_is_named_by_the_time() {
    let app = app().args(["--variable", "processing_seconds=0"]);
    let host = app.start().await;
    assert_eq!(host.get("/data/").await.status, 200);
    let files = host.log_files("data-api");
    let name = files[0].file_name().unwrap().to_string_lossy();
    let rest = name.strip_prefix("log_").unwrap();
    let (seconds, _) = rest.split_once('.').unwrap();
    assert!(
        seconds.parse::<u64>().is_ok() && name.ends_with(".txt"),
        "{name}"
    );
}

#[tokio::test]
async fn two_thousand_requests_at_once_are_all_answered_and_all_on_disk() {
    let host = app()
        .args(["--variable", "processing_seconds=1"])
        .start()
        .await;
    let requests = (0..2000).map(|_| host.get("/backend/"));
    let answers = futures_util::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let files = host.log_files("backend-api");
    let names: HashSet<_> = files.iter().collect();
    assert_eq!(names.len(), 2000);
    for file in &files {
        let entry = std::fs::read_to_string(file).unwrap();
        assert!(
            entry.ends_with("...\n") && entry.lines().count() == 1,
            "{entry}"
        );
    }
    let labels = [
        ("http_route", "/backend/..."),
        ("http_response_status_code", "200"),
    ];
    host.metric_is(
        "http_server_request_duration_seconds_count",
        &labels,
        2000.0,
    )
    .await;
}

#[tokio::test]
async fn a_log_directory_that_was_removed_is_made_again() {
    let app = app().args(["--variable", "processing_seconds=0"]);
    let host = app.start().await;
    assert_eq!(host.get("/data/").await.status, 200);
    std::fs::remove_dir_all(host.folder().join("state/log/data-api")).unwrap();
    eventually("a written entry", async || {
        let answered = host.get("/data/").await.status == 200;
        (answered && !host.log_files("data-api").is_empty()).then_some(())
    })
    .await;
}
