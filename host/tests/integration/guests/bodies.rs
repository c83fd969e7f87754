//! Bodies, which pass through the host as they come and are never held whole.

use crate::harness::app::App;
use crate::harness::host::{Answer, Host};
use crate::harness::metrics::Metrics;
use futures_util::{StreamExt as _, stream};
use reqwest::{Body, Method, Response};
use std::io;
use std::time::Duration;
use tokio::sync::mpsc;

const ECHOES: [&str; 2] = ["p2_echo_body", "p3_echo_body"];
const MIB: usize = 1 << 20;

/// Both guests that send bodies back, with these settings.
async fn start(settings: &str) -> Host {
    let app = ECHOES.iter().fold(App::new(), |app, guest| {
        let id = guest.replace('_', "-");
        app.guest(guest, &format!("[component.{id}.tool.weir]\n{settings}"))
    });
    app.start().await
}

/// A body whose parts are sent when the test says so.
fn body() -> (mpsc::Sender<Vec<u8>>, Body) {
    let (sender, receiver) = mpsc::channel::<Vec<u8>>(1);
    let parts = stream::unfold(receiver, async |mut receiver| {
        let part = receiver.recv().await?;
        Some((Ok::<_, io::Error>(part), receiver))
    });
    (sender, Body::wrap_stream(parts))
}

#[tokio::test]
async fn a_body_comes_back_as_it_was_sent() {
    let host = start("").await;
    for guest in ECHOES {
        let path = format!("/{guest}/");
        for size in [0, 1, 4096, 65_537, 3 * MIB] {
            let sent: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
            let request = host.request(Method::POST, &path).body(sent.clone());
            let answer = host.send(request).await;
            assert_eq!(answer.status, 200);
            assert!(answer.body == sent, "{guest}, {size} bytes");
        }
    }
}

#[tokio::test]
async fn each_part_comes_back_before_the_next_is_sent() {
    let host = start("").await;
    for guest in ECHOES {
        let (parts, body) = body();
        let request = host.request(Method::POST, &format!("/{guest}/"));
        let first = async { parts.send(b"first".to_vec()).await.unwrap() };
        let (response, ()) = tokio::join!(request.body(body).send(), first);
        let mut response = response.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "first");
        for part in ["second", "third"] {
            parts.send(part.into()).await.unwrap();
            assert_eq!(response.chunk().await.unwrap().unwrap(), part);
        }
        drop(parts);
        assert_eq!(response.chunk().await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_a_guest_sends_arrives_before_it_sends_more() {
    let host = App::new()
        .guest("p2_chunks", "")
        .guest("p3_chunks", "")
        .start()
        .await;
    for (guest, part) in [("p2_chunks", "22222"), ("p3_chunks", "33333")] {
        // It would take a day to send all of it.
        let path = format!("/{guest}/?n=1000000&size=5&ms=100");
        let mut response = host.request(Method::GET, &path).send().await.unwrap();
        for _ in 0..3 {
            assert_eq!(response.chunk().await.unwrap().unwrap(), part);
        }
        drop(response);
        let labels = [
            ("http_route", &*format!("/{guest}/...")),
            ("error_type", "client_disconnect"),
        ];
        let name = "http_server_request_duration_seconds_count";
        host.metric_is(name, &labels, 1.0).await;
    }
    host.metric_is("weir_component_instances", &[("state", "busy")], 0.0)
        .await;
}

#[tokio::test]
async fn who_reads_nothing_is_soon_not_read_either() {
    let host = start("max_request_body = \"256MiB\"").await;
    for guest in ECHOES {
        let (parts, body) = body();
        let request = host.request(Method::POST, &format!("/{guest}/"));
        let first = async { parts.send(vec![0; MIB]).await.unwrap() };
        let (response, ()) = tokio::join!(request.body(body).send(), first);
        let mut sent = MIB;
        // More than lies in the buffers of the two connections on their way.
        while sent < 128 * MIB {
            let part = parts.send(vec![0; MIB]);
            match tokio::time::timeout(Duration::from_secs(2), part).await {
                Ok(taken) => taken.unwrap(),
                Err(_elapsed) => break,
            }
            sent += MIB;
        }
        assert!(sent < 128 * MIB, "{guest}: the host keeps {sent} bytes");
        drop(parts);
        let answer = Answer::read(response.unwrap()).await;
        assert_eq!(answer.body.len(), sent, "and nothing is lost");
    }
}

fn resident(metrics: &Metrics) -> f64 {
    metrics.sum("process_resident_memory_bytes", &[])
}

/// Sends 64 MiB and reads what comes back; gives the most memory that the host had meanwhile.
async fn echo_64_mib(host: &Host, guest: &str) -> f64 {
    let parts = (0..64).map(|n| Ok::<_, io::Error>(vec![n; MIB]));
    let body = Body::wrap_stream(stream::iter(parts));
    let request = host.request(Method::POST, &format!("/{guest}/"));
    let response: Response = request.body(body).send().await.unwrap();
    let mut most = 0.0_f64;
    let mut received = 0;
    let mut next_look = 0;
    let mut stream = response.bytes_stream();
    while let Some(part) = stream.next().await {
        for byte in &part.unwrap() {
            assert_eq!(usize::from(*byte), received / MIB);
            received += 1;
        }
        if received >= next_look {
            most = most.max(resident(&host.metrics().await));
            next_look += 4 * MIB;
        }
    }
    assert_eq!(received, 64 * MIB);
    most
}

#[tokio::test]
async fn a_large_body_passes_in_bounded_memory() {
    let host = start("max_request_body = \"64MiB\"").await;
    for guest in ECHOES {
        // So that what an instance takes is there before.
        let request = host.request(Method::POST, &format!("/{guest}/"));
        host.send(request.body(vec![0; MIB])).await;
        let before = resident(&host.metrics().await);
        let most = echo_64_mib(&host, guest).await;
        let grown = (most - before) / MIB as f64;
        assert!(grown < 24.0, "{guest}: {grown} MiB more for a body of 64");
    }
    host.metric_is(
        "http_server_request_body_size_bytes_sum",
        &[],
        130.0 * MIB as f64,
    )
    .await;
    host.metric_is(
        "http_server_response_body_size_bytes_sum",
        &[],
        130.0 * MIB as f64,
    )
    .await;
}
