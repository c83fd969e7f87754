//! What any deployment of the storage API answers, one host or several. Each check begins with no
//! buckets.

use crate::harness::host::{Answer, Host};
use reqwest::Method;

pub(crate) async fn call(host: &Host, method: Method, path: &str, body: Vec<u8>) -> Answer {
    host.send(host.request(method, path).body(body)).await
}

pub(crate) async fn a_bucket_is_written_read_and_removed(host: &Host) {
    let put = call(host, Method::PUT, "/api/buckets/1", b"\0bytes\xff".to_vec()).await;
    assert_eq!(put.pair(), (200, String::new()));
    let got = host.get("/api/buckets/1").await;
    assert_eq!(
        (got.status, got.body.as_slice()),
        (200, b"\0bytes\xff".as_slice())
    );
    assert_eq!(got.header("content-type"), "application/octet-stream");
    let overwritten = call(host, Method::PUT, "/api/buckets/1", Vec::new()).await;
    assert_eq!(overwritten.status, 200);
    assert_eq!(
        host.get("/api/buckets/1").await.pair(),
        (200, String::new())
    );
    let removed = call(host, Method::DELETE, "/api/buckets/1", Vec::new()).await;
    assert_eq!(removed.pair(), (204, String::new()));
}

pub(crate) async fn a_bucket_that_is_not_there_is_not_found(host: &Host) {
    for method in [Method::GET, Method::DELETE] {
        let answer = call(host, method, "/api/buckets/none", Vec::new()).await;
        assert_eq!(answer.pair(), (404, "{\"error\":\"not found\"}\n".into()));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

pub(crate) async fn head_answers_as_get_without_the_body(host: &Host) {
    call(host, Method::PUT, "/api/buckets/1", b"12345".to_vec()).await;
    let head = call(host, Method::HEAD, "/api/buckets/1", Vec::new()).await;
    assert_eq!((head.status, head.header("content-length")), (200, "5"));
    assert_eq!(head.header("content-type"), "application/octet-stream");
    assert_eq!(
        call(host, Method::HEAD, "/api/buckets/2", Vec::new())
            .await
            .status,
        404
    );
}

pub(crate) async fn options_and_other_methods_are_told_what_is_allowed(host: &Host) {
    let options = call(host, Method::OPTIONS, "/api/buckets/1", Vec::new()).await;
    assert!([200, 204].contains(&options.status));
    for method in ["PUT", "GET", "HEAD", "DELETE", "OPTIONS"] {
        assert!(options.header("allow").contains(method), "{options:?}");
    }
    for method in [Method::POST, Method::PATCH, Method::TRACE] {
        let answer = call(host, method, "/api/buckets/1", Vec::new()).await;
        assert_eq!(answer.status, 405);
        assert!(answer.header("allow").contains("PUT"));
        assert!(answer.json()["error"].is_string());
    }
}

pub(crate) async fn an_id_is_one_decoded_segment(host: &Host) {
    call(
        host,
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
            call(host, Method::PUT, path, b"x".to_vec()).await.status,
            404,
            "{path}"
        );
    }
    let long = format!("/api/buckets/{}", "i".repeat(256));
    assert_eq!(
        call(host, Method::PUT, &long, b"x".to_vec()).await.status,
        400
    );
    assert_eq!(
        call(host, Method::PUT, "/api/buckets/a%07", b"x".to_vec())
            .await
            .status,
        400
    );
}

pub(crate) async fn a_body_without_a_declared_length_is_stored_whole(host: &Host) {
    let parts = (0..100).map(|part| Ok::<_, std::io::Error>(format!("part {part};")));
    let whole: String = (0..100).map(|part| format!("part {part};")).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    let put = host
        .send(host.request(Method::PUT, "/api/buckets/1").body(body))
        .await;
    assert_eq!(put.status, 200);
    assert_eq!(host.get("/api/buckets/1").await.text(), whole);
}

pub(crate) async fn ids_are_listed_in_pages(host: &Host) {
    for id in ["b", "a", "d", "c"] {
        call(
            host,
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
