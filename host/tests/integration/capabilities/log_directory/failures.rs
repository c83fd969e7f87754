//! A log directory that cannot be written: full, forbidden, gone. Each is an error for the guest,
//! a count and a line in the host's log; and it is over when its cause is.

use super::{GUESTS, app, counted, entry, line};
use crate::capabilities::{done, error, error_kind, no_guest_has_failed};
use crate::harness::host::Host;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

fn folder(host: &Host, guest: &str) -> PathBuf {
    let id = guest.replace('_', "-");
    host.folder().join("state/log").join(id)
}

/// A warning of the host about a guest's log directory.
async fn warned(host: &Host, guest: &str, why: &str) {
    let id = format!("\"{}\"", guest.replace('_', "-"));
    host.logged(&["WARN", "log directory not written", &id, why])
        .await;
}

#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    let host = app("true").start().await;
    for guest in GUESTS {
        // Whatever is written to this device, the system says that there is no space left.
        symlink("/dev/full", folder(&host, guest).join("log.log")).unwrap();
        assert_eq!(line(&host, guest, "log", "text").await, error("NoSpace"));
        counted(&host, guest, "line", "no_space", 1.0).await;
        warned(&host, guest, "no space left").await;
        let again = line(&host, guest, "log", "text").await;
        assert_eq!(again, done("ok"), "there is space again");
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_folder_that_may_not_be_written_is_an_error_without_details_for_the_guest() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let folder = folder(&host, guest);
        fs::remove_dir_all(&folder).unwrap();
        // Not even root may make files there.
        symlink("/sys", &folder).unwrap();
        let refused = entry(&host, guest, "text").await.pair();
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        assert!(!refused.1.contains('/'), "a path of the host: {refused:?}");
        let refused = line(&host, guest, "log", "text").await;
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        counted(&host, guest, "entry", "permission", 1.0).await;
        counted(&host, guest, "line", "permission", 1.0).await;
        warned(&host, guest, "permission").await;

        fs::remove_file(&folder).unwrap();
        assert_eq!(entry(&host, guest, "text").await.status, 200);
        assert_eq!(line(&host, guest, "log", "text").await, done("ok"));
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_an_error_until_it_is_gone() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let folder = folder(&host, guest);
        fs::remove_dir_all(&folder).unwrap();
        fs::write(&folder, "not a folder").unwrap();
        let refused = entry(&host, guest, "text").await.pair();
        assert_eq!(error_kind(&refused), "Other", "{refused:?}");
        counted(&host, guest, "entry", "io", 1.0).await;
        warned(&host, guest, "Not a directory").await;
        fs::remove_file(&folder).unwrap();
        assert_eq!(entry(&host, guest, "text").await.status, 200);
    }
}

#[tokio::test]
async fn a_folder_that_was_removed_is_made_again() {
    let host = app("true").start().await;
    for guest in GUESTS {
        assert_eq!(line(&host, guest, "log", "before").await, done("ok"));
        fs::remove_dir_all(folder(&host, guest)).unwrap();
        assert_eq!(line(&host, guest, "log", "after").await, done("ok"));
        let name = entry(&host, guest, "text").await.text();
        let log = fs::read_to_string(folder(&host, guest).join("log.log"));
        assert_eq!(log.unwrap(), "after\n");
        let entry = fs::read_to_string(folder(&host, guest).join(name));
        assert_eq!(entry.unwrap(), "text");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_stops_the_start() {
    let app = app("true").file("occupied", "not a folder");
    let root = app.folder().join("occupied");
    let app = app.args(["--log-directory", root.to_str().unwrap()]);
    let (status, output) = app.fail().await;
    assert_ne!(status, 0, "{output}");
    assert!(output.contains("occupied"), "{output}");
    assert!(output.contains("log directory"), "{output}");
}

#[tokio::test]
async fn a_flood_of_failures_is_told_in_few_lines_each_with_its_request() {
    let host = app("true").start().await;
    // Of a synchronous call in an instance that has several requests nobody knows which it is for.
    for guest in &GUESTS[..2] {
        let id = guest.replace('_', "-");
        for operation in ["entry", "line?log=log&line=text"] {
            let folder = folder(&host, guest);
            fs::remove_dir_all(&folder).ok();
            symlink("/sys", &folder).ok();
            let all = (1..=100_u128).map(|trace| {
                let path = format!("/{guest}/{operation}");
                let parent = format!("00-{trace:032x}-00f067aa0ba902b7-01");
                host.send(
                    host.request(Method::POST, &path)
                        .header("traceparent", parent),
                )
            });
            for answer in join_all(all).await {
                assert_eq!(error_kind(&answer.pair()), "Other");
            }
        }
        let name = format!("\"component\":\"{id}\"");
        host.logged(&["log directory not written", &name]).await;
        let lines = host.log_lines(&["log directory not written", &name]);
        assert!(lines.len() < 100, "{} lines", lines.len());
        let mut suppressed = 0;
        for line in &lines {
            let line: Value = serde_json::from_str(line).unwrap();
            suppressed += line["suppressed"].as_u64().unwrap();
            assert_eq!(line["route"], format!("/{guest}/..."));
            let trace = u128::from_str_radix(line["trace_id"].as_str().unwrap(), 16);
            assert!((1..=100).contains(&trace.unwrap()), "{line}");
        }
        assert!(lines.len() as u64 + suppressed <= 200);
    }
    no_guest_has_failed(&host).await;
}
