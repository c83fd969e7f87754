//! More requests than may be in flight: some wait, the others are told to come again.

use super::{REJECTED, REQUESTS, app, is_whole};
use crate::harness::app::App;
use crate::harness::eventually;
use crate::harness::host::{Answer, Host};
use futures_util::future::join_all;
use std::cell::Cell;
use std::time::Instant;

const ONE: &str =
    "[component.p3-sleep]\nmax_in_flight = 1\n[component.p2-sleep]\nmax_in_flight = 1\n";

fn limited(config: &str) -> App {
    app(["p2_sleep", "p3_sleep"]).config(config)
}

fn is_turned_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds));
    assert!(answer.text().contains("too many requests"), "{answer:?}");
}

async fn rejected(host: &Host, component: &str, reason: &str, times: f64) {
    let of_component = ("component", component);
    host.metric_is(REJECTED, &[of_component, ("reason", reason)], times)
        .await;
    let labels = [
        of_component,
        ("error_type", reason),
        ("http_response_status_code", "503"),
    ];
    host.metric_is(REQUESTS, &labels, times).await;
}

/// A request that occupies `guest` until it is dropped.
async fn occupied(host: &Host, guest: &str) -> tokio::task::JoinHandle<()> {
    let request = host.request(reqwest::Method::GET, &format!("/{guest}?ms=60000"));
    let held = tokio::spawn(async move {
        let _ = request.send().await;
    });
    let component = guest.replace('_', "-");
    let busy = [("component", component.as_str()), ("state", "busy")];
    host.metric_is("weir_component_instances", &busy, 1.0).await;
    held
}

#[tokio::test]
async fn beyond_the_limit_and_the_queue_a_request_is_refused_at_once() {
    let config = format!("{ONE}[limits]\nqueue_length = 0\n");
    let host = limited(&config).start().await;
    for guest in ["p2_sleep", "p3_sleep"] {
        let component = guest.replace('_', "-");
        let held = occupied(&host, guest).await;
        for times in 1..=3 {
            is_turned_away(&host.get(&format!("/{guest}?ms=0")).await);
            rejected(&host, &component, "queue_full", f64::from(times)).await;
        }
        assert_eq!(host.get("/p3_hello").await.status, 200, "another component");
        held.abort();
        host.rests().await;
        assert_eq!(host.get(&format!("/{guest}?ms=0")).await.status, 200);
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn who_waits_for_too_long_is_refused() {
    let config = format!("{ONE}[limits]\nqueue_timeout = \"300ms\"\n");
    let host = limited(&config).start().await;
    let held = occupied(&host, "p3_sleep").await;
    let waiting = (0..5).map(|_| host.get("/p3_sleep?ms=0"));
    for answer in join_all(waiting).await {
        is_turned_away(&answer);
    }
    rejected(&host, "p3-sleep", "queue_timeout", 5.0).await;
    held.abort();
    is_whole(&host).await;
}

#[tokio::test]
async fn those_in_the_queue_are_answered_and_those_beyond_it_are_not() {
    let config = format!("{ONE}[limits]\nqueue_length = 5\nqueue_timeout = \"60s\"\n");
    let host = limited(&config).start().await;
    let held = occupied(&host, "p3_sleep").await;
    let asking = (0..20).map(|_| host.get("/p3_sleep?ms=1"));
    let release = async {
        rejected(&host, "p3-sleep", "queue_full", 15.0).await;
        let of_component = [("component", "p3-sleep")];
        host.metric_is("weir_requests_queued", &of_component, 5.0)
            .await;
        held.abort();
    };
    let (answers, ()) = futures_util::future::join(join_all(asking), release).await;
    let answered = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(answered.count(), 5);
    answers
        .iter()
        .filter(|answer| answer.status != 200)
        .for_each(is_turned_away);
    is_whole(&host).await;
}

#[tokio::test]
async fn the_host_as_a_whole_has_a_limit_too() {
    let config = "[limits]\nmax_in_flight = 2\nqueue_length = 0\n";
    let host = limited(config).start().await;
    let held = [
        occupied(&host, "p2_sleep").await,
        occupied(&host, "p3_sleep").await,
    ];
    is_turned_away(&host.get("/p3_hello").await);
    rejected(&host, "p3-hello", "queue_full", 1.0).await;
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum("weir_host_capacity", &[]), 2.0);
    let of_component = [("component", "p3-hello")];
    assert_eq!(metrics.sum("weir_component_capacity", &of_component), 2.0);
    assert_eq!(host.admin("/readyz").await.status, 200);
    held.iter().for_each(tokio::task::JoinHandle::abort);
    is_whole(&host).await;
}

#[tokio::test]
async fn requests_beyond_the_pool_wait_for_a_place_and_are_answered() {
    let config = "instances = 4\n[limits]\nqueue_timeout = \"60s\"\n";
    let host = limited(config).start().await;
    let asking = (0..60).map(|number| {
        let path = ["/p2_sleep?ms=20", "/p3_sleep?ms=20", "/p3_hello"];
        host.get(path[number % 3])
    });
    let answers = join_all(asking).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum(REJECTED, &[]), 0.0);
    let memories = [("resource", "memories")];
    assert_eq!(metrics.sum("weir_pool_limit", &memories), 4.0);
    is_whole(&host).await;
}

#[tokio::test]
async fn requests_that_are_turned_away_do_not_flood_the_log() {
    let config = format!("{ONE}[limits]\nqueue_length = 0\n");
    let host = limited(&config).start().await;
    let _held = occupied(&host, "p3_sleep").await;
    let began = Instant::now();
    let refused = Cell::new(0);
    let told = eventually("a line that tells of others", async || {
        is_turned_away(&host.get("/p3_sleep?ms=0").await);
        refused.set(refused.get() + 1);
        let lines = host.log_lines(&["WARN", "\"queue_full\"", "\"p3-sleep\""]);
        lines
            .iter()
            .any(|line| suppressed(line) > 0)
            .then_some(lines)
    })
    .await;
    let refused = refused.get();
    let most = began.elapsed().as_secs() + 1;
    assert!(told.len() as u64 <= most, "{refused} requests: {told:#?}");
    let suppressed: usize = told.iter().map(|line| suppressed(line)).sum();
    assert!(
        told.len() + suppressed <= refused,
        "{refused} requests: {told:#?}"
    );
}

fn suppressed(line: &str) -> usize {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    usize::try_from(line["suppressed"].as_u64().unwrap()).unwrap()
}
