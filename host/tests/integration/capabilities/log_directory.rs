//! The log directory by `weir:platform/log-directory`, whose functions are `async`, and by its
//! synchronous twin.

mod failures;
mod quota;
mod shared;

use super::{call, component, done, error, error_kind, no_guest_has_failed};
use crate::harness::app::App;
use crate::harness::host::{Answer, Host};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

const GUESTS: [&str; 3] = [
    "p3_log_directory",
    "p2_log_directory",
    "p3_log_directory_sync",
];

/// Every guest with a log directory of these settings, an inline table or `true`.
fn app(settings: &str) -> App {
    GUESTS.iter().fold(App::new(), |app, guest| {
        let id = guest.replace('_', "-");
        app.guest(guest, &granted(&id, settings))
    })
}

fn granted(id: &str, settings: &str) -> String {
    format!("[component.{id}.tool.weir]\nlog_directory = {settings}\n")
}

async fn entry(host: &Host, guest: &str, contents: impl Into<Vec<u8>>) -> Answer {
    let request = host.request(Method::POST, &format!("/{guest}/entry"));
    host.send(request.body(contents.into())).await
}

async fn line(host: &Host, guest: &str, log: &str, line: &str) -> (u16, String) {
    call(host, guest, "line", &[("log", log), ("line", line)]).await
}

/// The files of a guest's component.
fn files(host: &Host, guest: &str) -> Vec<PathBuf> {
    host.log_files(&guest.replace('_', "-"))
}

fn names(files: &[PathBuf]) -> BTreeSet<String> {
    let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(name).collect()
}

/// How often an operation of a guest ended so.
async fn counted(host: &Host, guest: &str, operation: &str, result: &str, count: f64) {
    let id = guest.replace('_', "-");
    let labels = [
        ("component", &*id),
        ("operation", operation),
        ("result", result),
    ];
    let name = "weir_log_directory_write_duration_seconds_count";
    host.metric_is(name, &labels, count).await;
}

#[tokio::test]
async fn an_entry_is_a_file_of_its_own_under_the_name_that_is_given_back() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let contents = [&b"\0\xff\n"[..], b"", &[7; 300_000]];
        let mut given = BTreeSet::new();
        for contents in contents {
            let name = entry(&host, guest, contents).await.text();
            let folder = format!("state/log/{}", guest.replace('_', "-"));
            let path = host.folder().join(folder).join(&name);
            assert_eq!(std::fs::read(path).unwrap(), contents, "{name}");
            given.insert(name);
        }
        assert_eq!(names(&files(&host, guest)), given);
        counted(&host, guest, "entry", "ok", 3.0).await;
        let id = guest.replace('_', "-");
        host.metric_is("weir_log_directory_files", &[("component", &id)], 3.0)
            .await;
        host.metric_is(
            "weir_log_directory_size_bytes",
            &[("component", &id)],
            300_003.0,
        )
        .await;
    }
}

#[tokio::test]
async fn entries_written_at_once_have_names_of_their_own_that_sort_by_time() {
    let host = app("true").start().await;
    for guest in GUESTS {
        let before = entry(&host, guest, "before").await.text();
        let all = (0..40).map(|n| entry(&host, guest, n.to_string()));
        let all: BTreeSet<_> = join_all(all).await.iter().map(Answer::text).collect();
        let after = entry(&host, guest, "after").await.text();
        assert_eq!(all.len(), 40);
        assert!(all.iter().all(|name| before < *name && *name < after));
    }
}

#[tokio::test]
async fn lines_are_appended_in_order_to_the_log_of_their_name() {
    let host = app("true").start().await;
    for guest in GUESTS {
        for text in ["one", "", "three ä"] {
            assert_eq!(line(&host, guest, "a_b-1", text).await, done("ok"));
        }
        assert_eq!(line(&host, guest, "other", "x").await, done("ok"));
        let files = files(&host, guest);
        assert_eq!(
            names(&files),
            ["a_b-1.log", "other.log"].map(String::from).into()
        );
        let log = std::fs::read_to_string(&files[0]).unwrap();
        assert_eq!(log, "one\n\nthree ä\n");
        counted(&host, guest, "line", "ok", 4.0).await;
    }
}

