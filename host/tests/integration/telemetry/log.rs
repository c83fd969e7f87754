//! The log as a stream of lines: read to its end, or by nobody.

use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::Host;
use rustix::process::Signal;

/// Has the guest print 1000 lines.
async fn print(host: &Host) {
    let path = format!("/p3_stdio/?out={}", "x%0A".repeat(1000));
    assert_eq!(host.get(&path).await.status, 200);
}

/// Has the guest print until lines are dropped; nobody may read them.
pub(super) async fn flood(host: &Host) {
    eventually("a dropped line", async || {
        print(host).await;
        let metrics = host.metrics().await;
        (metrics.sum("weir_log_lines_dropped_total", &[]) > 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_neither_requests_nor_the_drain() {
    let mut host = App::new()
        .guest("p3_stdio", "")
        .guest("p3_hello", "")
        .with_unread_log()
        .start()
        .await;
    flood(&host).await;
    assert_eq!(host.get("/p3_hello").await.status, 200);
    assert_eq!(host.admin("/livez").await.status, 200);
    host.signal(Signal::TERM);
    let (status, _) = host.ended().await;
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn what_was_printed_is_written_before_the_end() {
    let mut host = App::new().guest("p3_stdio", "").start().await;
    for _ in 0..4 {
        print(&host).await;
    }
    let (status, log) = host.stop().await;
    assert!(status.success(), "{status}");
    let printed = log
        .lines()
        .filter(|line| line.contains("\"message\":\"x\""));
    assert_eq!(printed.count(), 4000);
}
