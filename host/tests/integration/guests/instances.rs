//! How long an instance serves: one request, some, or as long as there are any.

use crate::harness::app::App;
use crate::harness::gate::Gate;
use crate::harness::host::{Answer, Host};
use reqwest::Method;

async fn start(guest: &str, settings: &str, args: &[&str]) -> Host {
    let id = guest.replace('_', "-");
    App::new()
        .guest(guest, &format!("[component.{id}.tool.weir]\n{settings}"))
        .args(args.iter().copied())
        .start()
        .await
}

/// What the counting guest answers to requests one after the other.
async fn counts(host: &Host, requests: usize) -> Vec<usize> {
    let mut counts = Vec::new();
    for _ in 0..requests {
        let answer = host.get("/p3_counter/").await;
        counts.push(answer.text().parse().unwrap());
    }
    counts
}

async fn created(host: &Host, instances: f64) {
    host.metric_is("weir_component_instances_created_total", &[], instances)
        .await;
}

#[tokio::test]
async fn an_instance_of_wasi_0_3_serves_many_requests_by_default() {
    let host = start("p3_counter", "", &[]).await;
    assert_eq!(counts(&host, 5).await, [1, 2, 3, 4, 5]);
    created(&host, 1.0).await;
}

#[tokio::test]
async fn an_instance_serves_as_many_requests_as_are_set() {
    let host = start("p3_counter", "instance_requests = 2", &[]).await;
    assert_eq!(counts(&host, 5).await, [1, 2, 1, 2, 1]);
    let host = start("p3_counter", "instance_requests = 1", &[]).await;
    assert_eq!(counts(&host, 3).await, [1, 1, 1]);
    created(&host, 3.0).await;
}

#[tokio::test]
async fn a_flag_sets_it_for_every_component() {
    let flag = ["--max-instance-reuse-count", "3"];
    let host = start("p3_counter", "instance_requests = 1", &flag).await;
    assert_eq!(counts(&host, 4).await, [1, 2, 3, 1]);
}

#[tokio::test]
async fn an_instance_of_wasi_0_2_serves_one_request_unless_more_are_set() {
    for (settings, instances) in [("", 6.0), ("instance_requests = 3", 2.0)] {
        let host = start("p2_hello", settings, &[]).await;
        for _ in 0..6 {
            assert_eq!(host.get("/p2_hello/").await.text(), "Hello");
            // An instance can be used again a moment after its answer has arrived.
            host.rests().await;
        }
        created(&host, instances).await;
    }
}

/// Sends six requests, each when the one before has asked on and waits; gives how many instances
/// were made.
async fn instances_for_six(guest: &str, settings: &str) -> f64 {
    let gate = Gate::start().await;
    let (id, origin) = (guest.replace('_', "-"), gate.origin());
    let allowed = format!("allowed_outbound_hosts = [\"{origin}\"]");
    let settings = format!("{allowed}\n[component.{id}.tool.weir]\n{settings}");
    let host = App::new().guest(guest, &settings).start().await;
    let path = format!("/{guest}/?url={origin}/");
    let (mut sent, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        let request = host.request(Method::GET, &path);
        sent.push(tokio::spawn(request.send()));
        asked.push(gate.asked().await);
    }
    for one in asked {
        one.answer(b"on").await;
    }
    for answer in sent {
        let answer = Answer::read(answer.await.unwrap().unwrap()).await;
        assert_eq!(answer.json()["body"], "on", "{answer:?}");
    }
    let metrics = host.metrics().await;
    metrics.sum("weir_component_instances_created_total", &[])
}

#[tokio::test]
async fn requests_share_an_instance_only_as_far_as_is_set() {
    let shared = instances_for_six("p3_outbound", "").await;
    assert!(shared <= 2.0, "{shared} instances");
    let alone = instances_for_six("p3_outbound", "instance_concurrency = 1").await;
    assert_eq!(alone, 6.0);
    let pairs = instances_for_six("p3_outbound", "instance_concurrency = 2").await;
    assert!((3.0..6.0).contains(&pairs), "{pairs} instances");
}

#[tokio::test]
async fn an_instance_of_wasi_0_2_is_never_shared() {
    let alone = instances_for_six("p2_outbound", "instance_requests = 100").await;
    assert_eq!(alone, 6.0);
}

#[tokio::test]
async fn an_idle_instance_is_kept_for_a_while_and_then_gone() {
    let host = start("p3_counter", "instance_idle_timeout = \"100ms\"", &[]).await;
    assert_eq!(counts(&host, 1).await, [1]);
    host.metric_is("weir_component_instances", &[], 0.0).await;
    host.metric_is("weir_component_memory_bytes", &[], 0.0)
        .await;
    assert_eq!(counts(&host, 1).await, [1], "a new one");
    let host = start("p3_counter", "", &[]).await;
    assert_eq!(counts(&host, 1).await, [1]);
    host.metric_is("weir_component_instances", &[("state", "idle")], 1.0)
        .await;
    let memory = host.metrics().await;
    assert!(memory.sum("weir_component_memory_bytes", &[]) > 0.0);
}
