//! A host that has no file descriptor left for another connection, or few to begin with.

use super::{app, is_whole};
use crate::harness::host::client;
use crate::harness::wire::Wire;
use std::time::Instant;

const ACCEPTED: &str = "weir_connections_accepted_total";

#[tokio::test]
async fn when_descriptors_run_out_it_goes_on_and_accepts_again_afterwards() {
    let host = app([]).start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    let open = host.metrics().await.sum("process_open_fds", &[]);
    host.limit_open_files(open as u64 + 5);
    let began = Instant::now();
    let mut wires = Vec::new();
    for _ in 0..40 {
        wires.push(Wire::connect(&host).await);
    }
    let accept = [("reason", "accept")];
    host.metric_reaches("weir_connection_errors_total", &accept, 2.0)
        .await;
    // Connections that end meanwhile make room for one each, and end no pause.
    for _ in 0..20 {
        let accepted = host.metrics().await.sum(ACCEPTED, &[]);
        drop(wires.remove(1));
        host.metric_reaches(ACCEPTED, &[], accepted + 1.0).await;
    }
    let errors = host
        .metrics()
        .await
        .sum("weir_connection_errors_total", &accept);
    let most = began.elapsed().as_secs_f64() / 0.2 + 1.0;
    assert!(errors <= most, "{errors} errors: it does not pause");
    let line = ["ERROR", "connections cannot be accepted"];
    host.logged(&line).await;
    let lines = host.log_lines(&line).len();
    let most = began.elapsed().as_secs() + 1;
    assert!(lines as u64 <= most, "{lines} lines");
    // Those that it has go on.
    assert_eq!(wires[0].ask("/p3_hello").await.status, 200);
    assert_eq!(host.admin("/livez").await.status, 200);
    drop(wires);
    let mut late = Wire::connect(&host).await;
    assert_eq!(late.ask("/p3_hello").await.status, 200);
    drop(late);
    is_whole(&host).await;
}

#[tokio::test]
async fn as_many_descriptors_are_used_as_the_system_allows() {
    let host = app([]).open_files(256, 4096).start().await;
    let limit = host.metrics().await.sum("process_max_fds", &[]);
    assert_eq!(limit, 4096.0);
    host.logged(&["WARN", "max_connections", "2048 connections"])
        .await;
}

#[tokio::test]
async fn clients_that_take_all_connections_leave_descriptors_for_probes_and_metrics() {
    let host = app([]).open_files(256, 256).start().await;
    let mut wires = Vec::new();
    for _ in 0..300 {
        wires.push(Wire::connect(&host).await);
    }
    host.metric_is("weir_connections_active", &[], 128.0).await;
    // Each on a connection of its own.
    for path in ["/livez", "/readyz", "/metrics", "/status"] {
        let asked = client().get(format!("{}{path}", host.admin));
        assert_eq!(host.send(asked).await.status, 200, "{path}");
    }
    let errors = host.metrics().await;
    assert_eq!(errors.sum("weir_connection_errors_total", &[]), 0.0);
    assert_eq!(wires[0].ask("/p3_hello").await.status, 200);
    // Those that wait come in as soon as others leave.
    let mut last = wires.pop().unwrap();
    drop(wires);
    assert_eq!(last.ask("/p3_hello").await.status, 200);
    drop(last);
    is_whole(&host).await;
}
