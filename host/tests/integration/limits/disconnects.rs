//! Clients that go away before they have their answer.

use super::{FAILURES, REQUESTS, app, is_whole};
use crate::harness::gate::Gate;
use crate::harness::wire::Wire;

const CPU: &str = "weir_component_cpu_seconds_total";

#[tokio::test]
async fn work_for_a_client_that_has_left_is_ended() {
    let guests = [
        "p2_sleep",
        "p3_sleep",
        "p2_loop",
        "p3_loop",
        "p3_no_response",
    ];
    let host = app(guests).start().await;
    for guest in guests {
        let component = guest.replace('_', "-");
        let of_component = ("component", component.as_str());
        let mut wires = Vec::new();
        for _ in 0..3 {
            let mut wire = Wire::connect(&host).await;
            wire.get(&format!("/{guest}?ms=60000")).await;
            wires.push(wire);
        }
        host.metric_is("http_server_active_requests", &[of_component], 3.0)
            .await;
        drop(wires);
        host.rests().await;
        let labels = [of_component, ("error_type", "client_disconnect")];
        host.metric_is(REQUESTS, &labels, 3.0).await;
        let with_status = host
            .metrics()
            .await
            .values(REQUESTS, "http_response_status_code");
        assert_eq!(with_status, Vec::<String>::new(), "no head was sent");
    }
    assert_eq!(host.metrics().await.sum(FAILURES, &[]), 0.0);
    is_whole(&host).await;
}

#[tokio::test]
async fn a_response_whose_client_leaves_in_the_middle_is_ended() {
    let guests = ["p2_chunks", "p3_chunks"];
    let host = app(guests).start().await;
    for guest in guests {
        let component = guest.replace('_', "-");
        let mut wire = Wire::connect(&host).await;
        wire.get(&format!("/{guest}?n=1000&size=10&ms=100")).await;
        assert!(wire.head().await.starts_with("HTTP/1.1 200 "));
        assert_eq!(wire.chunk().await.len(), 10);
        drop(wire);
        host.rests().await;
        let labels = [
            ("component", component.as_str()),
            ("http_response_status_code", "200"),
            ("error_type", "client_disconnect"),
        ];
        host.metric_is(REQUESTS, &labels, 1.0).await;
    }
    is_whole(&host).await;
}

#[tokio::test]
async fn those_who_share_an_instance_with_a_client_that_left_are_answered() {
    let gate = Gate::start().await;
    let allowed = format!("allowed_outbound_hosts = [\"{}\"]", gate.origin());
    let host = app([]).guest("p3_outbound", &allowed).start().await;
    let path = format!("/p3_outbound/?url={}/", gate.origin());
    // One goes on for ever, the other wakes up after its client has left.
    let (mut leavers, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut leaver = Wire::connect(&host).await;
        leaver.get(&path).await;
        asked.push(gate.asked().await);
        leavers.push(leaver);
    }
    let leave = async {
        let stays = gate.asked().await;
        drop(leavers);
        host.metric_is(REQUESTS, &[("error_type", "client_disconnect")], 2.0)
            .await;
        let of_component = [("component", "p3-outbound")];
        let ran = host.metrics().await.sum(CPU, &of_component);
        asked.pop().unwrap().answer(b"late").await;
        host.metric_reaches(CPU, &of_component, ran + 1e-9).await;
        stays.answer(b"in time").await;
        let created = host.metrics().await;
        created.sum("weir_component_instances_created_total", &of_component)
    };
    let (stayed, created) = futures_util::future::join(host.get(&path), leave).await;
    assert_eq!(stayed.json()["body"], "in time", "{stayed:?}");
    assert_eq!(created, 1.0, "they shared one");
    drop(asked);
    is_whole(&host).await;
}
