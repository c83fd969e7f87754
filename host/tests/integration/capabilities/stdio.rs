//! What a component prints, as lines of the host's log.

use super::{done, target};
use crate::harness::app::App;
use crate::harness::host::Host;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;

const GUESTS: [&str; 2] = ["p2_stdio", "p3_stdio"];

async fn start() -> Host {
    let app = App::new();
    let app = GUESTS.iter().fold(app, |app, guest| app.guest(guest, ""));
    app.start().await
}

/// Has a guest print within the trace `trace`.
async fn print(host: &Host, guest: &str, out: &str, err: &str, trace: &str) {
    let path = target(&format!("/{guest}/"), &[("out", out), ("err", err)]);
    let request = host
        .request(Method::GET, &path)
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(host.send(request).await.pair(), done("Printed"));
}

/// The line that a guest printed.
async fn line(host: &Host, text: &str) -> Value {
    let line = host.logged(&[&format!("\"message\":\"{text}\"")]).await;
    serde_json::from_str(&line).unwrap()
}

fn trace(n: usize) -> String {
    format!("4bf92f3577b34da6a3ce929d{n:08x}")
}

#[tokio::test]
async fn each_line_says_who_printed_it_where_and_for_which_request() {
    let host = start().await;
    for (n, guest) in GUESTS.iter().enumerate() {
        let (out, err) = (format!("{guest} says"), format!("{guest} complains"));
        let trace = trace(n);
        print(
            &host,
            guest,
            &format!("{out}\n"),
            &format!("{err}\n"),
            &trace,
        )
        .await;
        for (text, stream) in [(out, "stdout"), (err, "stderr")] {
            let line = line(&host, &text).await;
            assert_eq!(line["target"], "guest");
            assert_eq!(line["level"], "INFO");
            assert_eq!(line["component"], guest.replace('_', "-"));
            assert_eq!(line["stream"], stream);
            assert_eq!(line["route"], format!("/{guest}/..."));
            assert_eq!(line["trace_id"], trace, "{line}");
            assert!(line["timestamp"].is_string());
        }
    }
}

#[tokio::test]
async fn lines_are_cut_at_line_feeds_and_what_has_none_is_not_lost() {
    let mut host = start().await;
    for guest in GUESTS {
        let out = format!("{guest} one\r\n{guest} two\n\n{guest} unfinished");
        print(&host, guest, &out, "", &trace(0)).await;
    }
    for guest in GUESTS {
        line(&host, &format!("{guest} one")).await;
        line(&host, &format!("{guest} two")).await;
    }
    let (status, log) = host.stop().await;
    assert!(status.success());
    for guest in GUESTS {
        let unfinished = format!("\"message\":\"{guest} unfinished\"");
        assert_eq!(log.matches(&unfinished).count(), 1, "{log}");
    }
}

#[tokio::test]
async fn a_line_cannot_be_mistaken_for_one_of_the_hosts() {
    let host = start().await;
    for guest in GUESTS {
        let forged = format!("{guest}\u{1b}[31m\"}} {{\"level\":\"ERROR\",\"target\":\"weir\"}}");
        print(&host, guest, &format!("{forged}\n"), "", &trace(0)).await;
        let line = host.logged(&[guest, "[31m"]).await;
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&line["target"], &line["level"]),
            (&"guest".into(), &"INFO".into())
        );
        assert_eq!(line["message"], forged);
    }
}

#[tokio::test]
async fn a_line_that_is_too_long_goes_on_in_the_next() {
    let host = start().await;
    for guest in GUESTS {
        let out = format!("{guest}{}\n", "x".repeat(40_000));
        let path = target(&format!("/{guest}/"), &[("out", &*out)]);
        assert_eq!(host.get(&path).await.pair(), done("Printed"));
        let first = host.logged(&["\"guest\"", &format!("\"{guest}xxx")]).await;
        let first: Value = serde_json::from_str(&first).unwrap();
        assert_eq!(first["message"].as_str().unwrap().len(), 16 * 1024);
        let rest = out.trim_end().len() - 2 * 16 * 1024;
        line(&host, &"x".repeat(rest)).await;
    }
}

#[tokio::test]
async fn requests_that_share_an_instance_keep_their_lines_apart() {
    let host = start().await;
    let printed = (0..64).map(|n| {
        let (host, guest) = (&host, GUESTS[n % 2]);
        async move { print(host, guest, &format!("line {n}.\n"), "", &trace(n)).await }
    });
    join_all(printed).await;
    for n in 0..64 {
        let line = line(&host, &format!("line {n}.")).await;
        assert_eq!(line["trace_id"], trace(n), "{line}");
    }
}
