//! A host that has no file descriptor left for another connection.

use super::{app, is_whole};
use crate::harness::wire::Wire;
use std::time::Instant;

#[tokio::test]
async fn when_descriptors_run_out_it_goes_on_and_accepts_again_afterwards() {
    let host = app([]).start().await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    let open = host.metrics().await.sum("process_open_fds", &[]);
    host.limit_open_files(open as u64 + 5);
    let began = Instant::now();
    let mut wires = Vec::new();
    for _ in 0..20 {
        wires.push(Wire::connect(&host).await);
    }
    let accept = [("reason", "accept")];
    let errors = host
        .metric_reaches("weir_connection_errors_total", &accept, 2.0)
        .await;
    let most = began.elapsed().as_secs_f64() / 0.2 + 1.0;
    assert!(errors <= most, "{errors} errors: it does not pause");
    host.logged(&["ERROR", "connections cannot be accepted"])
        .await;
    // Those that it has go on.
    assert_eq!(wires[0].ask("/p3_hello").await.status, 200);
    assert_eq!(host.admin("/livez").await.status, 200);
    drop(wires);
    let mut late = Wire::connect(&host).await;
    assert_eq!(late.ask("/p3_hello").await.status, 200);
    drop(late);
    is_whole(&host).await;
}
