//! A drain that finishes everything.

use super::{app, begin_to_drain, in_flight, is_clean, refuses_connections, sleeper, start};
use crate::harness::host::Answer;
use crate::harness::wire::Wire;
use reqwest::Method;
use rustix::process::Signal;

#[tokio::test]
async fn readiness_turns_false_while_requests_are_still_served() {
    // Long enough for what follows on a busy machine; the second signal ends it.
    let mut host = start("delay = \"1h\"").await;
    assert_eq!(host.admin("/readyz").await.pair(), (200, "ok\n".into()));
    let mut kept = Wire::connect(&host).await;
    assert_eq!(kept.ask("/p3_hello").await.status, 200);
    begin_to_drain(&host).await;
    assert_eq!(
        host.admin("/readyz").await.pair(),
        (503, "draining\n".into())
    );
    let mut new = Wire::connect(&host).await;
    for wire in [&mut kept, &mut new] {
        let answer = wire.ask("/p3_hello").await;
        assert_eq!((answer.status, answer.text()), (200, "Hello".into()));
        assert_eq!(answer.header("connection"), "", "nothing closes yet");
    }
    host.signal(Signal::TERM);
    let (status, log) = host.ended().await;
    assert!(is_clean(status), "nothing was in flight: {status}\n{log}");
}

#[tokio::test]
async fn after_the_delay_nothing_new_comes_in_and_what_is_in_flight_is_answered() {
    let mut host = start("delay = \"300ms\"").await;
    let waiting = sleeper(&host, 4000).await;
    let mut idle = Wire::connect(&host).await;
    assert_eq!(idle.ask("/p3_hello").await.status, 200);
    in_flight(&host, 1.0).await;
    host.signal(Signal::TERM);
    refuses_connections(&host).await;
    assert_eq!(idle.rest().await, "", "a connection at rest is closed");
    let answer = waiting.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("Slept"), "{answer}");
    let (status, log) = host.ended().await;
    assert!(is_clean(status), "{log}");
    assert!(!log.contains("were cut"), "{log}");
    host.logged(&["\"stopped\"", "\"requests\":2"]).await;
}

#[tokio::test]
async fn a_request_whose_body_is_half_sent_is_answered() {
    let mut host = start("").await;
    let mut wire = Wire::connect(&host).await;
    wire.send("POST /p3_echo_body HTTP/1.1\r\nhost: test\r\ncontent-length: 8\r\n\r\nhalf")
        .await;
    in_flight(&host, 1.0).await;
    host.signal(Signal::TERM);
    refuses_connections(&host).await;
    wire.send("rest").await;
    let answer = wire.reply().await;
    assert_eq!((answer.status, answer.text()), (200, "halfrest".into()));
    assert_eq!(wire.rest().await, "", "the connection is closed");
    assert!(is_clean(host.ended().await.0));
}

#[tokio::test]
async fn a_response_that_streams_is_sent_to_its_end() {
    let mut host = start("").await;
    let request = host.request(Method::GET, "/p3_chunks?n=20&size=10&ms=100");
    let mut response = request.send().await.unwrap();
    assert_eq!(response.chunk().await.unwrap().unwrap(), "3333333333");
    host.signal(Signal::TERM);
    refuses_connections(&host).await;
    assert_eq!(Answer::read(response).await.body.len(), 190);
    assert!(is_clean(host.ended().await.0));
}

#[tokio::test]
async fn streams_of_http_2_are_finished_and_their_connection_closed() {
    let mut host = start("").await;
    let client = reqwest::Client::builder()
        .http2_prior_knowledge()
        .no_proxy();
    let client = client.build().unwrap();
    let url = format!("{}/p3_sleep?ms=3000", host.addresses[0]);
    let streams = (0..5).map(|_| client.get(&url).send());
    let streams = tokio::spawn(futures_util::future::join_all(streams));
    in_flight(&host, 5.0).await;
    host.signal(Signal::TERM);
    for response in streams.await.unwrap() {
        let answer = Answer::read(response.unwrap()).await;
        assert_eq!(answer.pair(), (200, "Slept".into()));
    }
    // The client is still there, and would use the connection again.
    assert!(is_clean(host.ended().await.0));
    assert!(client.get(&url).send().await.is_err());
}

#[tokio::test]
async fn an_interrupt_drains_as_a_termination_does() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut host = start("").await;
        let waiting = sleeper(&host, 2000).await;
        in_flight(&host, 1.0).await;
        host.signal(signal);
        assert!(waiting.await.unwrap().contains("Slept"), "{signal:?}");
        let (status, log) = host.ended().await;
        assert!(is_clean(status), "{log}");
        let name = if signal == Signal::INT {
            "SIGINT"
        } else {
            "SIGTERM"
        };
        assert!(log.contains(&format!("\"{name}\"")), "{log}");
    }
}

#[tokio::test]
async fn nothing_is_replaced_once_the_drain_has_begun() {
    let mut host = start("delay = \"1h\"").await;
    begin_to_drain(&host).await;
    let reload = host.client.post(format!("{}/reload", host.admin));
    let answer = host.send(reload.header("weir-admin", "1")).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.text().contains("draining"), "{answer:?}");
    host.signal(Signal::TERM);
    assert!(is_clean(host.ended().await.0));
}

#[tokio::test]
async fn what_guests_do_after_their_answers_is_finished() {
    for guest in ["p2_post_return", "p3_background"] {
        let mut host = app("").guest(guest, "").start().await;
        let answer = host.get(&format!("/{guest}?ms=2000")).await;
        assert_eq!(answer.pair(), (200, "Answered".into()));
        let (status, log) = host.stop().await;
        assert!(is_clean(status), "{log}");
        assert!(log.contains("done"), "{guest} was cut: {log}");
    }
}
