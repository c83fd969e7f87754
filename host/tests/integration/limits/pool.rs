//! An instance pool that is full: who waits is given what becomes free, for as long as requests may
//! wait, and no more instances end for it than must.

use super::{REJECTED, app, is_whole};
use crate::harness::app::App;
use crate::harness::host::Host;
use futures_util::future::{join, join_all};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const CREATED: &str = "weir_component_instances_created_total";

async fn instances_are(host: &Host, state: &str, count: f64) {
    host.metric_is("weir_component_instances", &[("state", state)], count)
        .await;
}

/// So many requests are in flight.
async fn active(host: &Host, requests: usize) {
    let requests = requests as f64;
    host.metric_is("http_server_active_requests", &[], requests)
        .await;
}

/// A host with room for so many instances, whose requests may wait for long.
async fn blocking(instances: usize) -> Host {
    App::new()
        .guest("p3_block", "")
        .config(&format!(
            "instances = {instances}\n[limits]\nqueue_timeout = \"60s\"\n"
        ))
        .start()
        .await
}

/// A request that holds its instance for so many milliseconds; gives when it was answered.
fn block(host: &Host, milliseconds: u64) -> JoinHandle<Instant> {
    let request = host.request(
        reqwest::Method::GET,
        &format!("/p3_block?ms={milliseconds}"),
    );
    tokio::spawn(async move {
        assert_eq!(request.send().await.unwrap().status(), 200);
        Instant::now()
    })
}

#[tokio::test]
async fn who_waits_for_the_pool_waits_no_longer_than_in_the_queue() {
    let config = "instances = 2\n[limits]\nqueue_timeout = \"300ms\"\n";
    let host = app(["p2_sleep"]).config(config).start().await;
    let path = "/p2_sleep?ms=60000";
    let held = [(); 2].map(|()| tokio::spawn(host.request(reqwest::Method::GET, path).send()));
    instances_are(&host, "busy", 2.0).await;
    let began = Instant::now();
    let refused = host.get("/p3_hello").await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_eq!(refused.header("retry-after"), "1");
    assert!(refused.text().contains("no room"), "{refused:?}");
    // The component's own timeout is 30 s.
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(15));
    let labels = [("component", "p3-hello"), ("reason", "pool_exhausted")];
    host.metric_is(REJECTED, &labels, 1.0).await;
    held.iter().for_each(JoinHandle::abort);
    is_whole(&host).await;
}

#[tokio::test]
async fn a_queue_in_which_nobody_may_wait_keeps_no_request_from_an_instance() {
    let config = "[limits]\nqueue_timeout = \"0s\"\n";
    let host = app(["p2_sleep"]).config(config).start().await;
    // So many that some are not begun in the moment in which they are given to an instance.
    let answers = join_all((0..400).map(|number| {
        let path = ["/p3_hello", "/p2_sleep?ms=1"];
        host.get(path[number % 2])
    }));
    let statuses = answers.await.into_iter().map(|answer| answer.status);
    assert_eq!(statuses.filter(|status| *status != 200).count(), 0);
    is_whole(&host).await;
}

#[tokio::test]
async fn requests_that_wait_are_spread_over_the_instances() {
    let host = blocking(4).await;
    let ask = async || host.get("/p3_block?ms=1000").await.text();
    let first = join_all((0..4).map(|_| ask()));
    let second = async {
        instances_are(&host, "busy", 4.0).await;
        join_all((0..12).map(|_| ask())).await
    };
    let (first, second) = join(first, second).await;
    assert_eq!(first, ["1"; 4]);
    let most = second.iter().map(|number| number.parse::<u32>().unwrap());
    // Each serves four; one that is ahead of the others by a whole request may get another.
    assert!(most.max().unwrap() <= 5, "one has served most: {second:?}");
    // None was idle, and left for another.
    host.metric_is(CREATED, &[], 4.0).await;
}

#[tokio::test]
async fn a_request_does_not_wait_behind_one_that_holds_its_instance() {
    let host = blocking(2).await;
    let mut held = vec![block(&host, 2000), block(&host, 3000)];
    instances_are(&host, "busy", 2.0).await;
    // The first instance that is free gets its share of these, which is two of them.
    for (number, milliseconds) in [(3, 7000), (4, 1), (5, 2)] {
        held.push(block(&host, milliseconds));
        active(&host, number).await;
    }
    let ended = join_all(held).await;
    let ended: Vec<_> = ended.into_iter().map(Result::unwrap).collect();
    assert!(ended[3] < ended[2], "it waited for the long one");
    assert!(ended[4] < ended[2], "it waited for the long one");
}

#[tokio::test]
async fn an_instance_that_needs_a_place_ends_one_that_is_idle_and_no_more() {
    let guests = ["p3_hello", "p3_counter", "p3_readme"];
    let app = guests
        .iter()
        .fold(App::new(), |app, guest| app.guest(guest, ""));
    let host = app
        .guest("p3_sleep", "")
        .config("instances = 3\n")
        .start()
        .await;
    for guest in guests {
        assert_eq!(host.get(&format!("/{guest}/")).await.status, 200);
    }
    instances_are(&host, "idle", 3.0).await;
    assert_eq!(host.get("/p3_sleep?ms=1").await.status, 200);
    instances_are(&host, "idle", 3.0).await;
    host.metric_is(CREATED, &[], 4.0).await;
}
