//! Guests that trap, want too much memory, or give no proper answer.

use super::{REQUESTS, app, failed, is_whole};
use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use crate::harness::wire::Wire;

/// Guest, query, status, reason.
const FAULTS: [(&str, &str, u16, &str); 9] = [
    ("p2_trap", "", 500, "trap"),
    ("p3_trap", "", 500, "trap"),
    ("p2_no_response", "", 500, "no_response"),
    ("p2_error_code", "", 500, "error_code"),
    ("p3_error_code", "", 500, "error_code"),
    ("p2_bad_status", "?status=600", 500, "invalid_status"),
    ("p3_bad_status", "?status=199", 500, "invalid_status"),
    ("p2_allocate", "?mib=64&insist=1", 500, "memory"),
    ("p3_allocate", "?mib=64&insist=1", 500, "memory"),
];

/// The log has a line for each time that the guest failed, and no more.
async fn has_lines(host: &Host, guest: &str, reason: &str, times: usize) {
    let component = format!("\"component\":\"{}\"", guest.replace('_', "-"));
    let route = format!("\"route\":\"/{guest}/...\"");
    let reason = format!("\"reason\":\"{reason}\"");
    eventually(&format!("{times} lines of {guest}"), async || {
        let lines = host.log_lines(&["WARN", &component, &reason]);
        assert!(lines.len() <= times, "too many lines: {lines:#?}");
        assert!(lines.iter().all(|line| line.contains(&route)), "{lines:#?}");
        (lines.len() == times).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_line_of_a_failure_names_component_route_and_trace() {
    let host = app(["p3_error_code"]).start().await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request = host
        .request(reqwest::Method::GET, "/p3_error_code/x")
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(host.send(request).await.status, 500);
    let parts = [
        "WARN",
        "\"component\":\"p3-error-code\"",
        "\"route\":\"/p3_error_code/...\"",
        "\"reason\":\"error_code\"",
        trace,
    ];
    host.logged(&parts).await;
}

const LITTLE: &str = "[component.p2-allocate]\nmemory = \"16MiB\"\n\
                      [component.p3-allocate]\nmemory = \"16MiB\"\n";

#[tokio::test]
async fn each_fault_has_a_status_and_a_reason_and_the_host_goes_on() {
    let guests = FAULTS.iter().map(|(guest, ..)| *guest);
    let host = app(guests).config(LITTLE).start().await;
    for (guest, query, status, reason) in FAULTS {
        let component = guest.replace('_', "-");
        for times in 1..=3 {
            let answer = host.get(&format!("/{guest}{query}")).await;
            assert_eq!(answer.status, status, "{guest}: {answer:?}");
            assert!(answer.text().contains("component"), "{answer:?}");
            failed(&host, &component, reason, times).await;
        }
        let labels = [
            ("component", component.as_str()),
            ("error_type", reason),
            ("http_response_status_code", "500"),
        ];
        host.metric_is(REQUESTS, &labels, 3.0).await;
    }
    is_whole(&host).await;
    for (guest, _, _, reason) in FAULTS {
        has_lines(&host, guest, reason, 3).await;
    }
}

#[tokio::test]
async fn memory_that_is_refused_is_an_error_that_a_guest_can_live_with() {
    let host = app(["p2_allocate", "p3_allocate"])
        .config(LITTLE)
        .start()
        .await;
    for guest in ["p2_allocate", "p3_allocate"] {
        let answer = host.get(&format!("/{guest}?mib=64")).await;
        assert_eq!(answer.status, 200);
        let given: usize = answer.text().parse().unwrap();
        assert!((8..16).contains(&given), "{given} of 16 MiB");
        let enough = host.get(&format!("/{guest}?mib=8")).await;
        assert_eq!(enough.pair(), (200, "8".into()));
    }
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum(super::FAILURES, &[]), 0.0);
    is_whole(&host).await;
}

#[tokio::test]
async fn a_guest_that_does_not_fit_into_its_memory_cannot_be_instantiated() {
    let settings = "[component.p2-hello.tool.weir]\nmemory = \"64KiB\"";
    let host = App::new()
        .guest("p2_hello", settings)
        .guest("p3_hello", "")
        .args(["--idle-instance-timeout", "50ms"])
        .start()
        .await;
    assert_eq!(host.get("/p2_hello").await.status, 500);
    failed(&host, "p2-hello", "instantiation", 1).await;
    host.logged(&["WARN", "p2-hello", "\"reason\":\"instantiation\""])
        .await;
    is_whole(&host).await;
}

#[tokio::test]
async fn a_trap_after_the_head_breaks_the_response_off() {
    let guests = ["p2_head_then_trap", "p3_head_then_trap"];
    let host = app(guests).start().await;
    for guest in guests {
        let component = guest.replace('_', "-");
        let mut wire = Wire::connect(&host).await;
        wire.get(&format!("/{guest}")).await;
        let rest = wire.rest().await;
        assert!(rest.starts_with("HTTP/1.1 200 "), "{rest}");
        assert!(!rest.ends_with("0\r\n\r\n"), "the client cannot tell");
        failed(&host, &component, "trap", 1).await;
        let labels = [
            ("component", component.as_str()),
            ("error_type", "trap"),
            ("http_response_status_code", "200"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_trap_behind_a_body_that_no_client_gets_is_counted_too() {
    let guests = ["p2_head_then_trap", "p3_head_then_trap"];
    let host = app(guests).start().await;
    for guest in guests {
        let component = guest.replace('_', "-");
        let head = host.request(reqwest::Method::HEAD, &format!("/{guest}"));
        assert_eq!(host.send(head).await.status, 200);
        failed(&host, &component, "trap", 1).await;
        has_lines(&host, guest, "trap", 1).await;
        let labels = [("component", component.as_str()), ("error_type", "trap")];
        let of_requests = host.metrics().await.sum(REQUESTS, &labels);
        assert_eq!(of_requests, 0.0, "the client got all that it asked for");
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn a_trap_is_no_want_of_memory_because_some_was_refused_before() {
    let host = App::new()
        .guest("p3_allocate", "")
        .config("[component.p3-allocate]\nmemory = \"16MiB\"\n")
        .start()
        .await;
    let lived = host.get("/p3_allocate?mib=64").await;
    assert_eq!(lived.status, 200);
    host.rests().await;
    assert_eq!(host.get("/p3_allocate?mib=1&trap=1").await.status, 500);
    failed(&host, "p3-allocate", "trap", 1).await;
    let created = host.metrics().await;
    let created = created.sum("weir_component_instances_created_total", &[]);
    assert_eq!(created, 1.0, "it was the same instance");
}
