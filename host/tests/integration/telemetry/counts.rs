//! Every request of a mixed load is counted once, as its client saw it end.

use super::{FAILURES, REJECTED, REQUESTS};
use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::Wire;
use futures_util::future::{join, join_all};
use reqwest::Method;
use std::collections::BTreeMap;

const GUESTS: [&str; 10] = [
    "p2_bad_status",
    "p3_bad_status",
    "p3_chunks",
    "p3_hello",
    "p3_log_directory",
    "p3_loop",
    "p2_sleep",
    "p3_sleep",
    "p2_trap",
    "p3_trap",
];

const CONFIG: &str = "
[limits]
queue_length = 2
queue_timeout = \"200ms\"
[component.p2-sleep]
max_in_flight = 1
[component.p3-loop]
timeout = \"1s\"
[component.p3-log-directory]
max_request_body = 1000
";

/// Method, path, bytes of the body, how often.
const LOAD: [(&str, &str, usize, usize); 12] = [
    ("GET", "/p3_hello/", 0, 60),
    ("PUT", "/p3_hello/any/path", 0, 20),
    ("BREW", "/p3_hello/", 0, 15),
    ("GET", "/no/such/route", 0, 30),
    ("GET", "/p3_bad_status/?status=404", 0, 25),
    ("POST", "/p2_bad_status/?status=405", 0, 20),
    // Answered by the guest itself, so it has not failed.
    ("GET", "/p3_bad_status/?status=500", 0, 10),
    ("POST", "/p3_log_directory/entry", 1001, 20),
    ("GET", "/p3_trap/", 0, 15),
    ("GET", "/p2_trap/", 0, 15),
    ("GET", "/p3_loop/", 0, 5),
    // One at a time, so that most are turned away.
    ("GET", "/p2_sleep/?ms=300", 0, 30),
];

/// How often each method got each status.
type Tally = BTreeMap<(String, u16), usize>;

async fn load(host: &Host) -> Tally {
    let kinds = LOAD.iter().flat_map(|(method, path, size, times)| {
        std::iter::repeat_n((*method, *path, vec![b'x'; *size]), *times)
    });
    let answers = kinds.map(|(method, path, body)| async move {
        let name = Method::from_bytes(method.as_bytes()).unwrap();
        let answer = host.send(host.request(name, path).body(body)).await;
        let method = match method {
            "BREW" => "_OTHER",
            known => known,
        };
        (method.to_owned(), answer.status)
    });
    let mut tally = Tally::new();
    for ended in join_all(answers).await {
        *tally.entry(ended).or_default() += 1;
    }
    tally
}

/// Clients that leave before the head, and clients that leave after it.
const LEAVERS: (usize, usize) = (9, 7);

async fn leave(host: &Host) {
    let mut wires = Vec::new();
    for number in 0..LEAVERS.0 {
        let mut wire = Wire::connect(host).await;
        wire.get(&format!("/p3_sleep/{number}?ms=60000")).await;
        wires.push(wire);
    }
    for _ in 0..LEAVERS.1 {
        let mut wire = Wire::connect(host).await;
        wire.get("/p3_chunks/?n=1000&size=10&ms=100").await;
        assert!(wire.head().await.starts_with("HTTP/1.1 200 "));
        wires.push(wire);
    }
    let of_sleep = [("component", "p3-sleep")];
    let (active, waiting) = ("http_server_active_requests", LEAVERS.0 as f64);
    host.metric_is(active, &of_sleep, waiting).await;
}

/// How many ended with a status that `is` is true of.
fn ended(tally: &Tally, is: impl Fn(u16) -> bool) -> f64 {
    let ended = tally.iter().filter(|((_, status), _)| is(*status));
    ended.map(|(_, times)| *times as f64).sum()
}

async fn start() -> Host {
    let granted = "[component.p3-log-directory.tool.weir]\nlog_directory = true\n";
    let add = |app: App, guest: &&str| match *guest {
        "p3_log_directory" => app.guest(guest, granted),
        _ => app.guest(guest, ""),
    };
    GUESTS
        .iter()
        .fold(App::new(), add)
        .config(CONFIG)
        .start()
        .await
}

#[tokio::test]
async fn counts_by_method_and_status_are_what_the_clients_saw() {
    let host = start().await;
    let (tally, ()) = join(load(&host), leave(&host)).await;
    host.rests().await;
    let metrics = host.metrics().await;
    for ((method, status), times) in &tally {
        let labels = [
            ("http_request_method", method.as_str()),
            ("http_response_status_code", &*status.to_string()),
        ];
        let left = [&labels[..], &[("error_type", "client_disconnect")]].concat();
        let counted = metrics.sum(REQUESTS, &labels) - metrics.sum(REQUESTS, &left);
        assert_eq!(counted, *times as f64, "{method} {status}");
    }
    let answered = tally.values().sum::<usize>();
    assert_eq!(
        answered,
        LOAD.iter().map(|(.., times)| times).sum::<usize>()
    );
    let total = answered + LEAVERS.0 + LEAVERS.1;
    assert_eq!(metrics.sum(REQUESTS, &[]), total as f64);
    let left = ("error_type", "client_disconnect");
    let after_head = ("http_response_status_code", "200");
    let of_leavers = (
        metrics.sum(REQUESTS, &[left]) as usize - LEAVERS.1,
        metrics.sum(REQUESTS, &[left, after_head]) as usize,
    );
    assert_eq!(of_leavers, LEAVERS);
    for status in [200, 404, 405, 413, 500, 503, 504] {
        assert!(ended(&tally, |seen| seen == status) > 0.0, "no {status}");
    }
}

#[tokio::test]
async fn failed_exception_and_rejected_mean_what_the_reference_says() {
    let host = start().await;
    let tally = load(&host).await;
    host.rests().await;
    let metrics = host.metrics().await;
    let failed = metrics.values(REQUESTS, "http_response_status_code");
    let failed = failed.iter().filter(|status| status.starts_with('5'));
    let failed: f64 = failed
        .map(|status| metrics.sum(REQUESTS, &[("http_response_status_code", status)]))
        .sum();
    assert_eq!(failed, ended(&tally, |status| status >= 500));
    let trapped = 30.0;
    assert_eq!(metrics.sum(FAILURES, &[("reason", "trap")]), trapped);
    let timed_out = ended(&tally, |status| status == 504);
    assert_eq!(metrics.sum(FAILURES, &[]), trapped + timed_out);
    let refused = ended(&tally, |status| status == 503 || status == 413);
    assert_eq!(metrics.sum(REJECTED, &[]), refused);
    // Each has the same reason in both places.
    for reason in metrics.values(REQUESTS, "error_type") {
        let of_requests = metrics.sum(REQUESTS, &[("error_type", &reason)]);
        let reason = [("reason", reason.as_str())];
        let counted = metrics.sum(FAILURES, &reason) + metrics.sum(REJECTED, &reason);
        assert_eq!(of_requests, counted, "{reason:?}");
    }
}
