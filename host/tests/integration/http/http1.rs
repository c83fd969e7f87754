//! HTTP/1.1 as it comes over a connection.

use crate::harness::app::App;
use crate::harness::host::Host;
use crate::harness::wire::Wire;

async fn start() -> Host {
    App::new()
        .guest("p3_hello", "")
        .guest("p3_sleep", "")
        .guest("p3_echo_body", "")
        .start()
        .await
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let host = start().await;
    let mut wire = Wire::connect(&host).await;
    for _ in 0..100 {
        let answer = wire.ask("/p3_hello").await;
        assert_eq!((answer.status, answer.text()), (200, "Hello".into()));
        assert_eq!(answer.header("connection"), "");
    }
    let accepted = "weir_connections_accepted_total";
    assert_eq!(host.metrics().await.sum(accepted, &[]), 1.0);
    host.metric_is("weir_connections_active", &[], 1.0).await;
    wire.send("GET /p3_hello HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        .await;
    assert_eq!(wire.reply().await.header("connection"), "close");
    assert_eq!(wire.rest().await, "");
    host.metric_is("weir_connections_active", &[], 0.0).await;
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_their_order() {
    let host = start().await;
    let mut wire = Wire::connect(&host).await;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    let post = "POST /p3_echo_body HTTP/1.1\r\nhost: test\r\ncontent-length: 4\r\n\r\nbody";
    let parts = [
        get("/p3_sleep?ms=200"),
        post.to_owned(),
        get("/p3_hello"),
        get("/nowhere"),
    ];
    wire.send(parts.concat()).await;
    for expected in [(200, "Slept"), (200, "body"), (200, "Hello")] {
        let answer = wire.reply().await;
        assert_eq!((answer.status, &*answer.text()), expected);
    }
    assert_eq!(wire.reply().await.status, 404);
    assert_eq!(wire.ask("/p3_hello").await.status, 200);
}

#[tokio::test]
async fn http_1_0_is_answered_and_the_connection_closed() {
    let host = start().await;
    let mut wire = Wire::connect(&host).await;
    wire.send("GET /p3_hello HTTP/1.0\r\n\r\n").await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello"), "{answer}");
}

#[tokio::test]
async fn a_request_without_a_valid_host_or_length_is_refused() {
    let host = start().await;
    for (request, status) in [
        ("GET /p3_hello HTTP/1.1\r\nhost: two words\r\n\r\n", 400),
        ("GET /p3_hello HTTP/1.1\r\n\r\n", 400),
        ("GET http://test/p3_hello HTTP/1.1\r\n\r\n", 400),
        ("GET /nowhere HTTP/1.1\r\n\r\n", 400),
        (
            "GET /p3_hello HTTP/1.1\r\nhost: test\r\nhost: test\r\n\r\n",
            400,
        ),
        (
            "GET /p3_hello HTTP/1.0\r\nhost: test\r\nhost: other\r\n\r\n",
            400,
        ),
        (
            "POST /p3_hello HTTP/1.1\r\nhost: test\r\ncontent-length: many\r\n\r\n",
            400,
        ),
        (
            "POST /p3_hello HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            400,
        ),
        (
            "POST /p3_hello HTTP/1.1\r\nhost: test\r\ntransfer-encoding: gzip\r\n\r\n",
            400,
        ),
        ("GET /p3_hello HTTP/3.0\r\nhost: test\r\n\r\n", 400),
    ] {
        let mut wire = Wire::connect(&host).await;
        wire.send(request).await;
        assert_eq!(wire.reply().await.status, status, "{request}");
    }
    assert_eq!(host.get("/p3_hello").await.status, 200);
}
