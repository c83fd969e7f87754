//! The storage API.

use super::{app, counted};
use crate::harness::host::{Answer, Host};
use reqwest::Method;

async fn start() -> Host {
    app().start().await
}

async fn call(host: &Host, method: Method, path: &str, body: Vec<u8>) -> Answer {
    host.send(host.request(method, path).body(body)).await
}

#[tokio::test]
async fn a_bucket_is_written_read_and_removed() {
    let host = start().await;
    let put = call(
        &host,
        Method::PUT,
        "/api/buckets/1",
        b"\0bytes\xff".to_vec(),
    )
    .await;
    assert_eq!(put.pair(), (200, String::new()));
    let got = host.get("/api/buckets/1").await;
    assert_eq!(
        (got.status, got.body.as_slice()),
        (200, b"\0bytes\xff".as_slice())
    );
    assert_eq!(got.header("content-type"), "application/octet-stream");
    let overwritten = call(&host, Method::PUT, "/api/buckets/1", Vec::new()).await;
    assert_eq!(overwritten.status, 200);
    assert_eq!(
        host.get("/api/buckets/1").await.pair(),
        (200, String::new())
    );
    let removed = call(&host, Method::DELETE, "/api/buckets/1", Vec::new()).await;
    assert_eq!(removed.pair(), (204, String::new()));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_not_found() {
    let host = start().await;
    for method in [Method::GET, Method::DELETE] {
        let answer = call(&host, method, "/api/buckets/none", Vec::new()).await;
        assert_eq!(answer.pair(), (404, "{\"error\":\"not found\"}\n".into()));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let host = start().await;
    call(&host, Method::PUT, "/api/buckets/1", b"12345".to_vec()).await;
    let head = call(&host, Method::HEAD, "/api/buckets/1", Vec::new()).await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    assert_eq!(head.header("content-type"), "application/octet-stream");
    assert_eq!(
        call(&host, Method::HEAD, "/api/buckets/2", Vec::new())
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn options_and_other_methods_are_told_what_is_allowed() {
    let host = start().await;
    let options = call(&host, Method::OPTIONS, "/api/buckets/1", Vec::new()).await;
    assert!([200, 204].contains(&options.status));
    for method in ["PUT", "GET", "HEAD", "DELETE", "OPTIONS"] {
        assert!(options.header("allow").contains(method), "{options:?}");
    }
    for method in [Method::POST, Method::PATCH, Method::TRACE] {
        let answer = call(&host, method, "/api/buckets/1", Vec::new()).await;
        assert_eq!(answer.status, 405);
        assert!(answer.header("allow").contains("PUT"));
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn an_id_is_one_decoded_segment() {
    let host = start().await;
    call(
        &host,
        Method::PUT,
        "/api/buckets/a%20b?ignored=1",
        b"x".to_vec(),
    )
    .await;
    assert_eq!(
        host.get("/api/buckets/a%20b").await.pair(),
        (200, "x".into())
    );
    assert_eq!(
        host.get("/api/buckets").await.json()["ids"],
        serde_json::json!(["a b"])
    );
    for path in ["/api/buckets/a/b", "/api/buckets/a%2Fb"] {
        assert_eq!(
            call(&host, Method::PUT, path, b"x".to_vec()).await.status,
            404,
            "{path}"
        );
    }
    let long = format!("/api/buckets/{}", "i".repeat(256));
    assert_eq!(
        call(&host, Method::PUT, &long, b"x".to_vec()).await.status,
        400
    );
    assert_eq!(
        call(&host, Method::PUT, "/api/buckets/a%07", b"x".to_vec())
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_nothing_is_stored() {
    let limited = app().args(["--variable", "max_bucket_bytes=10"]);
    let host = limited.start().await;
    assert_eq!(
        call(&host, Method::PUT, "/api/buckets/1", vec![b'x'; 10])
            .await
            .status,
        200
    );
    assert_eq!(
        call(&host, Method::PUT, "/api/buckets/2", vec![b'x'; 11])
            .await
            .status,
        413
    );
    assert_eq!(host.get("/api/buckets/2").await.status, 404);
    // The host's own limit is above the service's.
    let large = call(&host, Method::PUT, "/api/buckets/2", vec![b'x'; 20 << 20]).await;
    assert_eq!(large.status, 413);
    assert_eq!(host.get("/api/buckets/2").await.status, 404);
}

#[tokio::test]
async fn a_body_without_a_declared_length_is_stored_whole() {
    let host = start().await;
    let parts = (0..100).map(|part| Ok::<_, std::io::Error>(format!("part {part};")));
    let whole: String = (0..100).map(|part| format!("part {part};")).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let put = host
        .send(host.request(Method::PUT, "/api/buckets/1").body(body))
        .await;
    assert_eq!(put.status, 200);
    assert_eq!(host.get("/api/buckets/1").await.text(), whole);
}

#[tokio::test]
async fn ids_are_listed_in_pages() {
    let host = start().await;
    for id in ["b", "a", "d", "c"] {
        call(
            &host,
            Method::PUT,
            &format!("/api/buckets/{id}"),
            b"x".to_vec(),
        )
        .await;
    }
    let first = host.get("/api/buckets?limit=3").await.json();
    assert_eq!(first["ids"], serde_json::json!(["a", "b", "c"]));
    let cursor = first["cursor"].as_str().unwrap();
    let rest = host
        .get(&format!("/api/buckets?limit=3&cursor={cursor}"))
        .await
        .json();
    assert_eq!(
        (&rest["ids"], &rest["cursor"]),
        (&serde_json::json!(["d"]), &serde_json::Value::Null)
    );
}

#[tokio::test]
async fn a_hundred_writers_lose_nothing() {
    let host = start().await;
    let write = |id: usize, to: String| {
        let host = &host;
        async move {
            let path = format!("/api/buckets/{to}");
            let body = format!("written by {id}").into_bytes();
            assert_eq!(call(host, Method::PUT, &path, body).await.status, 200);
        }
    };
    futures_util::future::join_all((0..100).map(|id| write(id, id.to_string()))).await;
    futures_util::future::join_all((0..100).map(|id| write(id, "same".into()))).await;
    for id in 0..100 {
        let read = host.get(&format!("/api/buckets/{id}")).await;
        assert_eq!(read.text(), format!("written by {id}"));
    }
    assert!(
        host.get("/api/buckets/same")
            .await
            .text()
            .starts_with("written by ")
    );
    let put = [
        ("http_request_method", "PUT"),
        ("http_response_status_code", "200"),
    ];
    host.metric_is("http_server_request_duration_seconds_count", &put, 200.0)
        .await;
    counted(&host, "storage-api", "buckets_written", 200).await;
}

#[tokio::test]
async fn buckets_are_there_after_a_restart() {
    let mut host = start().await;
    call(&host, Method::PUT, "/api/buckets/1", b"kept".to_vec()).await;
    let (status, _) = host.stop().await;
    assert!(status.success());
    let host = host.kill_and_restart().await;
    assert_eq!(
        host.get("/api/buckets/1").await.pair(),
        (200, "kept".into())
    );
}

/// Writers write until the process is killed; what was acknowledged is there afterwards. Twenty
/// times.
#[tokio::test]
async fn killed_while_writing_it_loses_nothing_that_was_acknowledged() {
    let mut host = start().await;
    for round in 0..20 {
        let acknowledged = write_until_killed(&host, round).await;
        host = host.kill_and_restart().await;
        assert!(!acknowledged.is_empty(), "round {round} wrote nothing");
        for id in acknowledged {
            assert_eq!(host.get(&format!("/api/buckets/{id}")).await.text(), id);
        }
    }
}

/// What had been acknowledged by the time that the host was killed.
async fn write_until_killed(host: &Host, round: usize) -> Vec<String> {
    let write = async |writer: usize| {
        let mut acknowledged = Vec::new();
        for count in 0.. {
            let id = format!("{round}-{writer}-{count}");
            let request = host.request(Method::PUT, &format!("/api/buckets/{id}"));
            match request.body(id.clone()).send().await {
                Ok(response) if response.status() == 200 => acknowledged.push(id),
                _ => break,
            }
            if writer == 0 && count == 5 + round {
                host.signal(rustix::process::Signal::KILL);
            }
        }
        acknowledged
    };
    let written = futures_util::future::join_all((0..8).map(write)).await;
    written.into_iter().flatten().collect()
}