#[tokio::test]
async fn a_name_or_line_of_another_form_is_refused() {
    let host = app("true").start().await;
    let long = "x".repeat(65);
    let wrong = [
        "", "Upper", "a.b", "a/b", "../up", "..", "ä", "a b", "a\0", &long,
    ];
    for guest in GUESTS {
        for name in wrong {
            let refused = line(&host, guest, name, "text").await;
            assert_eq!(error_kind(&refused), "InvalidName", "{name} {refused:?}");
        }
        for text in ["a\nb", "a\r", "\n"] {
            assert_eq!(line(&host, guest, "log", text).await, error("InvalidLine"));
        }
        let longest = "x".repeat(64);
        assert_eq!(line(&host, guest, &longest, "text").await, done("ok"));
        assert_eq!(
            names(&files(&host, guest)),
            [format!("{longest}.log")].into()
        );
        counted(&host, guest, "line", "invalid_name", wrong.len() as f64).await;
        counted(&host, guest, "line", "invalid_line", 3.0).await;
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_the_limit() {
    let host = app("{ max_entry = \"10B\", max_line = \"10B\" }")
        .start()
        .await;
    for guest in GUESTS {
        let refused = entry(&host, guest, "eleven byte").await;
        assert_eq!(refused.pair(), error("TooLarge(10)"));
        assert_eq!(entry(&host, guest, "ten bytes.").await.status, 200);
        // The line feed counts.
        assert_eq!(
            line(&host, guest, "l", "ten bytes.").await,
            error("TooLarge(10)")
        );
        assert_eq!(line(&host, guest, "l", "ten bytes").await, done("ok"));
        counted(&host, guest, "entry", "too_large", 1.0).await;
        counted(&host, guest, "line", "too_large", 1.0).await;
    }
}

#[tokio::test]
async fn without_a_grant_access_is_denied() {
    let app = App::new();
    let app = GUESTS.iter().fold(app, |app, guest| app.guest(guest, ""));
    let host = app
        .guest("p3_hello", &granted("p3-hello", "true"))
        .start()
        .await;
    for guest in GUESTS {
        assert_eq!(
            entry(&host, guest, "text").await.pair(),
            error("AccessDenied")
        );
        assert_eq!(
            line(&host, guest, "log", "text").await,
            error("AccessDenied")
        );
        assert!(files(&host, guest).is_empty());
    }
    no_guest_has_failed(&host).await;
}

#[tokio::test]
async fn an_async_call_from_wasi_0_2_traps_and_the_host_goes_on() {
    let guest = "p2_log_directory_async";
    let host = app("true")
        .guest(guest, &granted("p2-log-directory-async", "true"))
        .start()
        .await;
    assert_eq!(entry(&host, guest, "text").await.status, 500);
    let failed = [("component", "p2-log-directory-async"), ("reason", "trap")];
    host.metric_is("weir_component_failures_total", &failed, 1.0)
        .await;
    assert_eq!(entry(&host, "p2_log_directory", "text").await.status, 200);
}

/// Writes an entry for the request of trace `trace` and checks what the host logs of it.
async fn mirrored(host: &Host, guest: &str, trace: u128) {
    let text = format!("{guest} says {trace}");
    let trace = format!("{trace:032x}");
    let request = host
        .request(Method::POST, &format!("/{guest}/entry"))
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let name = host.send(request.body(format!("{text}\n"))).await.text();
    let line: Value = serde_json::from_str(&host.logged(&[&name]).await).unwrap();
    assert_eq!(line["target"], "guest");
    assert_eq!(line["component"], guest.replace('_', "-"));
    assert_eq!(line["entry"], name);
    assert_eq!(line["message"], text);
    assert_eq!(line["route"], format!("/{guest}/..."));
    assert_eq!(line["trace_id"], trace);
}

#[tokio::test]
async fn entries_go_to_the_hosts_log_too_where_that_is_asked_for() {
    let host = app("{ mirror = true }").start().await;
    for guest in GUESTS {
        mirrored(&host, guest, 1).await;
    }
    // Some of these share an instance.
    join_all((2..34).map(|trace| mirrored(&host, "p3_log_directory", trace))).await;
}

#[tokio::test]
async fn what_was_acknowledged_outlasts_a_kill_whatever_is_synced() {
    let policies = ["entry", "batch", "none"];
    let app = policies.iter().fold(App::new(), |app, policy| {
        let settings = granted(policy, &format!("{{ fsync = \"{policy}\" }}"));
        app.manifest(&component(policy, "p3_log_directory", &settings))
    });
    let host = app.start().await;
    let mut written = Vec::new();
    for policy in policies {
        let all = join_all((0..20).map(|n| entry(&host, policy, n.to_string()))).await;
        written.push(all.iter().map(Answer::text).collect::<BTreeSet<_>>());
        assert_eq!(line(&host, policy, "log", "kept").await, done("ok"));
    }
    let host = host.kill_and_restart().await;
    for (policy, mut written) in policies.iter().zip(written) {
        written.insert("log.log".into());
        assert_eq!(names(&host.log_files(policy)), written, "{policy}");
        assert_eq!(line(&host, policy, "log", "on").await, done("ok"));
        let log = host.folder().join(format!("state/log/{policy}/log.log"));
        assert_eq!(std::fs::read_to_string(log).unwrap(), "kept\non\n");
    }
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_the_most_by_default() {
    let host = app("true").start().await;
    for guest in GUESTS {
        assert_eq!(entry(&host, guest, vec![b'x'; 1 << 20]).await.status, 200);
        let refused = entry(&host, guest, vec![b'x'; (1 << 20) + 1]).await;
        assert_eq!(refused.pair(), error("TooLarge(1048576)"));
    }
}
