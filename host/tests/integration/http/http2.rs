//! HTTP/2 by clients that know beforehand that the host speaks it.

use crate::harness::app::App;
use crate::harness::gate::Gate;
use crate::harness::host::{Answer, Host};
use crate::harness::wire::Wire;
use futures_util::future::join_all;
use reqwest::{Client, ClientBuilder, Version};

const REQUESTS: &str = "http_server_request_duration_seconds_count";

async fn start(config: &str) -> Host {
    ["p3_echo_body", "p3_sleep", "p3_chunks", "p2_chunks"]
        .into_iter()
        .fold(App::new(), |app, guest| app.guest(guest, ""))
        .config(config)
        .start()
        .await
}

fn builder() -> ClientBuilder {
    Client::builder().http2_prior_knowledge().no_proxy()
}

async fn get(client: &Client, host: &Host, path: &str) -> Answer {
    let url = format!("{}{path}", host.addresses[0]);
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.version(), Version::HTTP_2);
    Answer::read(response).await
}

#[tokio::test]
async fn many_streams_share_one_connection() {
    let host = start("").await;
    let client = builder().build().unwrap();
    assert_eq!(get(&client, &host, "/p3_sleep?ms=0").await.status, 200);
    let waiting = (0..600).map(|_| get(&client, &host, "/p3_sleep?ms=300"));
    let answers = join_all(waiting).await;
    assert!(answers.iter().all(|answer| answer.text() == "Slept"));
    let metrics = host.metrics().await;
    assert_eq!(metrics.sum("weir_connections_accepted_total", &[]), 1.0);
    host.metric_is(REQUESTS, &[("http_response_status_code", "200")], 601.0)
        .await;
}

#[tokio::test]
async fn bodies_go_both_ways() {
    let host = start("").await;
    let client = builder().build().unwrap();
    let body: Vec<u8> = (0..1 << 20).map(|number| (number % 251) as u8).collect();
    let echo = async || {
        let url = format!("{}/p3_echo_body", host.addresses[0]);
        let response = client.post(url).body(body.clone()).send().await.unwrap();
        Answer::read(response).await.body
    };
    for answer in join_all((0..8).map(|_| echo())).await {
        assert!(answer == body, "{} bytes", answer.len());
    }
}

#[tokio::test]
async fn a_stream_that_is_reset_ends_its_work_and_no_other() {
    let gate = Gate::start().await;
    let allowed = format!("allowed_outbound_hosts = [\"{}\"]", gate.origin());
    let host = App::new().guest("p3_outbound", &allowed).start().await;
    let client = builder().build().unwrap();
    let path = format!("/p3_outbound/?url={}/", gate.origin());
    let url = format!("{}{path}", host.addresses[0]);
    let left = tokio::spawn(client.get(url).send());
    let _never = gate.asked().await;
    let leave = async {
        let stays = gate.asked().await;
        left.abort();
        host.metric_is(REQUESTS, &[("error_type", "client_disconnect")], 1.0)
            .await;
        stays.answer(b"in time").await;
    };
    let stay = get(&client, &host, &path);
    let (stayed, ()) = futures_util::future::join(stay, leave).await;
    assert_eq!(stayed.json()["body"], "in time", "{stayed:?}");
    host.rests().await;
}

#[tokio::test]
async fn a_stream_whose_client_takes_nothing_is_given_up() {
    let host = start("[limits]\nwrite_timeout = \"500ms\"\n").await;
    let client = builder()
        .http2_initial_stream_window_size(65_535)
        .build()
        .unwrap();
    for guest in ["p2_chunks", "p3_chunks"] {
        let url = format!("{}/{guest}?n=100&size=65536&ms=0", host.addresses[0]);
        let unread = client.get(url).send().await.unwrap();
        assert_eq!(unread.status(), 200);
        host.rests().await;
        drop(unread);
    }
    let reason = [("reason", "write_timeout")];
    host.metric_is("weir_connection_errors_total", &reason, 2.0)
        .await;
}

#[tokio::test]
async fn a_connection_that_begins_http_2_and_goes_silent_is_closed() {
    let host = start("[limits]\nheader_timeout = \"500ms\"\n").await;
    let mut wire = Wire::connect(&host).await;
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    wire.rest().await;
    host.metric_is("weir_connections_active", &[], 0.0).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_and_counted() {
    let host = start("[limits]\nmax_header_bytes = \"8KiB\"\n").await;
    let client = builder().build().unwrap();
    let ask = async |path: &str, fields: usize, size: usize| {
        let url = format!("{}{path}", host.addresses[0]);
        let request = (0..fields).fold(client.get(url), |request, number| {
            request.header(format!("x-{number}"), "x".repeat(size))
        });
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("/p3_sleep?ms=0", 7, 1000).await, 200);
    assert_eq!(ask("/p3_sleep?ms=0", 20, 1000).await, 431);
    assert_eq!(ask("/p3_sleep?ms=0", 257, 1).await, 431);
    assert_eq!(ask("/nowhere", 20, 1000).await, 431);
    let refused = [
        ("error_type", "header_too_large"),
        ("http_response_status_code", "431"),
    ];
    host.metric_is(REQUESTS, &refused, 3.0).await;
    let rejected = [("component", "p3-sleep"), ("reason", "header_too_large")];
    host.metric_is("weir_requests_rejected_total", &rejected, 2.0)
        .await;
}

/// A stream that is opened by GET for `/` and reset at once.
fn opened_and_reset(stream: u32) -> Vec<u8> {
    let head = b"\x82\x86\x84\x41\x04test";
    let stream = stream.to_be_bytes();
    [
        &[0, 0, head.len() as u8, 1, 5][..],
        &stream,
        head,
        &[0, 0, 4, 3, 0],
        &stream,
        &[0, 0, 0, 8],
    ]
    .concat()
}

#[tokio::test]
async fn a_client_that_floods_with_resets_is_cut_off_and_counted() {
    let host = start("").await;
    let mut wire = Wire::connect(&host).await;
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await;
    let mut stream = 1;
    // It ends when the host takes no more.
    while stream < 1_000_000 {
        let flood: Vec<_> = (0..100)
            .flat_map(|n| opened_and_reset(stream + 2 * n))
            .collect();
        if wire.try_send(&flood).await.is_err() {
            break;
        }
        stream += 200;
    }
    assert!(stream < 1_000_000, "the host goes on");
    let labels = [("reason", "http2_error")];
    host.metric_is("weir_connection_errors_total", &labels, 1.0)
        .await;
}
